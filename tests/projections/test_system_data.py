"""user_system_data: sign-up, reminders, the provider event that came last."""

from events.domain import user as user_events
from tests.projections.event_builders import DAY, START, USER, clerk, instant, linked, own, stripe, user
from tests.projections.model import profile, tables_of


def test_sign_up_is_clerks_created_at() -> None:
    event = clerk("user.updated", user(created_at=(START - DAY) * 1000 + 7), at=5)

    assert profile(event)["signup_timestamp"] == instant(-DAY + 0.007)


def test_sign_up_is_unknown_without_clerk() -> None:
    assert profile(linked())["signup_timestamp"] is None


def test_last_webhook_is_the_last_in_canonical_order_not_arrival() -> None:
    events = [stripe("charge.refunded", {"id": "ch_1", "object": "charge", "customer": "cus_ada"}, at=9)]
    events += [clerk("user.updated", user(), at=5), linked()]
    row = profile(*events)

    assert row["last_webhook_event"] == "stripe.charge.refunded"
    assert row["last_webhook_timestamp"] == instant(9)


def test_our_own_events_are_no_webhooks() -> None:
    row = profile(own(user_events.OnboardingStarted(), at=5))

    assert (row["last_webhook_event"], row["last_webhook_timestamp"]) == (None, None)


def test_email_goes_from_scheduled_to_sent() -> None:
    scheduled = own(user_events.EmailScheduled(occasion="trial_ending", scheduled_for=instant(DAY)), at=1)
    sent = own(user_events.EmailSent(occasion="trial_ending", sent_at=instant(DAY + 1)), at=DAY + 1)

    assert profile(scheduled)["email_schedule_status"] == {
        "trial_ending": {"status": "scheduled", "scheduled_for": "2026-01-02T00:00:00Z"}
    }
    assert profile(scheduled, sent)["email_schedule_status"] == {
        "trial_ending": {
            "status": "sent",
            "scheduled_for": "2026-01-02T00:00:00Z",
            "sent_at": "2026-01-02T00:00:01Z",
        }
    }


def test_email_fails_or_is_cancelled() -> None:
    scheduled = own(user_events.EmailScheduled(occasion="trial_ending", scheduled_for=instant(DAY)), at=1)
    failed = own(user_events.EmailFailed(occasion="trial_ending", error="bounced"), at=2)
    cancelled = own(user_events.EmailCancelled(occasion="trial_ending"), at=3)

    for event, status in ((failed, "failed"), (cancelled, "cancelled")):
        entry = profile(scheduled, event)["email_schedule_status"]["trial_ending"]
        assert entry["status"] == status


def test_each_change_of_the_schedule_dates_the_row() -> None:
    """A row once shared its dictionary with the state, and a refold overlooked the change."""
    events = [own(user_events.OnboardingStarted())]
    events += [own(user_events.EmailScheduled(occasion="trial_ending", scheduled_for=instant(DAY)), at=7)]
    events += [
        own(user_events.EmailCancelled(occasion="trial_ending"), at=9),
        own(user_events.OnboardingCompleted(), at=11),
    ]

    assert tables_of(events)[USER]["user_system_data"]["updated_at"] == instant(9)
