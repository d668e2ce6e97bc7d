"""Usage is counted exactly: whole or not at all, once for each key, and never past the limit."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from database.pool import Connection
from events.append import append
from events.domain.user import EntitlementGranted, TrialStarted, UsageRecorded, UsageReset
from events.envelope import NewEvent
from handlers.errors import IdempotencyConflict, LimitExceeded, UserDeleted, UserQuarantined, UserUnknown
from handlers.scheduled_scans import reset_usage
from handlers.usage import Counted, MeteredUsage, UsageCommand, record_usage
from projections.errors import PartBehind
from projections.fold import present, refold
from projections.rows import row_digest, rows_of
from queries.history_at import load_history
from tests.handlers.users import DAY, NOW, joined, row, sold, tell, types_of
from tests.projections.event_builders import clerk, instant, own, subscription, user
from tests.projections.event_builders import stripe as stripe_says

ADA = "user_ada"


def use(
    conn: Connection, metric: str = "creators", quantity: int = 1, *, key: str = "k", now: datetime = NOW
) -> Counted:
    usage = MeteredUsage(metric=metric, quantity=quantity)  # type: ignore[arg-type]  # the parameter is a metric
    counted = record_usage(conn, UsageCommand(user_id=ADA, usage=usage, key=key, now=now, actor="test"))
    conn.commit()
    return counted


@pytest.fixture(autouse=True)
def ada(conn: Connection) -> None:
    tell(conn, *sold(campaigns=3, creators=100), *joined(ADA))


def test_the_answer_and_the_next_profile_read_agree(conn: Connection) -> None:
    counted = use(conn, "creators", 30)

    assert counted.used == {"campaigns": 0, "creators": 30, "enrichments": 0}
    assert counted.remaining == {"campaigns": 3, "creators": 70, "enrichments": None}
    assert row(conn, ADA)["usage_creators_current_month"] == 30


def test_what_remains_may_be_used_to_the_last(conn: Connection) -> None:
    use(conn, quantity=99, key="a")

    assert use(conn, quantity=1, key="b").remaining["creators"] == 0


def test_more_than_remains_is_refused_whole(conn: Connection) -> None:
    use(conn, quantity=90, key="a")

    with pytest.raises(LimitExceeded) as refused:
        use(conn, quantity=11, key="b")
    conn.rollback()

    assert (refused.value.remaining, refused.value.used, refused.value.limit) == (10, 90, 100)
    assert row(conn, ADA)["usage_creators_current_month"] == 90


def test_a_refusal_is_not_kept(conn: Connection) -> None:
    use(conn, quantity=90, key="a")
    with pytest.raises(LimitExceeded):
        use(conn, quantity=11, key="b")
    conn.rollback()
    tell(conn, own(EntitlementGranted(plan_key="glow_up"), at=5 * 86_400))

    assert use(conn, quantity=11, key="b").used["creators"] == 101


def test_minus_one_is_unlimited(conn: Connection) -> None:
    tell(conn, own(EntitlementGranted(plan_key="glow_up"), at=86_400))

    counted = use(conn, quantity=1_000_000_000)

    assert (counted.limits["creators"], counted.remaining["creators"]) == (None, None)


def test_a_plan_that_names_enrichments_limits_them(conn: Connection) -> None:
    tell(conn, *sold(enrichments_limit=5))

    assert use(conn, "enrichments", 5, key="a").remaining["enrichments"] == 0
    with pytest.raises(LimitExceeded):
        use(conn, "enrichments", 1, key="b")


def test_the_same_key_counts_once_and_gives_the_same_answer(conn: Connection) -> None:
    first = use(conn, quantity=5)
    use(conn, quantity=7, key="other")

    again = use(conn, quantity=5, now=NOW + DAY)

    assert again.repeated
    assert not first.repeated
    assert (again.event_id, again.used, again.remaining) == (first.event_id, first.used, first.remaining)
    assert list(again.used) == list(first.used)
    assert row(conn, ADA)["usage_creators_current_month"] == 12


@pytest.mark.parametrize(("metric", "quantity"), [("campaigns", 2), ("creators", 3)])
def test_the_same_key_for_another_request_is_a_conflict(conn: Connection, metric: str, quantity: int) -> None:
    use(conn, "creators", 2)

    with pytest.raises(IdempotencyConflict):
        use(conn, metric, quantity)


def test_a_key_is_one_users_alone(conn: Connection) -> None:
    tell(conn, *joined("user_bob"))
    use(conn, quantity=5)

    counted = record_usage(
        conn,
        UsageCommand(
            user_id="user_bob",
            usage=MeteredUsage(metric="creators", quantity=6),
            key="k",
            now=NOW,
            actor="test",
        ),
    )

    assert counted.used["creators"] == 6


def test_a_colon_in_an_id_takes_nobody_elses_key(conn: Connection) -> None:
    usage = MeteredUsage(metric="creators", quantity=1)
    tell(conn, *joined("a", "a:b"))

    record_usage(conn, UsageCommand(user_id="a", usage=usage, key="b:c", now=NOW, actor="test"))
    record_usage(conn, UsageCommand(user_id="a:b", usage=usage, key="c", now=NOW, actor="test"))

    keys = conn.execute(
        "SELECT count(DISTINCT idempotency_key) FROM events WHERE event_type = 'usage.recorded'"
    )
    assert keys.fetchone() == (2,)


def test_nobody_counts_for_a_stranger(conn: Connection) -> None:
    with pytest.raises(UserUnknown):
        record_usage(
            conn,
            UsageCommand(
                user_id="user_x",
                usage=MeteredUsage(metric="creators", quantity=1),
                key="k",
                now=NOW,
                actor="test",
            ),
        )


def test_nobody_counts_for_who_was_deleted(conn: Connection) -> None:
    tell(conn, clerk("user.deleted", {"id": ADA, "deleted": True}, at=60))

    with pytest.raises(UserDeleted):
        use(conn)


def test_a_history_that_stops_can_not_be_counted_on(conn: Connection) -> None:
    tell(conn, clerk("user.updated", user(ADA) | {"email_addresses": 7}, at=60))

    with pytest.raises(UserQuarantined):
        use(conn)


def test_what_the_projector_has_yet_to_do_is_done_first(conn: Connection) -> None:
    use(conn, quantity=60, key="a")
    append(conn, own(UsageReset(period_starts_at=instant(0)), at=40 * 86_400, key="by hand"))
    conn.commit()

    counted = use(conn, quantity=90, key="b", now=instant(40 * 86_400 + 60))

    assert counted.used["creators"] == 90


def test_too_much_to_project_is_said_and_not_waited_for(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.decision_transaction.MAX_PENDING", 1)
    for at in (60, 61):
        append(conn, clerk("user.updated", user(ADA), at=at))

    with pytest.raises(PartBehind):
        use(conn)


def test_a_month_that_is_over_is_reset_before_the_count(conn: Connection) -> None:
    use(conn, quantity=100, key="a")

    counted = use(conn, quantity=40, key="b", now=datetime(2026, 4, 2, tzinfo=UTC))

    assert counted.used["creators"] == 40
    assert types_of(conn, ADA) == ["usage.recorded", "usage.reset", "usage.recorded"]
    assert row(conn, ADA)["usage_reset_date"] == datetime(2026, 5, 1, tzinfo=UTC)


LATE = {
    "clerk's word": lambda: clerk("user.updated", user(ADA), at=-40 * 86_400),
    "stripe's word": lambda: stripe_says(
        "customer.subscription.created", subscription("canceled", metadata={"userId": ADA}), at=-40 * 86_400
    ),
}


@pytest.mark.parametrize("late", LATE.values(), ids=LATE.keys())
def test_a_late_event_of_an_earlier_month_gives_no_usage_back(
    conn: Connection, late: Callable[[], NewEvent]
) -> None:
    use(conn, quantity=100, key="a")
    tell(conn, late())

    with pytest.raises(LimitExceeded):
        use(conn, quantity=1, key="b")
    conn.rollback()

    assert row(conn, ADA)["usage_creators_current_month"] == 100
    assert row(conn, ADA)["usage_reset_date"] == datetime(2026, 2, 1, tzinfo=UTC)
    conn.commit()
    reset_usage(conn, NOW + DAY)
    assert types_of(conn, ADA) == ["usage.recorded"]


def test_a_reset_of_the_month_that_runs_gives_nothing_back(conn: Connection) -> None:
    use(conn, quantity=100, key="a")
    begun = UsageReset(period_starts_at=datetime(2026, 1, 1, tzinfo=UTC))
    tell(conn, own(begun, at=86_400 * 30, key="said while a late event made the month look over"))

    assert row(conn, ADA)["usage_creators_current_month"] == 100


def test_use_of_a_later_month_begins_it_without_a_reset(conn: Connection) -> None:
    use(conn, quantity=100, key="a")
    tell(conn, own(UsageRecorded(metric="creators", quantity=7), at=60 * 86_400, key="nobody reset it"))

    assert row(conn, ADA)["usage_creators_current_month"] == 7


def test_campaigns_are_not_the_months(conn: Connection) -> None:
    use(conn, "campaigns", 3, key="a")

    with pytest.raises(LimitExceeded):
        use(conn, "campaigns", 1, key="b", now=datetime(2026, 4, 2, tzinfo=UTC))


def test_a_grant_that_is_over_gives_nothing_more(conn: Connection) -> None:
    tell(conn, own(EntitlementGranted(plan_key="glow_up", until=NOW), at=60))

    with pytest.raises(LimitExceeded):
        use(conn, quantity=101)
    conn.rollback()
    counted = use(conn, quantity=10)

    assert counted.limits["creators"] == 100
    assert types_of(conn, ADA) == ["entitlement.granted", "entitlement.revoked", "usage.recorded"]
    assert row(conn, ADA)["plan_creators_limit"] == 100


def test_a_trial_that_is_over_gives_nothing_more(conn: Connection) -> None:
    tell(conn, own(TrialStarted(starts_at=instant(60), ends_at=NOW, plan_key="glow_up"), at=60))
    just_before = use(conn, quantity=500, key="a", now=NOW - timedelta(seconds=1))

    with pytest.raises(LimitExceeded) as refused:
        use(conn, key="b", now=NOW)

    assert just_before.limits["creators"] is None
    assert (refused.value.used, refused.value.remaining) == (500, 0)


@pytest.mark.parametrize("status", ["trialing", "active", "past_due"])
def test_a_subscription_serves_while_it_may(conn: Connection, status: str) -> None:
    price = {"id": "price_glow_up_monthly"}
    payload = subscription(status, price=price, metadata={"userId": ADA})
    tell(conn, stripe_says("customer.subscription.created", payload, at=60))

    assert use(conn).limits == {"campaigns": 30, "creators": None, "enrichments": None}


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(microseconds=1), timedelta(hours=23)])
def test_a_clock_that_steps_back_loses_no_count(conn: Connection, back: timedelta) -> None:
    month = datetime(2026, 2, 1, tzinfo=UTC)
    use(conn, quantity=60, key="a", now=month)

    counted = use(conn, quantity=30, key="b", now=month - back)

    assert counted.used["creators"] == 90
    assert row(conn, ADA)["usage_creators_current_month"] == 90


def test_a_thousand_at_one_instant_cost_no_more_each(conn: Connection) -> None:
    for number in range(30):
        use(conn, "enrichments", 1, key=str(number))

    state = conn.execute(
        "SELECT length(state::text), json_array_length(state -> 'tail') FROM projection_states"
    )
    assert [tail for _, tail in state.fetchall()] == [1]


def test_an_event_from_the_future_only_costs_a_refold(conn: Connection) -> None:
    tell(conn, clerk("user.updated", user(ADA), at=400 * 86_400))

    use(conn, quantity=5, key="a")
    assert use(conn, quantity=6, key="b").used["creators"] == 11
    assert row(conn, ADA)["usage_creators_current_month"] == 11


def test_what_was_decided_inline_is_what_a_refold_gives(conn: Connection) -> None:
    tell(conn, own(EntitlementGranted(plan_key="glow_up", until=NOW), at=60))
    use(conn, quantity=5, key="a")
    use(conn, "campaigns", 2, key="b", now=datetime(2026, 3, 1, tzinfo=UTC))
    use(conn, "enrichments", 7, key="c", now=datetime(2026, 3, 1, tzinfo=UTC))

    history = load_history(conn, ADA)
    again = rows_of(
        present(refold(ADA, history.links, [entry.fact for entry in history.entries])), history.catalog()
    )
    live = conn.execute("SELECT row_digest FROM projection_states WHERE user_id = %s", [ADA]).fetchone()
    assert live == (row_digest(again),)
