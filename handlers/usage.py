"""Usage is counted whole or not at all, and never past the limit of the plan in force."""

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
from projections.log_reader import AnyConnection
from projections.state import State
from queries.entitlements import Metric, PlanInForce, standing, told_allowances

MOST_TOGETHER = 16

_logger = structlog.get_logger(__name__)

Connect = Callable[[], AbstractContextManager[AnyConnection]]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCommand:
    """Who asks to count what. `key` names this usage among all of the user's."""

    user_id: str
    usage: Usage
    key: str
    now: datetime
    actor: str
    request_id: str | None = None
    trace: Mapping[str, str] = field(default_factory=dict)


def record_usage(conn: AnyConnection, asked: UsageCommand, *, live_only: bool = False) -> Counted:
    """Count it. The same key again counts nothing and gives the same totals.

    A refusal is not kept: the same key may succeed later, when more remains.
    Raises: LimitExceeded, UserUnknown, UserDeleted, UserQuarantined, IdempotencyConflict, PartBehind,
    PartBusy; the caller must then roll back.
    """
    command, rule = ruled(asked)
    return _counted(asked.usage, decide(conn, command, rule, live_only=live_only))


class UsageCounter:
    """Counts usage in transactions of its own, which callers of one process share while they wait."""

    def __init__(self, connection: Connect, *, live_only: bool) -> None:
        self._connection = connection
        self._live_only = live_only
        self._together: GroupCommit[UsageCommand, Decided | Exception] = GroupCommit(
            self._carry, apart=lambda asked: asked.user_id, most=MOST_TOGETHER
        )

    def record(self, asked: UsageCommand) -> Counted:
        """As `record_usage`, and durable. Raises: as `record_usage`, and errors of the database."""
        decided = self._together.ask(asked)
        if decided is None:
            return attempt(
                self._connection, lambda conn: record_usage(conn, asked, live_only=self._live_only)
            )
        if isinstance(decided, Exception):
            raise decided
        return _counted(asked.usage, decided)

    def _carry(self, asked: Sequence[UsageCommand]) -> Sequence[Decided | Exception | None]:
        """None for all when the transaction fails: even where its commit was only not heard of, who
        then asks again is given the first answer for its key."""
        try:
            with self._connection() as conn:
                return decide_many(conn, [ruled(each) for each in asked], live_only=self._live_only)
        except PoolTimeout as problem:
            return [problem] * len(asked)  # they have waited long enough
        except (SnapshotChanged, psycopg.Error):
            return [None] * len(asked)
        except Exception:  # a bug met by one of them: alone, each meets its own
            _logger.exception("usage.group_failed", requests=len(asked))
            return [None] * len(asked)


def ruled(asked: UsageCommand) -> CommandRule:
    """The command to decide, and its rule."""
    usage = asked.usage
    command = Command(
        user_id=asked.user_id,
        key=f"usage.recorded:{key_part(asked.user_id)}:{asked.key}",
        asked={"metric": usage.metric, "quantity": usage.quantity},
        now=asked.now,
        actor=asked.actor,
        request_id=asked.request_id,
        trace=asked.trace,
    )
    return CommandRule(command, lambda state, catalog, at: count(state, catalog, usage, at))


def _counted(usage: Usage, decided: Decided) -> Counted:
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


def _refuse_beyond(found: PlanInForce, usage: Usage) -> None:
    left = found.allowances[usage.metric]
    if left.limit is None or left.remaining is None or usage.quantity <= left.remaining:
        return
    raise LimitExceeded(
        usage.metric, quantity=usage.quantity, limit=left.limit, used=left.used, remaining=left.remaining
    )


def _in_order(by_metric: dict[str, Any]) -> dict[str, Any]:  # Any: counts
    """As it was before jsonb put it in an order of its own."""
    return {metric: by_metric[metric] for metric in ("campaigns", "creators", "enrichments")}
