"""Count usage, entirely or not at all, and never past the limit of the plan in force."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from events.domain.user import UsageRecorded
from events.group_commit import GroupCommit
from events.identifiers import key_part
from events.statements import AnyConnection
from handlers.decision import (
    Command,
    CommandRule,
    Decided,
    Verdict,
    decide,
    decide_many,
    refuse_unfit,
)
from handlers.errors import LimitExceeded
from handlers.expirations import all_over
from handlers.retry import attempt
from projections.catalog import Catalog
from projections.decision_transaction import SnapshotChanged
from projections.state import State
from queries.entitlements import Metric, PlanInForce, allowances_json, standing

MAX_TOGETHER = 16

_logger = structlog.get_logger(__name__)

Connect = Callable[[], AbstractContextManager[AnyConnection]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredUsage:
    """A quantity of one metric."""

    metric: Metric
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The totals after the usage was counted. A limit or remainder of None is unlimited."""

    event_id: UUID
    metric: Metric
    quantity: int
    limits: dict[str, int | None]
    used: dict[str, int]
    remaining: dict[str, int | None]
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCommand:
    """A request to count usage. `key` identifies this usage among all of the user's."""

    user_id: str
    usage: MeteredUsage
    key: str
    now: datetime
    actor: str
    request_id: str | None = None
    trace: Mapping[str, str] = field(default_factory=dict)


def record_usage(conn: AnyConnection, request: UsageCommand) -> Counted:
    """Count usage. The same key again counts nothing and returns the same totals.

    A refusal is not stored: the same key may succeed later, when more remains.
    Raises: LimitExceeded, UserUnknown, UserDeleted, UserQuarantined, IdempotencyConflict, PartBehind,
    PartBusy; the caller must then roll back.
    """
    command, rule = command_rule(request)
    return _counted(request.usage, decide(conn, command, rule))


class UsageCounter:
    """Counts usage in its own transactions, which concurrent callers of one process share."""

    def __init__(self, connection: Connect) -> None:
        self._connection = connection
        self._together: GroupCommit[UsageCommand, Decided | Exception] = GroupCommit(
            self._carry, apart=lambda request: request.user_id, most=MAX_TOGETHER
        )

    def record(self, request: UsageCommand) -> Counted:
        """As `record_usage`, and durable. Raises: as `record_usage`, and errors of the database."""
        decided = self._together.submit(request)
        if decided is None:
            return attempt(self._connection, lambda conn: record_usage(conn, request))
        if isinstance(decided, Exception):
            raise decided
        return _counted(request.usage, decided)

    def _carry(self, requests: Sequence[UsageCommand]) -> Sequence[Decided | Exception | None]:
        """None for all when the transaction fails. If only the commit's confirmation was lost, the retry
        returns the first answer for its key."""
        try:
            with self._connection() as conn:
                return decide_many(conn, [command_rule(request) for request in requests])
        except PoolTimeout as problem:
            return [problem] * len(requests)  # they have waited long enough
        except (SnapshotChanged, psycopg.Error):
            return [None] * len(requests)
        except Exception:  # a bug that one request triggers: each is retried on its own
            _logger.exception("usage.group_failed", requests=len(requests))
            return [None] * len(requests)


def command_rule(request: UsageCommand) -> CommandRule:
    """The command to decide, and its rule."""
    usage = request.usage
    command = Command(
        user_id=request.user_id,
        key=f"usage.recorded:{key_part(request.user_id)}:{request.key}",
        now=request.now,
        actor=request.actor,
        request_id=request.request_id,
        trace=request.trace,
        request={"metric": usage.metric, "quantity": usage.quantity},
    )
    return CommandRule(command, lambda state, catalog, at: count(state, catalog, usage, at))


def _counted(usage: MeteredUsage, decided: Decided) -> Counted:
    return Counted(
        event_id=decided.event_id,
        metric=usage.metric,
        quantity=usage.quantity,
        repeated=decided.repeated,
        **{name: _in_order(decided.answer[name]) for name in ("limits", "used", "remaining")},
    )


def count(state: State, catalog: Catalog, usage: MeteredUsage, now: datetime) -> Verdict:
    """The verdict on one request. Facts that are due by now are appended first.

    Raises: LimitExceeded, UserDeleted, UserQuarantined.
    """
    refuse_unfit(state)
    plan = standing(state, catalog, now)
    _refuse_beyond(plan, usage)
    after = plan.allowances | {usage.metric: plan.allowances[usage.metric].after(usage.quantity)}
    fact = UsageRecorded(metric=usage.metric, quantity=usage.quantity)
    return Verdict(fact, allowances_json(after), all_over(state, now))


def _refuse_beyond(plan: PlanInForce, usage: MeteredUsage) -> None:
    allowance = plan.allowances[usage.metric]
    if allowance.limit is None or allowance.remaining is None or usage.quantity <= allowance.remaining:
        return
    raise LimitExceeded(
        usage.metric,
        quantity=usage.quantity,
        limit=allowance.limit,
        used=allowance.used,
        remaining=allowance.remaining,
    )


def _in_order(by_metric: dict[str, Any]) -> dict[str, Any]:  # Any: counts
    """The metrics in display order: jsonb stores keys in another order."""
    return {metric: by_metric[metric] for metric in ("campaigns", "creators", "enrichments")}
