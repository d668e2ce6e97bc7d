"""A small shop in a database: what providers and people said, out of order and some twice."""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from database.pool import connect
from demo.deliveries import DemoDelivery
from demo.history import make_world
from demo.sender import disordered
from demo.world import DemoWorld
from events.append import append, keep_unreadable
from events.domain import user_event
from events.domain.user import OnboardingCompleted, PlanSelected, UsageRecorded
from events.envelope import Appended, NewEvent
from events.seals.keys import SigningKey, parse_signing_keys
from events.statements import AnyConnection
from handlers.configuration import set_value
from handlers.delivery_counts import DeliveryCounts
from handlers.plans import publish_default_plans
from handlers.sealer import Sealer
from jobs.queue import enqueue
from projections.projector import Projector
from webhooks.clerk.envelope import clerk_event
from webhooks.stripe.envelope import stripe_event
from webhooks.verification import Secret, Verified

HOSTILE_ID = "user_2hostile"
HOSTILE_NAME = "<script>window.hacked=1</script>"
HOSTILE_EMAIL = "\"><img src=x onerror='window.hacked=2'>@example.com"
POISONED_ID = "user_2poisoned"
STRANGER = "cus_Stranger01"


def fill(conninfo: str, *, users: int = 14, days: int = 120, seed: int = 7) -> DemoWorld:
    """Everything, projected. The world ends today, since the log's own clock is the real one."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    world = make_world(seed, users, start=today - timedelta(days=days), days=days)
    counts = DeliveryCounts(lambda: connect(conninfo, application_name="test"), lambda: datetime.now(UTC))
    with closing(connect(conninfo, application_name="test")) as conn:
        publish_default_plans(conn)
        for delivery in disordered(world.deliveries, seed=seed, twice=0.05):
            appended = append(conn, _event(delivery))
            counts.note(delivery.provider, appended.outcome, appended.id)
        conn.commit()
        for event in [*_own(world), *hostile(), *_strangers(world, today)]:
            append(conn, event)
        _doubtful(conn, world, counts)
        conn.commit()
        counts.note("stripe", "refused", None)
        counts.flush()
        project(conn)
        _work(conn)
        conn.commit()
        project(conn)
    sign(conninfo)
    return world


def keys_of(origin: str) -> Sequence[SigningKey]:
    """The shop's signing key: the same one each time."""
    return parse_signing_keys(base64.b64encode(bytes(range(32))).decode(), name=origin)


def sign(conninfo: str) -> None:
    """Seal everything and sign it."""

    @contextmanager
    def lent() -> Iterator[AnyConnection]:
        with closing(connect(conninfo, application_name="test")) as conn:
            yield conn
            conn.commit()

    Sealer(lent, keys_of=keys_of, clock=lambda: datetime.now(UTC)).run()


def project(conn: AnyConnection) -> None:
    """Everything there is, into the tables."""
    while Projector().project(conn, parts=64, limit=1000).events:
        conn.commit()
    conn.commit()


def clerk_user(user_id: str, *, email: str, name: str, at: datetime, key: str) -> NewEvent:
    """Clerk says a user exists."""
    data: dict[str, Any] = {  # Any: JSON
        "id": user_id,
        "object": "user",
        "first_name": name,
        "last_name": None,
        "primary_email_address_id": "idn_1",
        "email_addresses": [{"id": "idn_1", "email_address": email}],
        "created_at": round(at.timestamp() * 1000),
        "updated_at": round(at.timestamp() * 1000),
    }
    body = {"object": "event", "type": "user.created", "data": data}
    return clerk_event(body, json.dumps(body), _verified(key))


def hostile() -> list[NewEvent]:
    """Somebody whose name and address are markup, and a body that is full of it."""
    at = datetime.now(UTC) - timedelta(days=3)
    return [
        clerk_user(HOSTILE_ID, email=HOSTILE_EMAIL, name=HOSTILE_NAME, at=at, key="msg_2hostile"),
        clerk_user(POISONED_ID, email="poisoned@example.com", name="Poe", at=at, key="msg_2poisoned"),
        _poison(at + timedelta(days=1)),
    ]


def _poison(at: datetime) -> NewEvent:
    body = {
        "object": "event",
        "type": "user.updated",
        "data": {
            "id": POISONED_ID,
            "object": "user",
            "updated_at": round(at.timestamp() * 1000),
            "first_name": 7,
        },
    }
    return clerk_event(body, json.dumps(body), _verified("msg_2poison"))


def _event(delivery: DemoDelivery) -> NewEvent:
    make = stripe_event if delivery.provider == "stripe" else clerk_event
    return make(delivery.event, delivery.body.decode(), _verified(delivery.message_id))


def _own(world: DemoWorld) -> Iterable[NewEvent]:
    for number, person in enumerate(world.people[:6]):
        at = datetime.now(UTC) - timedelta(days=9, hours=number)
        facts = (
            OnboardingCompleted(),
            PlanSelected(plan_key="viral_surge"),
            UsageRecorded(metric="creators", quantity=30 + 200 * number),
            UsageRecorded(metric="enrichments", quantity=11),
        )
        for step, fact in enumerate(facts):
            yield user_event(
                fact,
                user_id=person.user_id,
                now=at + timedelta(minutes=step),
                idempotency_key=f"test:{person.user_id}:{step}",
                actor="token:the platform",
                reason="they asked <for> it" if step == 1 else None,
            )


def _strangers(world: DemoWorld, today: datetime) -> list[NewEvent]:
    """A customer nobody claims, with an address somebody has."""
    created = int((today - timedelta(days=2)).timestamp())
    customer = {
        "id": STRANGER,
        "object": "customer",
        "email": world.people[0].email.upper(),
        "name": "A Stranger",
    }
    body: dict[str, Any] = {  # Any: JSON
        "id": "evt_stranger",
        "object": "event",
        "type": "customer.created",
        "created": created,
        "livemode": True,
        "data": {"object": customer | {"metadata": {}, "address": None, "invoice_settings": {}}},
    }
    return [stripe_event(body, json.dumps(body), _verified("evt_stranger"))]


def _doubtful(conn: AnyConnection, world: DemoWorld, counts: DeliveryCounts) -> Appended:
    first = next(delivery for delivery in world.deliveries if delivery.provider == "stripe")
    other = first.event | {
        "data": {"object": {"id": "cus_other", "note": "</pre><script>window.hacked=3</script>"}}
    }
    appended = append(conn, stripe_event({**first.event}, json.dumps(other), _verified(first.message_id)))
    counts.note("stripe", appended.outcome, appended.id)
    keep_unreadable(
        conn, source_system="clerk", body=b"\xff<b>", reason="bytes that are not UTF-8", metadata={}
    )
    counts.note("clerk", "unreadable", None)
    return appended


def _work(conn: AnyConnection) -> None:
    """Jobs in several states, a value that was set, a log level."""
    now = datetime.now(UTC)
    enqueue(conn, "send_email", {"user_id": HOSTILE_ID, "occasion": "<i>trial</i>"}, now=now)
    dead = enqueue(conn, "reconcile", {"since": 7}, now=now, max_retries=0)
    conn.execute(
        "UPDATE background_jobs SET status = 'dead', error = %s, failed_at = now() WHERE id = %s",
        ["no answer from <b>Stripe</b>", dead.id],
    )
    set_value(conn, "trial", "duration_days", "14", now=now, actor="token:the operator", reason="a test")


def _verified(message_id: str) -> Verified:
    secret = Secret(0, "0123456789ab", b"")
    return Verified(secret, datetime.now(UTC), "t=1,v1=ab<cd>", message_id)
