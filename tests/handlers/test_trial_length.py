"""How long a trial is when nobody says."""

from datetime import timedelta

import psycopg

from events.append import append
from events.clock import utc_now
from events.domain import user_event
from events.domain.user import OnboardingStarted
from handlers.configuration import set_value
from handlers.decision import Command
from handlers.trials import Length, start_trial
from projections.runner import Runner


def test_a_trial_is_as_long_as_configured_to_the_next_second(conninfo: str) -> None:
    now = utc_now().replace(microsecond=250_000)
    with psycopg.connect(conninfo, autocommit=True) as conn:
        append(conn, user_event(OnboardingStarted(), user_id="user_1", now=now, idempotency_key="o"))
        with conn.transaction():
            set_value(conn, "trial", "duration_days", "30", now=now, actor="test")
        Runner(lambda: psycopg.connect(conninfo, autocommit=True)).drain()
        with conn.transaction():
            order = Command(user_id="user_1", key="k", request={}, now=now, actor="test", reason="asked")
            start_trial(conn, order, Length())

        row = conn.execute("SELECT trial_start_date, trial_end_date FROM user_subscriptions").fetchone()
    assert row is not None
    starts_at, ends_at = row
    assert ends_at.microsecond == 0
    assert timedelta(0) <= ends_at - starts_at - timedelta(days=30) < timedelta(seconds=1)
