"""user_system_data: sign-up, reminders sent, and the last provider event."""

from collections.abc import Callable

from events.domain import user as own
from projections.facts import Fact
from projections.state import NO_LEGACY, Core, State
from projections.tables.users import payload_of

COLUMNS = (
    "signup_timestamp",
    "email_schedule_status",
    "last_webhook_event",
    "last_webhook_timestamp",
)


def core(state: State) -> Core:
    # A copy: the rules change the dictionary, and a row must differ from the row before it.
    before = state.legacy or NO_LEGACY
    signed_up_at = state.signed_up_at if state.clerk_said else before.signup_timestamp
    last = (state.last_webhook, state.last_webhook_at)
    if state.last_webhook is None:
        last = (before.last_webhook_event, before.last_webhook_timestamp)
    return [signed_up_at, dict(state.emails), *last]


def _scheduled(state: State, fact: Fact) -> None:
    payload = own.EmailScheduled.model_validate_json(payload_of(fact)).model_dump(mode="json")
    state.emails[payload["occasion"]] = {"status": "scheduled", "scheduled_for": payload["scheduled_for"]}


def _sent(state: State, fact: Fact) -> None:
    payload = own.EmailSent.model_validate_json(payload_of(fact)).model_dump(mode="json")
    _mark(state, payload["occasion"], status="sent", sent_at=payload["sent_at"])


def _failed(state: State, fact: Fact) -> None:
    _mark(state, own.EmailFailed.model_validate_json(payload_of(fact)).occasion, status="failed")


def _cancelled(state: State, fact: Fact) -> None:
    _mark(state, own.EmailCancelled.model_validate_json(payload_of(fact)).occasion, status="cancelled")


def _mark(state: State, occasion: str, **fields: str) -> None:
    state.emails[occasion] = state.emails.get(occasion, {}) | fields


RULES: dict[str, Callable[[State, Fact], None]] = {
    "email.scheduled": _scheduled,
    "email.sent": _sent,
    "email.failed": _failed,
    "email.cancelled": _cancelled,
}
