"""Stripe events by the million: a few simulated histories, repeated with other ids and times."""

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from demo.changes import Json
from demo.deliveries import DemoDelivery
from demo.history import DEFAULT_START
from demo.ids import STRIPE_SUFFIX
from demo.operations import OPERATIONS, USUAL
from demo.versions import API_VERSIONS, ApiVersion
from demo.world import DemoWorld

_TOKEN = "0BULK0TOKEN0"  # noqa: S105 - stands for the person in each id of a template
_LIVES = 24
_TIME = re.compile(rb"(?<=: )(?!1700000000)1[6-9]\d{8}(?=[,\n])")
"""A time in a pretty-printed body, but not the one all prices were made at."""

_NOT_STRIPE = frozenset({"sign_in", "rename", "add_email", "leave", "clerk_billing", "try_in_test_mode"})


@dataclass(frozen=True, slots=True)
class BulkEvent:
    """One Stripe webhook; `created` in whole seconds, as in the body."""

    id: str
    type: str
    customer: str | None
    created: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Template:
    """An event of a template life: its text between the times, and the times."""

    id: str
    type: str
    customer: str | None
    created: int
    texts: tuple[bytes, ...]
    times: tuple[int, ...]


class _TokenIds:
    """Ids with a token in place of the person's number."""

    def __init__(self) -> None:
        self._made = 0

    def stripe(self, prefix: str) -> str:
        return f"{prefix}_{STRIPE_SUFFIX[prefix][0]}{self._next()}"

    def clerk(self, prefix: str) -> str:
        return f"{prefix}_2{self._next()}"

    def uuid(self) -> str:
        self._made += 1
        return f"{self._made:08d}-0000-4000-8000-{_TOKEN}"

    def _next(self) -> str:
        self._made += 1
        return f"{self._made:04d}{_TOKEN}"


def bulk_events(
    count: int,
    *,
    seed: int = 0,
    start: datetime = DEFAULT_START,
    days: int = 365,
    versions: tuple[ApiVersion, ...] = API_VERSIONS,
) -> Iterator[BulkEvent]:
    """Exactly `count` events of many customers, in order of time.

    There are as many people as the events need; each is linked by `client_reference_id` to the
    Clerk id `user_2bulk<number>`. Every id is unique, and the same seed gives the same bytes.
    """
    lives = [_life(f"{seed} {number}", versions[number % len(versions)]) for number in range(_LIVES)]
    typical = sum(len(life) for life in lives) / len(lives)
    people = max(1, round(count / typical))
    every_s = days * 86_400 / people
    origin = int(start.timestamp())
    random = Random(f"bulk {seed}")  # noqa: S311 - the same events again, not secrets
    waiting: list[tuple[int, int, int, list[_Template]]] = []
    joined = sent = 0
    while sent < count:
        while not waiting or origin + int(joined * every_s) <= waiting[0][0]:
            arrival = origin + int(joined * every_s)
            life = random.choice(lives)
            heapq.heappush(waiting, (arrival, joined, 0, life))
            joined += 1
        due, person, place, life = waiting[0]
        template = life[place]
        shift = due - template.created
        yield _bulk_event(template, person, shift)
        sent += 1
        if place + 1 < len(life):
            following = (life[place + 1].created + shift, person, place + 1, life)
            heapq.heapreplace(waiting, following)
        else:
            heapq.heappop(waiting)


def bulk_user_id(person: int) -> str:
    """The Clerk id the events of that person link to."""
    return f"user_2bulk{_number(person)}"


def _bulk_event(template: _Template, person: int, shift: int) -> BulkEvent:
    number = _number(person)
    parts = [template.texts[0]]
    for time, text in zip(template.times, template.texts[1:], strict=True):
        parts.append(b"%d" % (time + shift))
        parts.append(text)
    body = b"".join(parts).replace(_TOKEN.encode(), number.encode())
    customer = template.customer and template.customer.replace(_TOKEN, number)
    event_id = template.id.replace(_TOKEN, number)
    return BulkEvent(event_id, template.type, customer, template.created + shift, body)


def _number(person: int) -> str:
    return f"{person:0{len(_TOKEN)}d}"


def _life(seed: str, api: ApiVersion) -> list[_Template]:
    """The Stripe events of one paying person, as templates."""
    random = Random(f"life {seed}")  # noqa: S311 - the same life again, not secrets
    world = DemoWorld(start=DEFAULT_START, seed=seed, api=api, dunning="unpaid")
    world.stripe.log.ids = _TokenIds()
    person = world.join(first_name="Bulk", last_name="Person", email="bulk@example.com")
    person.user_id = f"user_2bulk{_TOKEN}"
    OPERATIONS["checkout"](world, person, random)
    billing = [name for name in USUAL if name not in _NOT_STRIPE]
    for _ in range(8):
        world.wait(timedelta(days=random.choice((1, 5, 12, 20)), seconds=random.randrange(3_600)))
        OPERATIONS[random.choice(billing)](world, person, random)
    return [_template(delivery) for delivery in world.deliveries if delivery.provider == "stripe"]


def _template(delivery: DemoDelivery) -> _Template:
    times = [int(text) for text in _TIME.findall(delivery.body)]
    return _Template(
        id=delivery.message_id,
        type=delivery.event_type,
        customer=_customer_of(delivery.event["data"]),
        created=delivery.event["created"],
        texts=tuple(_TIME.split(delivery.body)),
        times=tuple(times),
    )


def _customer_of(event: Json) -> str | None:
    """The customer an event is about; a detached card names it only in `previous_attributes`."""
    body = event["object"]
    if body["object"] == "customer":
        return str(body["id"])
    named = body.get("customer") or event.get("previous_attributes", {}).get("customer")
    return named if isinstance(named, str) else None
