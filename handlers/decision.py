"""One decision about one user: the state is held, the rule decides, the facts and the tables follow.

All of it happens in the caller's transaction, so the answer, the log and the next read agree, and
nobody else decides about the user in between. A transaction makes one decision, since each holds a
part of the log.
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
from handlers.errors import (
    IdempotencyConflict,
    UserDeleted,
    UserQuarantined,
    UserUnknown,
)
from projections.catalog import Catalog
from projections.decision_transaction import DecisionTransaction, Snapshot
from projections.decision_transaction_batch import Asked, DecisionTransactionBatch
from projections.log_reader import AnyConnection
from projections.state import State
from projections.store import lock_customers

FARTHEST_AHEAD = timedelta(days=1)  # of a provider's event that a decision still comes after


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Who asks for what. `asked` is what makes a repetition of the key the same request.

    `trace`: what the event keeps of the asker's trace, where another thread decides.
    """

    user_id: str
    key: str
    asked: Mapping[str, Any]  # Any: JSON values
    now: datetime
    actor: str
    reason: str | None = None
    request_id: str | None = None
    trace: Mapping[str, str] = field(default_factory=dict)


class DueFact(NamedTuple):
    """A fact that time alone has brought about, and the key under which it is said once."""

    key: str
    fact: DomainEvent


