"""Late events of long histories: folded from the nearest kept state, and never at their neighbours' cost."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from events.append import append_all
from events.clock import utc_now
from events.domain import user as facts
from events.envelope import NewEvent
from events.statements import AnyConnection
from handlers.privacy import erase_person, plan_erasure
from projections import crowds, fold, pace, refolding, snapshots
from projections.facts import Fact
from projections.projector import Projector
from projections.replay import compare
from projections.runner import Runner
from projections.state import State, decode
from tests.projections.event_builders import USER, clerk, customer, own, stripe, user
from tests.projections.replaying import options

EVENTS = 60
NEIGHBOUR = "user_neighbour"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 4)
    monkeypatch.setattr(fold, "LONGEST_TAIL", 4)
    monkeypatch.setattr(refolding, "SLICE", 8)
    monkeypatch.setattr(refolding, "SMALLEST_SLICE", 4)


@pytest.fixture
def conn(conninfo: str) -> Iterator[AnyConnection]:
    """A user with a history of many instants, projected."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        append_all(conn, [used(at) for at in range(10, 10 + EVENTS)])
        drain(conninfo)
        yield conn


def used(at: float, user_id: str = USER) -> NewEvent:
    fact = facts.UsageRecorded(metric="creators", quantity=1)
    return own(fact, at=at, user=user_id, key=f"{user_id}:{at}")


def drain(conninfo: str) -> None:
    Runner(lambda: psycopg.connect(conninfo, autocommit=True)).drain()


def creators(conn: AnyConnection, user: str = USER) -> int | None:
    row = conn.execute(
        "SELECT g.usage_creators_current_month FROM users u JOIN user_usage g ON g.user_id = u.id"
        " WHERE u.user_id = %s",
        [user],
    ).fetchone()
    return None if row is None else row[0]


def kept(conn: AnyConnection) -> list[tuple[Any, ...]]:  # Any: column values
    return conn.execute("SELECT user_id, settled_at, state FROM fold_snapshots ORDER BY 1, 2").fetchall()


def pending(conn: AnyConnection) -> list[tuple[Any, ...]]:  # Any: column values
    return conn.execute("SELECT user_id FROM projection_states WHERE refold_after IS NOT NULL").fetchall()


def test_a_neighbour_does_not_wait_for_a_long_refold(conn: AnyConnection) -> None:
    append_all(conn, [used(1), used(100, NEIGHBOUR)])

    Projector().project(conn, parts=64, limit=100)

    assert creators(conn, NEIGHBOUR) == 1
    assert creators(conn) == EVENTS  # as if the late event had not arrived yet
    assert pending(conn) == [(USER,)]


def test_slices_end_in_the_whole_fold(conn: AnyConnection, conninfo: str) -> None:
    append_all(conn, [used(1)])
    drain(conninfo)

    assert creators(conn) == EVENTS + 1
    assert pending(conn) == []


def test_a_customer_named_like_the_user_ends_no_slice(
    conn: AnyConnection, conninfo: str, tmp_path: Path
) -> None:
    """Its events are in the same stream. A slice that ended before them settled the user's last instant, so
    that a later event of that instant, or of an earlier one, was folded last."""
    named_alike = customer(USER, metadata={})
    append_all(conn, [stripe("customer.updated", named_alike, at=at) for at in range(300, 300 + EVENTS)])
    append_all(conn, [used(1)])
    drain(conninfo)

    assert compare(conninfo, options=options(tmp_path)).differences == []


def test_what_comes_in_order_meanwhile_is_folded_at_once(conn: AnyConnection, conninfo: str) -> None:
    append_all(conn, [used(1)])
    Projector().project(conn, parts=64, limit=100)
    append_all(conn, [used(200)])
    Projector().project(conn, parts=64, limit=100)
    meanwhile = creators(conn)
    drain(conninfo)

    assert meanwhile == EVENTS + 1
    assert creators(conn) == EVENTS + 2


def test_a_fold_that_runs_into_the_old_one_ends_there(conn: AnyConnection, conninfo: str) -> None:
    """A selection that a later one replaced: later states are the old ones, so one slice is enough."""
    append_all(conn, [own(facts.PlanSelected(plan_key="glow_up"), at=12.5, key="selected")])
    drain(conninfo)
    before = kept(conn)

    append_all(conn, [own(facts.PlanSelected(plan_key="free"), at=12.25, key="replaced")])
    Projector().project(conn, parts=64, limit=100)

    assert pending(conn) == []
    assert set(before) & set(kept(conn))


def test_more_events_in_one_instant_than_a_slice_folds(conn: AnyConnection, conninfo: str) -> None:
    fact = facts.UsageRecorded(metric="creators", quantity=1)
    crowd = [own(fact, at=5, key=f"crowd:{number}") for number in range(40)]
    append_all(conn, crowd)
    drain(conninfo)

    assert creators(conn) == EVENTS + len(crowd)


def test_slices_shrink_while_they_take_long(
    conn: AnyConnection, conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refolding, "SLICE", 64)
    monkeypatch.setattr(pace, "LEAST", 4)
    seconds = itertools.count()
    runner = Runner(lambda: psycopg.connect(conninfo), clock=lambda: float(next(seconds)))
    folded = count_folded(monkeypatch)

    append_all(conn, [used(1)])
    counts = [transaction(folded, conn, runner.step) for _ in range(5)]

    assert pending(conn) == [(USER,)]
    assert counts[0] > counts[1] > counts[2] >= counts[4]
    assert counts[4] <= 4


