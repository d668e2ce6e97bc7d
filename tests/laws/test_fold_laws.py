"""The fold in memory: any order and any batching gives the same rows and states, and they are true."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from events.envelope import NewEvent
from projections.fold import present
from projections.rows import as_json, rows_of
from tests.laws.envelopes import envelope
from tests.laws.own_events import own_events
from tests.laws.stored_folds import assert_grows_to_the_whole, with_random_ids
from tests.projections.model import CATALOG, links_of, routed, tables_of
from tests.worlds import History, histories

seeds = st.integers(0, 2**32)


def live(history: History) -> list[NewEvent]:
    """Everything that happened in live mode, ours included."""
    events = [envelope(delivery) for delivery in history.deliveries] + history.own
    return [event for event in events if event.livemode]


def shuffled(events: list[NewEvent], seed: int) -> list[NewEvent]:
    order = events.copy()
    Random(seed).shuffle(order)
    return order


@settings(max_examples=150)
@given(history=histories())
def test_rows_are_what_the_worlds_own_last_state_says(history: History) -> None:
    rows = tables_of(live(history))
    for user_id, truth in history.truths.items():
        columns = flat(rows[user_id])
        wrong = {
            name: (columns[name], value) for name, value in truth.certain.items() if columns[name] != value
        }

        assert not wrong, (history, wrong)


@settings(max_examples=150)
@given(history=histories(own=own_events), seed=seeds)
def test_any_order_gives_the_same_bytes(history: History, seed: int) -> None:
    events = live(history)

    assert as_json(tables_of(shuffled(events, seed))) == as_json(tables_of(events))


@settings(max_examples=100)
@given(history=histories(own=own_events), seed=seeds, batch=st.integers(1, 12))
def test_fold_batch_by_batch_is_the_fold_of_the_whole(history: History, seed: int, batch: int) -> None:
    """Random ids, and each batch after a trip through the database's JSON; a late one begins anew."""
    events = with_random_ids(live(history), seed)
    owners = links_of(events)
    whole = tables_of(events)
    for user_id, facts in routed(events).items():
        order = sorted(facts, key=lambda fact: fact.at) if seed % 2 else facts
        if seed % 3 == 0:
            Random(seed).shuffle(order)
        batches = [batch] * (len(order) // batch + 1)
        folded = assert_grows_to_the_whole(user_id, owners.get(user_id, {}), order, batches)

        assert as_json(rows_of(present(folded), CATALOG)) == as_json(whole[user_id])


def flat(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    columns = {name: value for row in rows.values() for name, value in row.items() if name != "user_id"}
    return columns | {"user_id": rows["users"]["user_id"]}