@dataclass(frozen=True, slots=True)
class Verdict:
    """The fact that was asked for, what was due before it, and the answer to give and to keep."""

    fact: DomainEvent
    answer: Mapping[str, Any]  # Any: JSON values
    due: Sequence[DueFact] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer, and the event that keeps it. `repeated`: it was given before, for the same key."""

    event_id: UUID
    answer: dict[str, Any]  # Any: JSON values
    repeated: bool


Rule = Callable[[State, Catalog, datetime], Verdict]


class CommandRule(NamedTuple):
    """A command and the rule that decides it."""

    command: Command
    rule: Rule


def decide(
    conn: AnyConnection, command: Command, rule: Rule, *, live_only: bool, customers: Sequence[str] = ()
) -> Decided:
    """Decide by `rule`: (state, catalog, now) to a verdict, or raise a refusal. It may be asked twice.

    The same key again gives the first answer and changes nothing.
    Raises: UserUnknown, IdempotencyConflict, what `rule` raises, PartBehind, PartBusy; the caller
    must then roll back.
    """
    user_id, key = command.user_id, command.key
    answers: list[Decided | Mapping[str, Any]] = []  # Any: JSON values

    def choose(now: Snapshot) -> list[NewEvent]:
        if user_id not in now.users and key not in now.said:
            raise UserUnknown(user_id)
        answer, events = _chosen(now, command, rule, seen_at=_claimed_at(conn, customers))
        answers[:] = [answer]
        return events

    inline = DecisionTransaction(conn, part_of(user_id), live_only=live_only)
    appended = inline.decide([user_id], choose, keys=[key], customers=customers)
    (answer,) = answers
    if isinstance(answer, Decided):
        return answer
    return Decided(appended[-1].id, dict(answer), False)


def decide_many(
    conn: AnyConnection, asked: Sequence[CommandRule], *, live_only: bool
) -> list[Decided | Exception | None]:
    """Decide each by its own rule, as `decide` would; what one raises is its answer and stops no other.

    None where that would have to wait for somebody: nothing was decided, and `decide` waits. No two
    may be about one user.
    Raises: Moved, when all would have to be decided again; the caller must then roll back.
    """
    answers: list[Decided | Exception | Mapping[str, Any] | None] = []  # Any: JSON values
    ends: list[int] = []  # of each one's events, among all

    def choose(now: Snapshot) -> list[NewEvent]:
        answers.clear()
        ends.clear()
        events: list[NewEvent] = []
        for command, rule in asked:
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

    inline = DecisionTransactionBatch(conn, live_only=live_only)
    appended = inline.decide([Asked(each.command.user_id, each.command.key) for each in asked], choose)
    return [
        Decided(appended[end - 1].id, dict(answer), False) if isinstance(answer, Mapping) else answer
        for answer, end in zip(answers, ends, strict=True)
    ]


def _claimed_at(conn: AnyConnection, customers: Sequence[str]) -> int:
    """The instant of the last claim to the customers whose links are decided; `decide` has them locked."""
    if not customers:
        return 0
    claims = [row.claims for row in lock_customers(conn, customers).values() if row.claims is not None]
    return max((each.last_at() for each in claims), default=0)


def _chosen(
    now: Snapshot, command: Command, rule: Rule, *, seen_at: int = 0
) -> tuple[Decided | Mapping[str, Any], list[NewEvent]]:  # Any: JSON values
    """The answer given before and no event, or the answer to give and the events that keep it."""
    if command.key in now.said:
        return _repeated(now, command), []
    state = now.users[command.user_id].state
    at = moment(state, command.now, seen_at=seen_at)
    verdict = rule(state, now.catalog, at)
    return verdict.answer, _events(command, verdict, at)


def settle(
    conn: AnyConnection,
    users: Sequence[str],
    rule: Callable[[State, datetime], Sequence[DueFact]],
    *,
    now: datetime,
    live_only: bool,
) -> dict[str, int]:
    """Say what time has brought about for users of one part; user to how many facts were new.

    Users who are unknown or quarantined are left alone: nothing can be decided of them.
    """
    asked: list[tuple[str, NewEvent]] = []

    def choose(found: Snapshot) -> list[NewEvent]:
        asked.clear()
        for user, held in found.users.items():
            if held.state.poison is None:
                due = rule(held.state, now)  # nothing is due early because an event is dated ahead
                asked.extend((user, event) for event in _due_events(user, due, moment(held.state, now)))
        return [event for _, event in asked]

    inline = DecisionTransaction(conn, part_of(users[0]), live_only=live_only)
    new: dict[str, int] = {}
    for (user, _), answer in zip(asked, inline.decide(users, choose), strict=True):
        new[user] = new.get(user, 0) + (answer.outcome == "appended")
    return new


def moment(state: State, now: datetime, *, seen_at: int = 0) -> datetime:
    """Now, but after everything known of the user: a decision comes after what it was based on, `seen_at`
    (microseconds) too.

    So neither a clock that steps back nor two hosts' clocks can put a count before the reset that would
    swallow it. Our own decisions are followed however far ahead they are. A provider's event is followed
    for a day: one further ahead was appended before such instants were bounded.
    """
    latest = micros(now + FARTHEST_AHEAD)
    seen = [at for at in (state.last_at, seen_at) if at < latest]
    return max(now, later(from_micros(max(state.decided_at, *seen, 0)), MICROSECOND))


def refuse_unfit(state: State) -> None:
    """Raises: UserDeleted, UserQuarantined: nothing can be given to them, nothing counted."""
    if state.deleted_at is not None:
        raise UserDeleted(state.user_id)
    if state.poison is not None:
        raise UserQuarantined(state.user_id, state.poison.id)


def _repeated(now: Snapshot, command: Command) -> Decided:
    said = now.said[command.key]
    if said.metadata.get("asked") != dict(command.asked):
        raise IdempotencyConflict
    return Decided(said.id, said.metadata["answer"], True)


def _events(command: Command, verdict: Verdict, at: datetime) -> list[NewEvent]:
    due = _due_events(command.user_id, verdict.due, at)
    event = user_event(
        verdict.fact,
        user_id=command.user_id,
        now=later(at, len(due) * MICROSECOND),
        idempotency_key=command.key,
        actor=command.actor,
        reason=command.reason,
        request_id=command.request_id,
    )
    kept = {"asked": dict(command.asked), "answer": dict(verdict.answer)}
    return [*due, replace(event, metadata={**event.metadata, **kept, **command.trace})]


def _due_events(user_id: str, due: Sequence[DueFact], at: datetime) -> list[NewEvent]:
    return [
        user_event(
            each.fact,
            user_id=user_id,
            now=later(at, number * MICROSECOND),
            idempotency_key=each.key,
            actor="tenure",
        )
        for number, each in enumerate(due)
    ]
