"""Why a column is what it is: the event, the rule and the code that set it."""

from datetime import datetime
from itertools import count
from typing import Any

from events.clock import from_micros, micros
from projections.code_version import projector_version
from projections.rows import TABLES
from projections.snapshots import EVER
from queries.bases import Base, Streams
from queries.changes import ColumnChange
from queries.errors import UnknownColumn
from queries.history_at import BoundedHistory, HistoryFact, load_history
from queries.rows import AnyConnection
from queries.timeline import Step, timeline
from queries.undecided import MOST_LATER, may_be_undecided, undecided_reason
from queries.why import unpriced

Json = dict[str, Any]  # Any: JSON values and instants


def explain(
    conn: AnyConnection,
    user_id: str,
    column: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    live_only: bool = False,
) -> Json | None:
    """The column's value, the event that set it, and the chain of earlier values, newest first.

    `earlier` of a long history may not reach its beginning; `earlier_is_complete` is true if it does.
    `note` is set when the present subscription's price names no plan, which no event shows.
    `undecided` is true when the snapshots allow another order of events, with another value.
    None for an unknown user.
    Raises: UnknownColumn.
    """
    if column not in RULES:
        raise UnknownColumn(column, sorted(RULES))
    end = EVER if as_of is None else micros(as_of)
    search = Search(Streams(conn, user_id), column, known_at=known_at, live_only=live_only)
    chain = search.chain(end)
    if not chain:
        return None
    entries = [_entry(step, change) for step, change in chain]
    is_now = as_of is None and known_at is None
    note = unpriced(conn, user_id) if column in OF_THE_PRICE and is_now else None
    reason = search.undecided(_behind(*chain[0]).fact.at, end)
    return {
        "column": column,
        **entries[0],
        "note": note,
        "undecided": reason is not None,
        "undecided_reason": reason,
        "earlier": entries[1:],
        "earlier_is_complete": search.is_complete,
    }


class Search:
    """Searches backwards for the events that set a column, from stored state to stored state."""

    def __init__(self, streams: Streams, column: str, *, known_at: datetime | None, live_only: bool) -> None:
        self._streams = streams
        self._column = column
        self._known_at = known_at
        self._live_only = live_only
        self._window: BoundedHistory | None = None
        self.is_complete = False

    def chain(self, end: int) -> list[tuple[Step, ColumnChange]]:
        """The column's changes up to an instant, the newest first. Empty for an unknown user; for a column
        that is null from the beginning, the first event, which created the row."""
        chain: list[tuple[Step, ColumnChange]] = []
        base = self._streams.base(end, self._known_at)
        for reads in count(1):
            history = self._read(base, end)
            steps = timeline(history)
            changes = [(s, c) for s in reversed(steps) for c in s.changes if c.column == self._column]
            if changes and not chain:
                self._window = history
            chain += changes
            if base is None:
                self.is_complete = True
                break
            if len(chain) > 1 and reads >= MOST_READS:
                break
            end = max(self._changed_before(base, history), self._streams.moved_at or end)
            base = self._streams.base(end - 1, self._known_at)
        if not chain and steps:
            self._window = history
            chain = [(steps[0], ColumnChange("", self._column, None, None))]
        return chain

    def undecided(self, at: int, end: int) -> str | None:
        """Why the column's value since an instant is not certain; None if it is."""
        if self._window is None or not may_be_undecided(self._window, self._column, at):
            return None
        base = self._streams.base(at - 1, self._known_at)
        until = min(end, self._streams.reach(at, MOST_LATER))
        return undecided_reason(self._read(base, until), self._column, at)

    def _read(self, base: Base | None, until: int) -> BoundedHistory:
        return load_history(
            self._streams.conn,
            self._streams.user_id,
            known_at=self._known_at,
            live_only=self._live_only,
            streams=self._streams,
            base=base,
            until=until,
        )

    def _changed_before(self, base: Base, history: BoundedHistory) -> int:
        """The last instant up to a stored state at which the column may have changed."""
        table, columns = next((t, names) for t, (names, _) in TABLES.items() if self._column in names)
        at = base.state.changed_at[table]
        if cells := base.state.cells_at.get(table):
            at = cells[max(0, columns.index(self._column) - len(columns) + len(cells))]
        plans = history.plan_entries if self._column in OF_THE_PRICE else []
        return max([at, *(entry.fact.at for entry in plans if entry.fact.at <= base.at)])


