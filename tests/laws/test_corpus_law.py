"""The recorded corpus: in order, shuffled, or twice, the tables come out the same."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from events.append import append_all
from events.domain import user as user_events
from events.domain import user_event
from events.envelope import NewEvent
from tests.databases import Server
from tests.laws.projected import links_in, links_of_events, runner, session, tables_in
from tests.projections.event_builders import START, clerk, instant, stripe
from tests.projections.model import DEFAULT_PLANS, state_of, tables_of

PEOPLE = 40


@pytest.fixture(scope="module")
def recorded(corpus: Path) -> list[NewEvent]:
    """Every event under an id and at a time of its own, and an operator's links for the customers."""
    events = [
        _stripe_event(json.loads(line)["event"], f"evt_{path.stem}_{number:04}", number)
        for path in sorted((corpus / "stripe").glob("*.jsonl"))
        for number, line in enumerate(path.read_text().splitlines())
    ]
    clerk_lines = (corpus / "clerk" / "clerk-openapi-specs.jsonl").read_text().splitlines()
    for number, line in enumerate(clerk_lines):
        event = json.loads(line)["event"]
        events.append(clerk(event["type"], event.get("data") or {}, at=number, key=f"msg_{number:04}"))
    customers = sorted({event.route_key for event in events if event.aggregate_type == "stripe_customer"})
    events += [
        user_event(
            user_events.IdentityLinked(customer_id=customer),
            user_id=f"user_{number % PEOPLE}",
            now=instant(number),
            idempotency_key=f"link:{customer}",
        )
        for number, customer in enumerate(customers)
    ]
    return events


def _stripe_event(event: dict[str, Any], key: str, number: int) -> NewEvent:
    """Several to a second, so that ties are in it."""
    fields = {name: value for name, value in event.items() if name not in ("id", "type", "created")}
    created = START + number // 3 if isinstance(event.get("created"), int) else event.get("created")
    return stripe(
        event.get("type", "untyped"), {}, key=key, **fields | {"created": created, "livemode": True}
    )


@contextmanager
def delivered(server: Server, template: str, batches: list[list[NewEvent]]) -> Iterator[str]:
    """A database of its own that was told the batches, projected after each."""
    database = server.database(template)
    for batch in batches:
        with session(database.conninfo) as conn, conn.transaction():
            append_all(conn, batch)
        runner(database.conninfo).drain()
    yield database.conninfo
    database.drop()


@pytest.mark.parametrize("how", ["in order", "shuffled", "twice"])
def test_corpus_gives_the_same_tables(
    server: Server, template: str, recorded: list[NewEvent], how: str
) -> None:
    order = [*DEFAULT_PLANS, *recorded, *(recorded if how == "twice" else ())]
    if how != "in order":
        Random(how).shuffle(order)
    third = len(order) // 3
    expected = tables_of(recorded)
    with delivered(server, template, [order[:third], order[third:]]) as conninfo, session(conninfo) as conn:
        assert len(expected) >= PEOPLE
        assert tables_in(conn, expected) == expected
        assert links_in(conn, "") == links_of_events(recorded)


def test_no_recorded_event_is_poison(recorded: list[NewEvent]) -> None:
    users = [f"user_{number}" for number in range(PEOPLE)]

    assert [state_of(*recorded, user_id=user).poison for user in users] == [None] * PEOPLE
