"""One user's instants, or a rule that fails for one user, stop neither a group nor a scan."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from database.pool import Connection, Pool, open_pool
from events.clock import LAST, MICROSECOND, later
from events.domain.user import TrialStarted
from events.group_commit import GroupCommit
from handlers import expirations, schedule_preview, scheduled_scans
from handlers.decision import CommandRule, DueFact, decide_many
from handlers.schedule_preview import preview
from handlers.scheduled_scans import expire_trials
from handlers.usage import MeteredUsage, UsageCommand, UsageCounter, record_usage
from handlers.usage import command_rule as ruled_one
from projections.errors import StateUnreadable
from projections.state import State
from queries.entitlements import entitlements
from queries.why import why
from tests.handlers.commands import command
from tests.handlers.users import NOW, joined, row, sold, tell
from tests.projections.event_builders import CUSTOMER, instant, linked, own, stripe, subscription

ADA, BOB, EVE = "user_ada", "user_bob", "user_eve"
LAST_SECOND = 253_402_300_799
END = instant(7 * 86_400)


@pytest.fixture(autouse=True)
def people(conn: Connection) -> None:
    tell(conn, *sold(), *joined(ADA, BOB, EVE))


@pytest.fixture
def pool(conninfo: str) -> Iterator[Pool]:
    with open_pool(conninfo, application_name="isolation", max_size=4) as opened:
        yield opened


@pytest.fixture
def last_instant(conn: Connection) -> None:
    """Ada's customer has an event in the last microsecond there is."""
    thin = {"id": CUSTOMER, "type": "customer", "url": f"/v1/customers/{CUSTOMER}"}
    event = stripe("v1.customer.updated", {}, related_object=thin, created="9999-12-31T23:59:59.999999Z")
    tell(conn, linked(user_id=ADA), event)


@pytest.fixture
def trial_without_end(conn: Connection) -> None:
    """Ada's trial at Stripe ends in the last second there is; Bob's own ends sooner."""
    trial: dict[str, Any] = {"trial_start": int(instant(0).timestamp()), "trial_end": LAST_SECOND}
    tell(
        conn, linked(user_id=ADA), stripe("customer.subscription.created", subscription("trialing", **trial))
    )
    tell(conn, own(TrialStarted(starts_at=instant(0), ends_at=END, plan_key="glow_up"), user=BOB))


def usage(user_id: str, key: str = "k") -> UsageCommand:
    return UsageCommand(
        user_id=user_id, usage=MeteredUsage(metric="creators", quantity=1), key=key, now=NOW, actor="test"
    )


def broken(state: State, *_: object) -> list[DueFact]:
    """A rule with a bug that Ada meets."""
    if state.user_id == ADA:
        raise OverflowError("date value out of range")
    return expirations.trial_over(state, END)


@pytest.mark.usefixtures("last_instant")
def test_an_event_in_the_last_microsecond_stops_no_decision(conn: Connection) -> None:
    counted = record_usage(conn, usage(ADA))

    assert counted.used["creators"] == 1
    assert row(conn, ADA)["usage_creators_current_month"] == 1


@pytest.mark.usefixtures("trial_without_end")
def test_a_trial_that_ends_in_the_last_second_stops_no_decision_and_no_scan(conn: Connection) -> None:
    assert record_usage(conn, usage(ADA)).used["creators"] == 1
    conn.commit()
    done = expire_trials(conn, END, grace=timedelta(minutes=60))

    assert (done.users, done.failed) == (1, [])
    assert row(conn, BOB)["trial_status"] == "expired"


def test_what_one_rule_raises_is_its_own_answer_in_a_group(conn: Connection) -> None:
    def rule(state: State, *_: object) -> Any:
        raise ZeroDivisionError

    bad = CommandRule(command(user=ADA), rule)
    answers = decide_many(conn, [bad, ruled_one(usage(BOB)), ruled_one(usage(EVE))])

    assert isinstance(answers[0], ZeroDivisionError)
    assert [type(answer).__name__ for answer in answers[1:]] == ["Decided", "Decided"]


