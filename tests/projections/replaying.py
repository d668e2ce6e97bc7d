"""Worlds for replay tests: a log filled through append, projected live, and looked at."""

from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg import sql

from database.pool import connect
from demo.deliveries import DemoDelivery
from demo.history import make_world
from events.append import append_all
from events.envelope import NewEvent
from projections.replay import Options
from projections.replay.tables import REBUILT
from projections.runner import Runner
from tests.projections import event_builders
from webhooks.clerk.envelope import clerk_event
from webhooks.stripe.envelope import stripe_event
from webhooks.verification import Secret, Verified

PATIENCE_S = 60
Rows = dict[str, list[tuple[Any, ...]]]  # Any: column values


def plans() -> list[NewEvent]:
    return [
        event_builders.published("free", campaigns=1, creators=10),
        event_builders.published("glow_up", campaigns=5, monthly="price_glow_up_monthly"),
    ]


def as_event(delivery: DemoDelivery) -> NewEvent:
    """The delivery as its door would file it."""
    file = stripe_event if delivery.provider == "stripe" else clerk_event
    secret = Secret(0, "0" * 12, b"test")
    verified = Verified(secret, event_builders.instant(0), "t=0", delivery.message_id)
    return file(delivery.event, delivery.body.decode(), verified)


def tell(conninfo: str, events: list[NewEvent]) -> None:
    """Into the log, in order, hundreds to a transaction."""
    with connect(conninfo, application_name="test") as conn:
        for start in range(0, len(events), 500):
            append_all(conn, events[start : start + 500])
            conn.commit()


def shop(users: int = 12, seed: int = 3) -> list[NewEvent]:
    """A shop's plans and the months of a few people."""
    return plans() + [as_event(delivery) for delivery in make_world(seed, users, days=60).deliveries]


def project(conninfo: str) -> None:
    Runner(lambda: psycopg.connect(conninfo, autocommit=True)).drain()


def options(work_dir: Path, **changed: Any) -> Options:  # Any: as Options
    """Small pieces, so that a small log has many."""
    usual: dict[str, Any] = {"workers": 1, "range_pages": 16, "bucket_events": 100}
    return Options(work_dir=work_dir, **usual | changed)


def tables(conninfo: str, schema: str = "public") -> Rows:
    """Every projected row, states as their bytes, but for what differs by chance or by the clock."""
    rows: Rows = {}
    with psycopg.connect(conninfo) as conn:
        conn.execute("SET timezone = 'UTC'")
        for table in sorted({*REBUILT} - {"projection_digests"}):
            state = ", t.state::text" if table == "projection_states" else ""
            query = sql.SQL(
                f"SELECT to_jsonb(t) - 'state' - 'moved_at'{state} FROM {{}} t ORDER BY 1"
            ).format(sql.Identifier(schema, table))
            rows[table] = conn.execute(query).fetchall()
    return rows


def wait_until_free(conninfo: str) -> None:
    """The killed process's sessions are gone: its workers die with it."""
    until = monotonic() + PATIENCE_S
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE application_name = 'tenure-replay' AND datname = current_database()"
    )
    with psycopg.connect(conninfo, autocommit=True) as conn:
        while conn.execute(query).fetchone() != (0,):
            assert monotonic() < until
            sleep(0.02)