def _entry(step: Step, change: ColumnChange) -> Json:
    entry = _behind(step, change)
    return {
        "value": change.new,
        "event_id": entry.fact.id,
        "event_type": entry.fact.type,
        "occurred_at": from_micros(entry.fact.at),
        "actor": entry.actor,
        "reason": entry.reason,
        "rule": LEGACY if entry.fact.type == "legacy.imported" else RULES[change.column],
        "projector_version": projector_version(),
    }


def _behind(step: Step, change: ColumnChange) -> HistoryFact:
    """The event that set the value: an earlier one if the step only moved the customer."""
    return step.behind.get(change.column, step.entry)


MOST_READS = 4

OF_THE_PRICE = frozenset(
    {"current_plan", "billing_sync_status", "plan_campaigns_limit", "plan_creators_limit", "plan_features"}
)
LEGACY = "the value from before the log began, until another event sets it"

RULES = {
    "email": "the address whose id is Clerk's primary_email_address_id; null once the user is deleted",
    "full_name": "Clerk's first and last name joined and trimmed; null once the user is deleted",
    "business_name": "the last profile.updated or onboarding.step_completed that named it",
    "brand_description": "the last profile.updated or onboarding.step_completed that named it",
    "industry": "the last profile.updated or onboarding.step_completed that named it",
    "onboarding_step": "the furthest onboarding step completed",
    "is_admin": "Clerk's public_metadata, unless an operator granted or revoked it",
    "deleted_at": (
        "the first clerk.user.deleted or privacy.erased; "
        "deletion.reverted may revert one that a reconciliation observed"
    ),
    "current_plan": (
        "an operator's grant, else the plan of the current subscription's first item with a known price, as "
        "that price meant it when the subscription first had it, while trialing, active, past_due, unpaid or "
        "paused, else the plan of the service's own running trial, else free"
    ),
    "intended_plan": "the last plan.selected, or metadata of a Checkout session that was completed",
    "subscription_status": (
        "the status in the latest snapshot of the current subscription: the one with the highest status, "
        "then the latest created"
    ),
    "trial_status": (
        "pending, active while a trial or a trial offer runs, converted at the first payment for its "
        "subscription or active status after it began, expired when it was lost without one; a conversion "
        "is undone only if the first charge fails"
    ),
    "trial_start_date": "the current subscription's trial_start, else the start of the service's own trial",
    "trial_end_date": "the current subscription's trial_end, else the end of the service's own trial",
    "trial_conversion_date": (
        "when the first event after the trial began showed a payment for its subscription, other than a "
        "set-up fee, or the status active"
    ),
    "subscription_cancel_date": (
        "ended_at or canceled_at once ended, else cancel_at, else the period's end when it is to cancel then"
    ),
    "subscription_renewal_date": "the current period's end; null when paused or not to renew",
    "billing_sync_status": (
        "pending before any Stripe event, then synced; stale while a reconciliation saw Stripe ahead of the "
        "log; error for an unknown price or a history that stops"
    ),
    "stripe_customer_id": (
        "the customer of the current subscription, else the one linked last; a deleted one only if all are"
    ),
    "stripe_subscription_id": "the current subscription's id, kept after it ended",
    "payment_method_id": "the subscription's default, then the customer's, then the one attached last",
    "card_last4": "the payment method in force, as last attached or updated",
    "card_brand": "the payment method in force, in the spelling of PaymentMethod; null if it is no card",
    "card_exp_month": "the payment method in force, as last attached or updated",
    "card_exp_year": "the payment method in force, as last attached or updated",
    "billing_address_city": "the customer's address, else the payment method's",
    "billing_address_country": "the customer's address, else the payment method's",
    "billing_address_postal_code": "the customer's address, else the payment method's",
    "plan_campaigns_limit": (
        "the plan in force while trialing, active or past_due, else free's; -1 is unlimited"
    ),
    "plan_creators_limit": (
        "the plan in force while trialing, active or past_due, else free's; -1 is unlimited"
    ),
    "plan_features": "the plan in force while trialing, active or past_due, else free's",
    "usage_campaigns_current": "campaigns created minus archived, plus what was recorded as usage",
    "usage_creators_current_month": "creators recorded since the last usage.reset",
    "enrichments_current_month": "enrichments recorded since the last usage.reset",
    "usage_reset_date": "the first instant of the month after the current period began, UTC",
    "signup_timestamp": "Clerk's created_at",
    "email_schedule_status": "the last email.* event on each occasion",
    "last_webhook_event": "the provider event that comes last in canonical order",
    "last_webhook_timestamp": "when the provider event that comes last happened",
}
