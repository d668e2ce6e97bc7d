"""What time brings about is said once: twice in a row, at the same time, or after weeks of nobody asking."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from database.pool import Connection, connect
from events.append import append
from events.domain.user import EntitlementGranted, TrialStarted
from handlers.decision import settle
from handlers.errors import BusyTransaction
from handlers.schedule_preview import preview
from handlers.scheduled_scans import Summary, expire_grants, expire_trials, reset_usage, warn_trials
from tests.handlers.users import joined, row, sold, tell, types_of
from tests.projections.event_builders import clerk, instant, own, stripe, subscription, user

ADA, BOB = "user_ada", "user_bob"
START, END = instant(0), instant(7 * 86_400)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Scan = Callable[..., Summary]
Settle = Callable[..., dict[str, int]]


def our_trial(user_id: str = ADA, plan_key: str = "glow_up") -> TrialStarted:
    return TrialStarted(starts_at=START, ends_at=END, plan_key=plan_key)


@pytest.fixture
def trying(conn: Connection) -> None:
    """Ada tries glow_up for a week, by us; Bob by Stripe."""
    seconds: dict[str, Any] = {"trial_start": int(START.timestamp()), "trial_end": int(END.timestamp())}
    payload = subscription("trialing", metadata={"userId": BOB}, **seconds)
    tell(conn, *sold(), *joined(ADA, BOB), own(our_trial(), at=1))
    tell(conn, stripe("customer.subscription.created", payload, at=1))


@pytest.mark.usefixtures("trying")
def test_our_trial_expires_at_its_end_and_stripes_after_the_grace(conn: Connection) -> None:
    early = expire_trials(conn, END - timedelta(microseconds=1))
    at_end = expire_trials(conn, END)
    in_grace = expire_trials(conn, END + timedelta(minutes=59))
    after = expire_trials(conn, END + HOUR)

    assert [scanned.events for scanned in (early, at_end, in_grace, after)] == [0, 1, 0, 1]
    assert (row(conn, ADA)["trial_status"], row(conn, ADA)["current_plan"]) == ("expired", "free")
    assert (row(conn, BOB)["trial_status"], row(conn, BOB)["subscription_status"]) == ("expired", "trialing")


@pytest.mark.usefixtures("trying")
def test_who_paid_in_time_does_not_expire(conn: Connection) -> None:
    payload = subscription("active", metadata={"userId": BOB})
    tell(conn, stripe("customer.subscription.updated", payload, at=7 * 86_400))

    assert expire_trials(conn, END + DAY).users == 1
    assert row(conn, BOB)["trial_status"] == "converted"


@pytest.mark.usefixtures("trying")
def test_a_late_conversion_is_never_overwritten(conn: Connection) -> None:
    expire_trials(conn, END + HOUR)
    payload = subscription("active", metadata={"userId": BOB})
    tell(conn, stripe("customer.subscription.updated", payload, at=7 * 86_400 + 60))
    expire_trials(conn, END + DAY)

    assert row(conn, BOB)["trial_status"] == "converted"


@pytest.mark.usefixtures("trying")
def test_a_conversion_not_projected_yet_is_found_before_the_trial_expires(conn: Connection) -> None:
    payload = subscription("active", customer="cus_late", id="sub_late", metadata={"userId": ADA})
    append(conn, stripe("customer.subscription.created", payload, at=6 * 86_400, key="evt_late"))
    conn.commit()
    expire_trials(conn, END)
    tell(conn)

    assert row(conn, ADA)["trial_status"] in ("converted", "expired")
    assert row(conn, ADA)["current_plan"] == "glow_up"


@pytest.mark.usefixtures("trying")
def test_warnings_come_three_days_and_one_day_before(conn: Connection) -> None:
    times = [END - 4 * DAY, END - 3 * DAY, END - 2 * DAY, END - DAY, END - HOUR, END, END + DAY]

    counts = [warn_trials(conn, at).events for at in times]

    assert counts == [0, 2, 0, 2, 0, 0, 0]
    warned = conn.execute(
        "SELECT event_data ->> 'days' FROM events WHERE event_type = 'trial.ending_soon' AND route_key = %s"
        " ORDER BY position",
        [ADA],
    )
    assert warned.fetchall() == [("3",), ("1",)]


@pytest.mark.usefixtures("trying")
def test_a_warning_that_comes_too_late_to_be_true_is_left_out(conn: Connection) -> None:
    assert warn_trials(conn, END - HOUR).events == 2
    assert types_of(conn, ADA) == ["trial.started", "trial.ending_soon"]


def test_a_trial_of_two_days_is_not_said_to_end_in_three(conn: Connection) -> None:
    tell(conn, *sold(), *joined(ADA))
    tell(conn, own(TrialStarted(starts_at=END - 2 * DAY, ends_at=END), at=5 * 86_400))

    assert [warn_trials(conn, END - hours * HOUR).events for hours in (47, 23)] == [0, 1]


def test_a_month_is_reset_once_however_many_were_missed(conn: Connection) -> None:
    tell(conn, *sold(), *joined(ADA, BOB))

    late = reset_usage(conn, datetime(2026, 5, 20, tzinfo=UTC))
    again = reset_usage(conn, datetime(2026, 5, 21, tzinfo=UTC))

    assert (late.events, again.events) == (2, 0)
    assert row(conn, ADA)["usage_reset_date"] == datetime(2026, 6, 1, tzinfo=UTC)
    assert types_of(conn, BOB) == ["usage.reset"]


def test_nothing_is_reset_for_who_was_deleted(conn: Connection) -> None:
    tell(conn, *sold(), *joined(ADA), clerk("user.deleted", {"id": ADA, "deleted": True}, at=60))

    assert reset_usage(conn, datetime(2026, 5, 20, tzinfo=UTC)).looked_at == 0


def test_a_grant_ends_when_its_time_is_over(conn: Connection) -> None:
    tell(conn, *sold(), *joined(ADA, BOB))
    tell(conn, own(EntitlementGranted(plan_key="glow_up", until=END), at=60))
    tell(conn, own(EntitlementGranted(plan_key="glow_up"), user=BOB, at=60))

    counts = [expire_grants(conn, at).events for at in (END - HOUR, END, END + HOUR)]

    assert counts == [0, 1, 0]
    assert row(conn, ADA)["current_plan"] == "free"
    assert row(conn, BOB)["current_plan"] == "glow_up"


def test_a_grant_that_was_replaced_does_not_end_the_next(conn: Connection) -> None:
    tell(conn, *sold(), *joined(ADA))
    tell(conn, own(EntitlementGranted(plan_key="glow_up", until=END), at=60))
    tell(conn, own(EntitlementGranted(plan_key="glow_up", until=END + DAY), at=120))

    assert expire_grants(conn, END + HOUR).events == 0
    assert row(conn, ADA)["current_plan"] == "glow_up"


@pytest.mark.parametrize("scan", [expire_trials, warn_trials, reset_usage, expire_grants])
@pytest.mark.usefixtures("trying")
def test_scans_at_the_same_time_say_each_fact_once(conn: Connection, conninfo: str, scan: Scan) -> None:
    tell(conn, own(EntitlementGranted(plan_key="glow_up", until=END), user=BOB, at=60))
    at = {reset_usage: datetime(2026, 2, 1, tzinfo=UTC), warn_trials: END - DAY}.get(scan, END + HOUR)
    gate = Barrier(8)

    def client(_: int) -> int:
        with closing(connect(conninfo, application_name="scan", autocommit=True)) as own_conn:
            gate.wait()
            return scan(own_conn, at).events

    with ThreadPoolExecutor(8) as threads:
        total = sum(threads.map(client, range(8)))

    assert total == (1 if scan is expire_grants else 2)
    counted = conn.execute("SELECT count(*) - count(DISTINCT idempotency_key) FROM events")
    assert counted.fetchone() == (0,)


def test_more_than_a_page_is_scanned_to_the_end(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.scheduled_scans.PAGE", 3)
    people = [f"user_{number}" for number in range(10)]
    tell(
        conn, *sold(), *joined(*people), *[own(our_trial(user_id), user=user_id, at=1) for user_id in people]
    )
    tell(
        conn, *[own(EntitlementGranted(plan_key="free", until=END), user=user_id, at=2) for user_id in people]
    )

    counts = [scan(conn, END).events for scan in (expire_trials, expire_grants)]

    assert counts == [10, 10]
    assert reset_usage(conn, datetime(2026, 2, 1, tzinfo=UTC)).events == 10


def test_one_that_fails_does_not_stop_the_others(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [f"user_{number}" for number in range(6)]
    tell(
        conn, *sold(), *joined(*people), *[own(our_trial(user_id), user=user_id, at=1) for user_id in people]
    )
    monkeypatch.setattr("handlers.scheduled_scans.settle", _failing_for("user_3", settle))
    done = expire_trials(conn, END)

    assert (done.events, done.failed) == (5, ["user_3"])


def _failing_for(user_id: str, real: Settle) -> Settle:
    def failing(conn: Connection, users: list[str], *args: object, **options: object) -> dict[str, int]:
        if user_id in users:
            raise RuntimeError("a bug")
        return real(conn, users, *args, **options)

    return failing


def test_who_is_quarantined_is_left_alone(conn: Connection) -> None:
    tell(conn, *sold(), *joined(ADA), own(our_trial(), at=1))
    tell(conn, clerk("user.updated", user(ADA) | {"email_addresses": 7}, at=60))

    assert expire_trials(conn, END).looked_at == 0


def test_a_scan_wants_a_connection_outside_any_transaction(conn: Connection) -> None:
    conn.execute("SELECT 1")

    with pytest.raises(BusyTransaction):
        expire_trials(conn, END)


@pytest.mark.usefixtures("trying")
def test_the_preview_says_who_when_and_why_and_writes_nothing(conn: Connection) -> None:
    tell(conn, own(EntitlementGranted(plan_key="glow_up", until=instant(5 * 86_400)), at=60))
    before = conn.execute("SELECT sum(head) FROM part_heads").fetchone()
    conn.commit()

    entries = preview(conn, START, 7)

    assert [(entry.user_id, entry.what, (entry.at - START) / DAY) for entry in entries] == [
        (ADA, "trial.ending_soon", 4),
        (BOB, "trial.ending_soon", 4),
        (ADA, "entitlement.revoked", 5),
        (ADA, "trial.ending_soon", 6),
        (BOB, "trial.ending_soon", 6),
        (ADA, "trial.expired", 7),
    ]
    assert "Tenure's trial" in entries[-1].why
    assert entries[1].why == "the Stripe trial of sub_ada ends in 3 days"
    assert conn.execute("SELECT sum(head) FROM part_heads").fetchone() == before
    conn.commit()
    later = preview(conn, START, 31)
    assert [entry.what for entry in later[6:]] == ["trial.expired", "usage.reset", "usage.reset"]
    assert "the Stripe trial of sub_ada will have been over for 60 minutes" in later[6].why


@pytest.mark.usefixtures("trying")
def test_what_the_preview_foresees_is_what_happens(conn: Connection) -> None:
    foreseen = preview(conn, START, 40)

    happened = 0
    for day in range(41 * 24):
        at = START + day * HOUR
        for scan in (expire_trials, warn_trials, reset_usage, expire_grants):
            happened += (
                scan(conn, at).events if any(abs(entry.at - at) < 2 * HOUR for entry in foreseen) else 0
            )

    assert happened == len(foreseen)
