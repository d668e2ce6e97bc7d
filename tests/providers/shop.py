"""A shop whose webhooks we may lose, the providers' doubles beside it, and the tables it ends in."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from demo.deliveries import DemoDelivery
from events.append import append_all
from events.envelope import NewEvent
from events.statements import AnyConnection
from handlers.plan_files import default_plans
from handlers.plans import publish_plans
from projections.runner import Runner
from providers.reconcile.rate_limit import RateLimit
from providers.reconcile.stripe_api import StripeApi
from service.unsigned_events import fetched_stripe_event
from service.wiring import projector_connection
from tests.doubles.http import Double
from tests.doubles.stripe import KEY
from webhooks.clerk.envelope import clerk_event
from webhooks.stripe.envelope import stripe_event
from webhooks.verification import Secret, Verified

Rows = dict[str, list[dict[str, Any]]]  # Any: one type a column

TABLES = ("users", "user_subscriptions", "user_billing", "user_usage", "user_system_data")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def service(conninfo: str) -> Iterator[AnyConnection]:
    """A connection as the scheduler gives it: autocommit, the service's rights."""
    with closing(psycopg.connect(conninfo, autocommit=True, options="-c role=tenure_app")) as conn:
        yield conn


class Watch:
    """A clock that moves when told, and whose sleep is to move."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.at

    def tick(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


def stripe_api(double: Double, watch: Watch, **options: Any) -> StripeApi:  # Any: StripeApi's own
    pace = RateLimit(tick=watch.tick, sleep=watch.sleep)
    return StripeApi(KEY, base=double.url, clock=watch, pace=pace, **options)


def receive(conn: AnyConnection, deliveries: Iterable[DemoDelivery]) -> None:
    """As the doors file them, signatures being checked elsewhere."""
    with conn.transaction():
        append_all(conn, [received(delivery) for delivery in deliveries])


def received(delivery: DemoDelivery) -> NewEvent:
    secret = Secret(0, "f" * 12, b"")
    verified = Verified(secret, delivery.occurred_at, "signed", message_id=delivery.message_id)
    envelope = stripe_event if delivery.provider == "stripe" else clerk_event
    return envelope(delivery.event, delivery.body.decode(), verified)


def publish(conn: AnyConnection) -> None:
    with conn.transaction():
        publish_plans(conn, default_plans(), now=BEGAN, actor="tests")


def project(conninfo: str) -> None:
    Runner(lambda: projector_connection(conninfo)).drain()


def tables(conn: AnyConnection) -> Rows:
    """Every row of the five tables, every column."""
    rows: Rows = {}
    for table in TABLES:
        key = "id" if table == "users" else "user_id"
        with conn.cursor(row_factory=dict_row) as cursor:
            query = f"SELECT to_jsonb(t) AS row FROM {table} t ORDER BY {key}"
            rows[table] = [row["row"] for row in cursor.execute(query.encode()).fetchall()]
    return rows


envelope = fetched_stripe_event