def test_slices_grow_while_they_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refolding, "SLICE", 500)
    paced = pace.SlicePace()
    for _ in range(10):
        paced.took(pace.LONG_S * 2)
    least = paced.events
    for _ in range(50):
        paced.took(pace.SHORT_S / 2)

    assert (least, paced.events) == (pace.LEAST, refolding.SLICE)


def test_no_transaction_folds_all_events_of_a_crowded_instant(
    conn: AnyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch and each slice folds a bounded number of facts, whatever came in that instant before."""
    folded = count_folded(monkeypatch)
    projector = Projector()
    fact = facts.UsageRecorded(metric="creators", quantity=1)
    counts = []
    for batch in range(20):
        append_all(conn, [own(fact, at=200, key=f"crowd:{batch}:{number}") for number in range(5)])
        counts += [transaction(folded, conn, projector.refold_pending), batch_of(folded, conn, projector)]
    while pending(conn):
        counts.append(transaction(folded, conn, projector.refold_pending))

    assert creators(conn) == EVENTS + 100
    assert max(counts) <= 40
    assert kept_facts(conn) == 0


def test_a_crowd_that_grows_while_it_is_folded_again_is_folded_whole(conn: AnyConnection) -> None:
    projector = begun_crowd(conn)
    joined = facts.UsageRecorded(metric="creators", quantity=1)
    append_all(conn, [own(joined, at=20, key=f"more:{number}") for number in range(30)])
    projector.project(conn, parts=64, limit=100)
    for _ in range(30):
        projector.refold_pending(conn)

    assert creators(conn) == EVENTS + 61
    assert pending(conn) == []


def test_an_erasure_ends_what_was_read_of_a_crowd(conn: AnyConnection) -> None:
    """Facts in memory may hold what was erased since."""
    projector = begun_crowd(conn)
    append_all(conn, [own(facts.PrivacyErased(), at=300, key="erased")])
    projector.project(conn, parts=64, limit=100)
    projector.refold_pending(conn)

    assert not projector.crowds.has_begun(USER)


def begun_crowd(conn: AnyConnection) -> Projector:
    """A projector that has read some of 31 facts of an instant in the middle of the history."""
    fact = facts.UsageRecorded(metric="creators", quantity=1)
    projector = Projector()
    for keys in (range(30), range(30, 31)):
        append_all(conn, [own(fact, at=20, key=f"crowd:{number}") for number in keys])
        projector.project(conn, parts=64, limit=100)
    for _ in range(8):
        if not projector.crowds.has_begun(USER):
            projector.refold_pending(conn)
    assert projector.crowds.has_begun(USER)
    return projector


def count_folded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list whose only number grows with every fact that is folded."""
    count = [0]
    fold_one = fold.fold_one

    def counting(state: State, fact: Fact) -> None:
        count[0] += 1
        fold_one(state, fact)

    monkeypatch.setattr(fold, "fold_one", counting)
    monkeypatch.setattr(crowds, "fold_one", counting)
    return count


def transaction(folded: list[int], conn: AnyConnection, do: Callable[[AnyConnection], object]) -> int:
    """How many facts one transaction folds."""
    before = folded[0]
    with conn.transaction():
        do(conn)
    return folded[0] - before


def batch_of(folded: list[int], conn: AnyConnection, projector: Projector) -> int:
    return transaction(folded, conn, lambda conn: projector.project(conn, parts=64, limit=100))


def kept_facts(conn: AnyConnection) -> int:
    (state,) = conn.execute("SELECT state::text FROM projection_states").fetchall()[0]
    return len(decode(state).tail)


def test_check_names_a_snapshot_that_is_not_the_folds(
    conn: AnyConnection, conninfo: str, tmp_path: Path
) -> None:
    conn.execute(
        "UPDATE fold_snapshots SET state = '{}'"
        " WHERE settled_at = (SELECT max(settled_at) FROM fold_snapshots)"
    )

    differences = compare(conninfo, options=options(tmp_path)).differences

    assert [(difference.table, difference.user_id, difference.column) for difference in differences] == [
        ("fold_snapshots", USER, "state")
    ]


def test_check_misses_no_snapshot(conn: AnyConnection, conninfo: str, tmp_path: Path) -> None:
    conn.execute("DELETE FROM fold_snapshots WHERE settled_at > (SELECT min(settled_at) FROM fold_snapshots)")

    assert compare(conninfo, options=options(tmp_path)).equal


def test_an_erasure_waits_for_no_slice(conn: AnyConnection, conninfo: str, tmp_path: Path) -> None:
    """The person's rows are blank in the erasing transaction, however long their history is."""
    append_all(conn, [clerk("user.created", user(email="ada.unique@example.com"), at=1)])
    drain(conninfo)
    with psycopg.connect(conninfo) as erasing:
        plan = plan_erasure(erasing, USER)
        erase_person(erasing, plan, now=utc_now(), actor="x", reason="ticket 12")

    assert pending(conn) == [(USER,)]
    assert conn.execute("SELECT email, full_name FROM users").fetchall() == [(None, None)]
    states = conn.execute("SELECT state::text FROM projection_states").fetchall()
    assert "unique" not in repr([*states, *kept(conn)])
    drain(conninfo)
    assert compare(conninfo, options=options(tmp_path)).equal
