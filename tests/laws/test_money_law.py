"""The money tables are a function of the set of events: any order and batching, live and replayed."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.append import append_all
from events.envelope import NewEvent
from projections.replay import Options, compare, replay
from tests.databases import Server
from tests.laws.projected import runner, session
from tests.projections.money_model import Rows, money_in, money_of
from tests.projections.money_world import MoneyWorld, money_world

_marks = count(1)
seeds = st.integers(0, 2**32)
on_postgres = settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def shared(server: Server, template: str) -> Iterator[str]:
    """A database for all examples here."""
    database = server.database(template)
    yield database.conninfo
    database.drop()


def a_world(seed: int, steps: int) -> MoneyWorld:
    return money_world(seed, f"x{next(_marks)}z", steps)


def deliver(conninfo: str, events: list[NewEvent], random: Random) -> None:
    """In any order, some of it twice, in random batches, projected now and then and at the end."""
    order = events + random.sample(events, k=len(events) // 3)
    random.shuffle(order)
    with session(conninfo) as conn, session(conninfo) as projecting:
        while order:
            size = random.choice((1, 2, 7, 60))
            with conn.transaction():
                append_all(conn, order[:size])
            del order[:size]
            if random.random() < 0.5:
                parts = random.choice((1, 3, 64))
                runner(conninfo, parts=parts, batch_events=parts * random.choice((1, 4, 500))).step(
                    projecting
                )
    runner(conninfo).drain()


def rows_in(conninfo: str, mark: str) -> Rows:
    with session(conninfo) as conn:
        return money_in(conn, mark)


@on_postgres
@given(seed=seeds, steps=st.integers(1, 40), order=seeds)
def test_any_permutation_duplication_and_batching_gives_the_same_rows(
    shared: str, seed: int, steps: int, order: int
) -> None:
    world = a_world(seed, steps)

    deliver(shared, world.events, Random(order))

    assert rows_in(shared, world.mark) == money_of(world.events)


@on_postgres
@given(seed=seeds, steps=st.integers(1, 60), order=seeds)
def test_the_rows_are_what_the_shop_itself_last_showed(
    shared: str, seed: int, steps: int, order: int
) -> None:
    world = a_world(seed, steps)

    deliver(shared, world.events, Random(order))

    rows = rows_in(shared, world.mark)
    for (kind, object_id), body in world.objects.items():
        if kind in TABLE_OF:
            row = rows[TABLE_OF[kind]][object_id, "", "True"]
            assert {name: row[name] for name in LIKE[kind]} == {name: body[name] for name in LIKE[kind]}
            assert (row["deleted_at"] is not None) is ((kind, object_id) in world.deleted)
        if kind == "subscription":
            items = {key[1]: row for key, row in rows["subscription_items"].items() if key[0] == object_id}
            assert {item["id"]: item["quantity"] for item in body["items"]["data"]} == {
                item_id: item["quantity"] for item_id, item in items.items()
            }


TABLE_OF = {
    "customer": "customers",
    "product": "products",
    "price": "prices",
    "subscription": "subscriptions",
    "invoice": "invoices",
    "payment_intent": "payments",
    "refund": "refunds",
    "dispute": "disputes",
    "credit_note": "credit_notes",
}
LIKE = {
    "customer": ("balance", "email", "metadata"),
    "product": ("name", "active"),
    "price": ("unit_amount", "unit_amount_decimal", "active", "tiers"),
    "subscription": ("status",),
    "invoice": ("status", "amount_due", "amount_paid", "amount_remaining"),
    "payment_intent": ("status", "amount", "amount_received"),
    "refund": ("status", "amount"),
    "dispute": ("status", "amount"),
    "credit_note": ("status", "amount"),
}


@on_postgres
@given(seed=seeds, steps=st.integers(10, 60), order=seeds)
def test_payments_add_up_to_what_their_invoice_was_paid(
    shared: str, seed: int, steps: int, order: int
) -> None:
    world = a_world(seed, steps)

    deliver(shared, world.events, Random(order))

    rows = rows_in(shared, world.mark)
    for (invoice, *_), row in rows["invoices"].items():
        payments = [p for p in rows["payments"].values() if p["invoice_id"] == invoice]
        assert sum(p["amount_received"] for p in payments) == row["amount_paid"]
        assert {p["customer_id"] for p in payments} <= {row["customer_id"]}


@settings(on_postgres, max_examples=6)
@given(seed=seeds, steps=st.integers(1, 60), order=seeds)
def test_a_rebuild_gives_the_live_rows(
    shared: str, tmp_path: Path, seed: int, steps: int, order: int
) -> None:
    random = Random(order)
    world = a_world(seed, steps)
    deliver(shared, world.events, random)
    options = Options(
        work_dir=tmp_path,
        workers=1,
        range_pages=random.choice((1, 8, 64)),
        bucket_events=random.choice((5, 50, 5000)),
        by_part=random.choice((False, True)),
    )

    assert compare(shared, options=options).differences == []


@settings(on_postgres, max_examples=4)
@given(seed=seeds, steps=st.integers(1, 60), order=seeds)
def test_the_projector_goes_on_from_a_replay(
    shared: str, tmp_path: Path, seed: int, steps: int, order: int
) -> None:
    random = Random(order)
    world = a_world(seed, steps)
    events = random.sample(world.events, k=len(world.events))
    deliver(shared, events[::2], random)
    replay(shared, options=Options(work_dir=tmp_path, workers=1, bucket_events=50))
    deliver(shared, events[1::2], random)

    assert rows_in(shared, world.mark) == money_of(world.events)
