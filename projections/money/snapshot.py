"""One event of the log as a money table sees it: the object that it shows, read in one pass."""

import json
from decimal import Decimal
from functools import reduce
from hashlib import blake2b
from operator import or_
from typing import Any, NamedTuple, NoReturn

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, defstruct

from events.errors import UnreadablePayload
from events.routing import index_key
from events.text import storable_json
from projections.errors import Unfoldable
from projections.facts import Fact, FactProblem, ObjectDigest
from projections.money.tables.registry import READERS
from projections.money.values import Cell, Json
from projections.parse_fact import overlaid
from projections.shapes.decoding import unfoldable

NONE = Raw(b"null")


class ObjectKey(NamedTuple):
    """A Stripe object: its kind, its id, its account ('' for the platform's own) and its mode."""

    kind: str
    id: str
    account: str
    livemode: bool


class Place(NamedTuple):
    """An event's place in the log."""

    part: int
    position: int


class Cells(Struct, frozen=True, array_like=True):
    """What the tables show of an object. `row` is the id of the row that it feeds.

    `cells` are the table's columns in order, and each of `children` are rows of id, created, then columns.
    """

    row: str
    created: str | None
    cells: list[Cell]
    children: list[list[list[Cell]]]


class ObjectSnapshot(Struct, frozen=True, array_like=True):
    """An event and the object it shows; `at` is microseconds. A snapshot with a problem has no shape.

    `account` is as the event has it. `previous` are the previous attributes as JSON, else NONE.
    """

    key: ObjectKey
    place: Place
    at: int
    event_id: str
    type: str
    event_key: str
    account: str = ""
    shape: Any = None  # Any: one struct per kind
    previous: Raw = NONE
    problem: FactProblem | None = None

    @property
    def is_deleted(self) -> bool:
        is_deletion = self.type.endswith(".deleted") or self.shape.deleted is True
        return is_deletion and READERS[self.key.kind].source.is_deletable

    @property
    def is_final(self) -> bool:
        return READERS[self.key.kind].is_final(self.shape)

    @property
    def digest(self) -> str:
        """The digest of what is read of the object."""
        return _digest(self.shape)

    @property
    def payments(self) -> list[tuple[str, str]]:
        """ValueKind and id of each payment that the object names."""
        return [] if self.shape is None else READERS[self.key.kind].payments(self.shape)

    def cells(self) -> Cells:
        """What the tables show of the object. Raises: Unfoldable."""
        reader = READERS[self.key.kind]
        created = reader.created(self.shape)
        return Cells(
            row=reader.row(self.shape) or "",
            created=None if created is None else str(created),
            cells=reader.cells(self.shape, self.account),
            children=reader.children(self.shape, self.account),
        )

    def fact(self, *, is_compared: bool = True) -> Fact:
        """The event as the canonical order compares it, unless it is only ranked."""
        is_compared = is_compared and self.shape is not None
        body = ObjectDigest(self.key.id, self.digest) if is_compared else None
        before = self._before() if is_compared else None
        fact_id = f"{self.place.part}/{self.place.position}"
        return Fact(self.at, "stripe", self.type, self.event_key, fact_id, *self.place, body, before)

    def _before(self) -> ObjectDigest | None:
        """The object before the event; None if the previous attributes can't be restored."""
        previous = None if self.previous == NONE else _ANYTHING.decode(self.previous)
        if not isinstance(previous, dict):
            return None
        try:
            earlier = overlaid(msgspec.to_builtins(self.shape, builtin_types=(Decimal,)), previous)
            if isinstance(metadata := earlier.get("metadata"), dict):  # a null there: absent
                earlier["metadata"] = {name: value for name, value in metadata.items() if value is not None}
            return ObjectDigest(self.key.id, _digest(msgspec.convert(earlier, type(self.shape))))
        except Exception:  # it only helps to order the events of one second
            return None


class LogRow(NamedTuple):
    """What is read of an event; `at` is microseconds."""

    place: Place
    at: int
    event_id: str
    type: str
    event_key: str
    livemode: bool
    payload: str


