"""One decision about one user: lock the state, apply the rule, append the facts, update the tables.

All of it happens in the caller's transaction, so the answer, the log and the next read agree, and
no other transaction decides about the user in between. A transaction makes one decision, since each
locks a partition of the log.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from events.clock import MICROSECOND, from_micros, later, micros
from events.domain import DomainEvent, user_event
from events.envelope import NewEvent
from events.routing import part_of
from events.statements import AnyConnection
from handlers.errors import (
    IdempotencyConflict,
    UserDeleted,
    UserQuarantined,
    UserUnknown,
)
from projections.catalog import Catalog
from projections.decision_transaction import DecisionTransaction, Snapshot
from projections.decision_transaction_batch import DecisionKey, DecisionTransactionBatch
from projections.state import State
from projections.store import lock_customers
from queries.instants import iso

FARTHEST_AHEAD = timedelta(days=1)  # a decision comes after provider events up to this far ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A request by `actor` about a user. A repetition of the key is the same request if `request` is equal;
    the handler adds it with `requesting`.

    `trace`: the caller's trace fields for the event, where another thread decides.
    """

    user_id: str
    key: str
    now: datetime
    actor: str
    reason: str | None = None
    request_id: str | None = None
    trace: Mapping[str, str] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON values

    def requesting(self, **request: Any) -> "Command":  # Any: JSON values and instants
        """The command with what it requests; instants are written as texts."""
        as_json = {
            name: iso(value) if isinstance(value, datetime) else value for name, value in request.items()
        }
        return replace(self, request=as_json)


class DueFact(NamedTuple):
    """A fact caused by time alone, and the idempotency key under which it is appended once."""

    key: str
    fact: DomainEvent


