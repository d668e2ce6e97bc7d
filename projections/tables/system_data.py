"""user_system_data: sign-up, reminders sent, and the last provider event."""

from typing import Annotated, Any

from msgspec import Struct

from events.domain import user as own
from projections.facts import Fact
from projections.state import NO_LEGACY, State
from projections.tables.table import Column, Table
from projections.tables.users import payload_of


class SystemData(Struct):
    """A row of user_system_data."""

    signup_timestamp: Annotated[int | None, Column("Clerk's created_at", is_instant=True)]
    # Any: the fields of the last event
    email_schedule_status: Annotated[
        dict[str, dict[str, Any]], Column("the last email.* event on each occasion")
    ]
    last_webhook_event: Annotated[str | None, Column("the provider event that comes last in canonical order")]
    last_webhook_timestamp: Annotated[
        int | None, Column("when the provider event that comes last happened", is_instant=True)
    ]


def core(state: State) -> SystemData:
    before = state.legacy or NO_LEGACY
    has_webhook = state.last_webhook is not None
    return SystemData(
        signup_timestamp=state.signed_up_at if state.clerk_said else before.signup_timestamp,
        # A copy: the rules change the dictionary, and a row must differ from the row before it.
        email_schedule_status=dict(state.emails),
        last_webhook_event=state.last_webhook if has_webhook else before.last_webhook_event,
        last_webhook_timestamp=state.last_webhook_at if has_webhook else before.last_webhook_timestamp,
    )


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


TABLE = Table(
    "user_system_data",
    SystemData,
    core,
    rules={
        "email.scheduled": _scheduled,
        "email.sent": _sent,
        "email.failed": _failed,
        "email.cancelled": _cancelled,
    },
    counts_webhooks=True,
    keeps_cell_times=True,
)