class _ObjectHead(Struct):
    id: Any = None  # Any: hostile until proven text
    object: Any = None


class _AnyData(Struct):
    object: _ObjectHead


class _AnyEvent(Struct):
    data: _AnyData
    account: Any = None
    context: Any = None


SHAPES: Any = reduce(or_, (reader.shape for reader in READERS.values()))  # Any: a union of structs
_Data = defstruct("_Data", [("object", SHAPES), ("previous_attributes", Raw | UnsetType, UNSET)])
_Event = defstruct("_Event", [("data", _Data), ("account", Any, None), ("context", Any, None)])
_EVENT: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_Event, float_hook=Decimal)
_HEAD = msgspec.json.Decoder(_AnyEvent)
_ANYTHING: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def snapshot_of(row: LogRow) -> ObjectSnapshot | None:
    """The snapshot in an event; None for an event without an object that a table shows. Never raises."""
    try:
        event = _decoded(storable_json(row.payload))
    except UnreadablePayload:
        return None  # no id can be read, so no object is to blame
    except msgspec.ValidationError as problem:
        return _unreadable(row, unfoldable(problem))
    except RecursionError:
        return _unreadable(row, Unfoldable("$", "JSON nested too deep"))
    shape, previous = event.data.object, event.data.previous_attributes
    account = _account(event)
    return ObjectSnapshot(
        _key(row, shape.__struct_config__.tag, shape.id, account),
        row.place,
        row.at,
        row.event_id,
        row.type,
        row.event_key,
        account,
        shape,
        NONE if isinstance(previous, UnsetType) else previous.copy(),
    )


def _unreadable(row: LogRow, problem: Unfoldable) -> ObjectSnapshot | None:
    """A snapshot without an object; None for an object that no table shows, or without an id."""
    try:
        event = _HEAD.decode(storable_json(row.payload))
    except (msgspec.MsgspecError, UnreadablePayload, RecursionError):
        return None
    kind, object_id = event.data.object.object, event.data.object.id
    if not isinstance(kind, str) or kind not in READERS or not isinstance(object_id, str) or not object_id:
        return None
    field = problem.field.removeprefix("$.data.object").removeprefix(".") or "$"
    key = _key(row, kind, object_id, _account(event))
    reason = FactProblem(field, problem.reason)
    return ObjectSnapshot(key, row.place, row.at, row.event_id, row.type, row.event_key, problem=reason)


def _key(row: LogRow, kind: str, object_id: str, account: str) -> ObjectKey:
    return ObjectKey(kind, index_key(object_id), index_key(account) if account else "", row.livemode)


def _account(event: Any) -> str:  # Any: either event struct
    """The connected account, or the context."""
    named = (name for name in (event.account, event.context) if isinstance(name, str) and name)
    return next(named, "")


def _decoded(text: str) -> Any:  # Any: the event struct
    """Raises: UnreadablePayload, msgspec.ValidationError, RecursionError."""
    try:
        return _EVENT.decode(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return msgspec.convert(_parsed_leniently(text), _Event)


def _parsed_leniently(text: str) -> Json:
    """JSON that PostgreSQL stores but msgspec refuses."""
    try:
        event = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise UnreadablePayload("no JSON") from None
    if isinstance(event, dict) and isinstance(data := event.get("data"), dict):
        data.pop("previous_attributes", None)  # they only help to order the events of one second
    return event


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _digest(shape: Struct) -> str:
    return blake2b(_ENCODER.encode(shape), digest_size=16).hexdigest()


def encoded(snapshot: ObjectSnapshot) -> bytes:
    """The snapshot for a file between the stages of a replay; numbers keep their digits."""
    return _ENCODER.encode(snapshot)


def decoded(data: bytes) -> list[ObjectSnapshot]:
    """Snapshots from their JSON, joined by commas."""
    return [
        msgspec.structs.replace(one, shape=msgspec.convert(one.shape, SHAPES)) if one.shape else one
        for one in _SNAPSHOTS.decode(b"[" + data + b"]")
    ]


_SNAPSHOTS = msgspec.json.Decoder(list[ObjectSnapshot], float_hook=Decimal)