@dataclass(frozen=True, slots=True)
class Verdict:
    """The requested fact, the facts due before it, and the answer to return and to store.

    `others`: facts of the same request that come before `fact`.
    """

    fact: DomainEvent
    answer: Mapping[str, Any]  # Any: JSON values
    due: Sequence[DueFact] = ()
    others: Sequence[DomainEvent] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer, and the event that stores it. `repeated`: an earlier request had the same key.

    `other_ids`: the events of the verdict's `others`.
    """

    event_id: UUID
    answer: dict[str, Any]  # Any: JSON values
    repeated: bool
    other_ids: Sequence[UUID] = ()


Rule = Callable[[State, Catalog, datetime], Verdict]


class CommandRule(NamedTuple):
    """A command and the rule that decides it."""

    command: Command
    rule: Rule


def decide(
    conn: AnyConnection,
    command: Command,
    rule: Rule,
    *,
    customers: Sequence[str] = (),
    others: int = 0,
    may_be_new: bool = False,
) -> Decided:
    """Decide by `rule`: (state, catalog, now) to a verdict, or raise a refusal. It may be called twice.

    The same key again returns the first answer and changes nothing. `others` is the number of facts that
    the verdict has beside its own; `may_be_new`: no event needs to have mentioned the user.
    Raises: UserUnknown, IdempotencyConflict, what `rule` raises, PartBehind, PartBusy; the caller
    must then roll back.
    """
    user_id, key = command.user_id, command.key
    answers: list[Decided | Mapping[str, Any]] = []  # Any: JSON values

    def choose(now: Snapshot) -> list[NewEvent]:
        if user_id not in now.users and key not in now.prior_events and not may_be_new:
            raise UserUnknown(user_id)
        answer, events = _chosen(now, command, rule, seen_at=_claimed_at(conn, customers))
        answers[:] = [answer]
        return events

    inline = DecisionTransaction(conn, part_of(user_id))
    keys = [*_other_keys(key, others), key]
    appended = inline.decide([user_id], choose, keys=keys, customers=customers, by_batch=may_be_new)
    (answer,) = answers
    if isinstance(answer, Decided):
        return answer
    *_, event = ids = [one.id for one in appended[-1 - others :]]
    return Decided(event, dict(answer), False, ids[:-1])


def decide_many(conn: AnyConnection, commands: Sequence[CommandRule]) -> list[Decided | Exception | None]:
    """Decide each command by its own rule, as `decide` would; an exception of one rule is its answer and
    does not stop the others.

    None for a command that would have to wait for a lock: nothing was decided, and `decide` waits. No two
    commands may be about one user.
    Raises: SnapshotChanged, when all would have to be decided again; the caller must then roll back.
    """
    answers: list[Decided | Exception | Mapping[str, Any] | None] = []  # Any: JSON values
    ends: list[int] = []  # end of each command's events in the list of all

    def choose(now: Snapshot) -> list[NewEvent]:
        answers.clear()
        ends.clear()
        events: list[NewEvent] = []
        for command, rule in commands:
            if command.user_id not in now.users:
                answers.append(None)
            else:
                try:
                    answer, more = _chosen(now, command, rule)
                    answers.append(answer)
                    events += more
                except Exception as problem:  # a bug in one rule is an answer as well
                    answers.append(problem)
            ends.append(len(events))
        return events

    inline = DecisionTransactionBatch(conn)
    appended = inline.decide([DecisionKey(command.user_id, command.key) for command, _ in commands], choose)
    return [
        Decided(appended[end - 1].id, dict(answer), False) if isinstance(answer, Mapping) else answer
        for answer, end in zip(answers, ends, strict=True)
    ]


def _claimed_at(conn: AnyConnection, customers: Sequence[str]) -> int:
    """The instant of the last claim to the customers whose links are decided; `decide` has them locked."""
    if not customers:
        return 0
    claims = [row.claims for row in lock_customers(conn, customers).values() if row.claims is not None]
    return max((claim.last_at() for claim in claims), default=0)


def _chosen(
    now: Snapshot, command: Command, rule: Rule, *, seen_at: int = 0
) -> tuple[Decided | Mapping[str, Any], list[NewEvent]]:  # Any: JSON values
    """The earlier answer and no event, or the new answer and the events that store it."""
    if command.key in now.prior_events:
        return _repeated(now, command), []
    locked = now.users.get(command.user_id)
    state = State(user_id=command.user_id) if locked is None else locked.state
    at = moment(state, command.now, seen_at=seen_at)
    verdict = rule(state, now.catalog, at)
    return verdict.answer, _events(command, verdict, at)


def settle(
    conn: AnyConnection,
    users: Sequence[str],
    rule: Callable[[State, datetime], Sequence[DueFact]],
    *,
    now: datetime,
) -> dict[str, int]:
    """Append what has fallen due for users of one partition; returns the number of new facts by user.

    Unknown and quarantined users are skipped: nothing can be decided about them.
    """
    proposed: list[tuple[str, NewEvent]] = []

    def choose(snapshot: Snapshot) -> list[NewEvent]:
        proposed.clear()
        for user, locked in snapshot.users.items():
            if locked.state.poison is None:
                due = rule(locked.state, now)  # nothing is due early because an event is dated ahead
                proposed.extend((user, event) for event in _due_events(user, due, moment(locked.state, now)))
        return [event for _, event in proposed]

    inline = DecisionTransaction(conn, part_of(users[0]))
    new: dict[str, int] = {}
    for (user, _), answer in zip(proposed, inline.decide(users, choose), strict=True):
        new[user] = new.get(user, 0) + (answer.outcome == "appended")
    return new


def moment(state: State, now: datetime, *, seen_at: int = 0) -> datetime:
    """Now, but later than every known event of the user and than `seen_at` (microseconds): a decision
    comes after what it was based on.

    So neither a clock that steps back nor two hosts' clocks can put a count before the reset that would
    swallow it. Tenure's own decisions count however far ahead they are. A provider's event counts up to
    one day ahead: one further ahead was appended before such instants were bounded.
    """
    latest = micros(now + FARTHEST_AHEAD)
    seen = [at for at in (state.last_at, seen_at) if at < latest]
    return max(now, later(from_micros(max(state.decided_at, *seen, 0)), MICROSECOND))


def refuse_unfit(state: State) -> None:
    """Raises: UserDeleted, UserQuarantined: such users get no grants and no usage."""
    if state.deleted_at is not None:
        raise UserDeleted(state.user_id)
    refuse_quarantined(state)


def refuse_quarantined(state: State) -> None:
    """Raises: UserQuarantined: such a user's rows would not show the decision."""
    if state.poison is not None:
        raise UserQuarantined(state.user_id, state.poison.id)


def _repeated(now: Snapshot, command: Command) -> Decided:
    prior = now.prior_events[command.key]
    if prior.metadata.get("asked") != dict(command.request):
        raise IdempotencyConflict
    others = [now.prior_events[key].id for key in sorted(now.prior_events) if key != command.key]
    return Decided(prior.id, prior.metadata["answer"], True, others)


def _events(command: Command, verdict: Verdict, at: datetime) -> list[NewEvent]:
    due = _due_events(command.user_id, verdict.due, at)
    keys = [*_other_keys(command.key, len(verdict.others)), command.key]
    facts = zip(keys, [*verdict.others, verdict.fact], strict=True)
    *others, event = [
        user_event(
            fact,
            user_id=command.user_id,
            now=later(at, number * MICROSECOND),
            idempotency_key=key,
            actor=command.actor,
            reason=command.reason,
            request_id=command.request_id,
        )
        for number, (key, fact) in enumerate(facts, len(due))
    ]
    kept = {"asked": dict(command.request), "answer": dict(verdict.answer)}
    return [*due, *others, replace(event, metadata={**event.metadata, **kept, **command.trace})]


def _other_keys(key: str, number: int) -> list[str]:
    return [f"{other}:{key}" for other in range(1, number + 1)]  # no command's key begins with a digit


def _due_events(user_id: str, due: Sequence[DueFact], at: datetime) -> list[NewEvent]:
    return [
        user_event(
            due_fact.fact,
            user_id=user_id,
            now=later(at, number * MICROSECOND),
            idempotency_key=due_fact.key,
            actor="tenure",
        )
        for number, due_fact in enumerate(due)
    ]
