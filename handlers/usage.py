"""Usage is counted whole or not at all, and never past the limit of the plan in force."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from events.own.user import UsageRecorded
from handlers.decision import Command, Verdict, decide, key_part, refuse_unfit
from handlers.errors import LimitExceeded
from handlers.lapses import all_over
from projections.catalog import Catalog
from projections.log import AnyConnection
from projections.state import State
from queries.entitlements import Metric, Standing, standing, told_allowances


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """So much of a metric."""

    metric: Metric
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The totals after it was counted. None, as limit or as what remains, is unlimited."""

    event_id: UUID
    metric: Metric
    quantity: int
    limits: dict[str, int | None]
    used: dict[str, int]
    remaining: dict[str, int | None]
    repeated: bool


def record_usage(
    conn: AnyConnection,
    user_id: str,
    usage: Usage,
    *,
    key: str,
    now: datetime,
    actor: str,
    request_id: str | None = None,
    live_only: bool = False,
) -> Counted:
    """Count it. The same key again counts nothing and gives the same totals.

    A refusal is not kept: the same key may succeed later, when more remains.
    Raises: LimitExceeded, UserUnknown, UserDeleted, UserQuarantined, IdempotencyConflict, PartBehind,
    PartBusy; the caller must then roll back.
    """
    command = Command(
        user_id=user_id,
        key=f"usage.recorded:{key_part(user_id)}:{key}",
        asked={"metric": usage.metric, "quantity": usage.quantity},
        now=now,
        actor=actor,
        request_id=request_id,
    )
    decided = decide(
        conn, command, lambda state, catalog, at: count(state, catalog, usage, at), live_only=live_only
    )
    return Counted(
        event_id=decided.event_id,
        metric=usage.metric,
        quantity=usage.quantity,
        repeated=decided.repeated,
        **{name: _in_order(decided.answer[name]) for name in ("limits", "used", "remaining")},
    )


def count(state: State, catalog: Catalog, usage: Usage, now: datetime) -> Verdict:
    """The verdict on one request. What time has ended by now is said first.

    Raises: LimitExceeded, UserDeleted, UserQuarantined.
    """
    refuse_unfit(state)
    found = standing(state, catalog, now)
    _refuse_beyond(found, usage)
    after = found.allowances | {usage.metric: found.allowances[usage.metric].after(usage.quantity)}
    fact = UsageRecorded(metric=usage.metric, quantity=usage.quantity)
    return Verdict(fact, told_allowances(after), all_over(state, now))


def _refuse_beyond(found: Standing, usage: Usage) -> None:
    left = found.allowances[usage.metric]
    if left.limit is None or left.remaining is None or usage.quantity <= left.remaining:
        return
    raise LimitExceeded(
        usage.metric, quantity=usage.quantity, limit=left.limit, used=left.used, remaining=left.remaining
    )


def _in_order(by_metric: dict[str, Any]) -> dict[str, Any]:  # Any: counts
    """As it was before jsonb put it in an order of its own."""
    return {metric: by_metric[metric] for metric in ("campaigns", "creators", "enrichments")}