def test_who_carries_a_group_does_not_answer_for_another(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug met after the rules: each member is decided by itself then."""
    monkeypatch.setattr("handlers.usage.decide_many", _fails)
    counter = UsageCounter(pool.connection)

    assert counter.record(usage(BOB)).used["creators"] == 1


def test_what_the_carrier_raises_reaches_no_member() -> None:
    group: GroupCommit[int, int] = GroupCommit(_fails, apart=lambda item: item, most=8)

    assert group.submit(1) is None
    assert group.submit(2) is None


def test_a_rule_that_raises_in_a_scan_fails_one_user(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user_id in (ADA, BOB, EVE):
        tell(conn, own(TrialStarted(starts_at=instant(0), ends_at=END, plan_key="glow_up"), user=user_id))
    monkeypatch.setattr(scheduled_scans, "trial_over", lambda state, at, grace: broken(state))
    done = expire_trials(conn, END)

    assert done.failed == [ADA]
    assert [row(conn, person)["trial_status"] for person in (ADA, BOB, EVE)] == [
        "active",
        "expired",
        "expired",
    ]


def test_a_rule_that_raises_leaves_the_rest_of_a_preview(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user_id in (ADA, BOB):
        tell(conn, own(TrialStarted(starts_at=instant(0), ends_at=END, plan_key="glow_up"), user=user_id))

    def foresee(state: State, grace: timedelta) -> Any:
        broken(state)
        return schedule_preview._trial(state, grace)

    monkeypatch.setitem(schedule_preview.FORESEEN, "trials_to_end", foresee)

    assert {
        entry.user_id for entry in preview(conn, END - timedelta(days=2), 5) if "trial" in entry.what
    } == {BOB}


@pytest.mark.parametrize("at", [instant(0), LAST - MICROSECOND, LAST])
@pytest.mark.parametrize("by", [timedelta(0), MICROSECOND, timedelta(days=400), timedelta.max])
def test_no_instant_is_later_than_the_last(at: datetime, by: timedelta) -> None:
    assert at <= later(at, by) <= LAST


def _fails(*_: object, **__: object) -> Sequence[Any]:
    raise KeyError("a bug")


@pytest.fixture
def unreadable(conn: Connection) -> None:
    """Ada's state is in a form that this release can't read."""
    conn.execute(
        "UPDATE projection_states SET state = jsonb_set(state::jsonb, '{settled,trial}', '3')"
        " WHERE user_id = %s",
        [ADA],
    )
    conn.commit()


@pytest.mark.usefixtures("unreadable")
def test_a_decision_folds_an_unreadable_state_again(conn: Connection) -> None:
    record_usage(conn, usage(ADA))
    conn.commit()

    assert row(conn, ADA)["usage_creators_current_month"] == 1
    assert entitlements(conn, ADA, now=NOW) is not None


@pytest.mark.usefixtures("unreadable")
def test_an_unreadable_state_leaves_its_group_alone(conn: Connection) -> None:
    ada, bob = decide_many(conn, [ruled_one(usage(user)) for user in (ADA, BOB)])

    assert ada is None
    assert not isinstance(bob, Exception | None)


@pytest.mark.usefixtures("trial_without_end")
def test_an_unreadable_state_stops_no_scan(conn: Connection) -> None:
    conn.execute("UPDATE projection_states SET state = '3' WHERE user_id = %s", [ADA])
    conn.commit()

    done = expire_trials(conn, END)

    assert (done.events, done.failed) == (1, [])


@pytest.mark.usefixtures("unreadable")
def test_a_question_about_an_unreadable_state_names_the_next_step(conn: Connection) -> None:
    for ask in (entitlements, why):
        with pytest.raises(StateUnreadable, match=f"tenure replay --user {ADA}"):
            ask(conn, ADA, now=NOW)
