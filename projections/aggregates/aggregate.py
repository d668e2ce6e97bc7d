"""What all aggregates share: canonical order, and folding that stops at what it can't read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from events.clock import from_micros
from projections.facts import Fact, OwnFact
from projections.refusal import longest_storable

Payload = Any  # Any: each event's own payload
S = TypeVar("S", bound="Aggregate")

LAST = frozenset({"campaign.archived", "job.completed", "job.failed", "job.timed_out", "list.deleted"})


class Aggregate(Struct):
    """Columns of every row. `version` counts the folded events; `unfolded_event_id` is where it stopped."""

    id: UUID
    user_id: str
    version: int
    unfolded_event_id: str | None
    created_at: datetime
    updated_at: datetime


class AggregateKey(NamedTuple):
    """Owner and id: the same id on another user's route is another aggregate."""

    user_id: str
    id: UUID


class Rule(NamedTuple):
    """How one event is read, and what it does."""

    payload: type[Struct]
    apply: Callable[[Any, Payload, datetime], None]


@dataclass(frozen=True)
class Kind(Generic[S]):
    """One kind of aggregate. `id_of` reads only the id out of a payload."""

    prefix: str
    id_of: Callable[[str], UUID | None]
    payload: type[Struct]
    create: Callable[[AggregateKey, Payload, datetime], S]
    rules: Mapping[str, Rule]

    def knows(self, fact: Fact) -> bool:
        """Whether the event is of this kind."""
        return fact.type.startswith(self.prefix)


def rank(fact: Fact) -> tuple[int, int, str, str, str]:
    """Canonical order: by instant; within one, creation first and the end last, then type and key."""
    phase = 0 if fact.type.endswith(".created") else 2 if fact.type in LAST else 1
    return fact.at, phase, fact.type, fact.key, fact.id


def grouped(kind: Kind[S], user_id: str, facts: Iterable[Fact]) -> dict[AggregateKey, list[Fact]]:
    """Each aggregate's events, without events whose aggregate id can't be read."""
    histories: dict[AggregateKey, list[Fact]] = {}
    for fact in facts:
        if kind.knows(fact) and isinstance(fact.body, OwnFact):
            aggregate_id = kind.id_of(fact.body.payload)
            if aggregate_id is not None:
                histories.setdefault(AggregateKey(user_id, aggregate_id), []).append(fact)
    return histories


def folded(kind: Kind[S], key: AggregateKey, state: S | None, facts: Iterable[Fact]) -> S | None:
    """The state after these events, in any order; all are later than `state`.

    Events before the creation are ignored, and a second creation changes nothing.
    """
    for fact in sorted(facts, key=rank):
        if state is not None and state.unfolded_event_id is not None:
            break
        state = _after(kind, key, state, fact)
    return state


def key_of(state: Aggregate) -> AggregateKey:
    return AggregateKey(state.user_id, state.id)


def stopped_before_refusal(
    kind: Kind[S], key: AggregateKey, facts: Iterable[Fact], storable: Callable[[S], bool]
) -> S | None:
    """The longest storable beginning of an aggregate, stopped at the event after it.

    PostgreSQL has refused the whole history. None when not even the creation can be stored.
    """
    history = sorted(facts, key=rank)

    def stopped(at: int) -> S | None:
        state = folded(kind, key, None, history[:at])
        if state is not None and state.unfolded_event_id is None:
            state.unfolded_event_id = history[at].id
        return state

    def is_accepted(at: int) -> bool:
        state = stopped(at)
        return state is None or storable(state)

    length = longest_storable(len(history), is_accepted)
    return None if length is None else stopped(length)


def _after(kind: Kind[S], key: AggregateKey, state: S | None, fact: Fact) -> S | None:
    at = from_micros(fact.at)
    if state is None:
        if fact.type != kind.prefix + "created":
            return None
        try:
            return kind.create(key, _read(fact, kind.payload), at)
        except Exception:  # unreadable, or a bug in the rule: no row, and other aggregates go on
            return None
    rule = kind.rules.get(fact.type)
    if rule is not None:
        try:
            rule.apply(state, _read(fact, rule.payload), at)
        except Exception:  # as above
            state.unfolded_event_id = fact.id
            return state
    state.version += 1
    state.updated_at = at
    return state


def _read(fact: Fact, payload: type[Struct]) -> Payload:
    assert isinstance(fact.body, OwnFact)  # grouped() selects only these
    return msgspec.json.decode(fact.body.payload, type=payload)


def reader_of(field: str) -> Callable[[str], UUID | None]:
    """Read one id from a payload and ignore its other fields."""
    shape = msgspec.defstruct("OnlyId", [(field, UUID)])
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(shape)  # Any: a struct made here

    def read(payload: str) -> UUID | None:
        try:
            aggregate_id: UUID = getattr(decoder.decode(payload), field)
        except (msgspec.MsgspecError, RecursionError):
            return None
        return aggregate_id

    return read
