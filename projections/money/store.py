"""The money tables and the folds behind them in the database: locking, reading, writing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw
from psycopg.rows import tuple_row

from events.clock import from_micros, instant
from events.routing import part_of
from events.statements import AnyConnection, statement
from projections.money.fold import ObjectState, Stop
from projections.money.rows import RowKey, table_of
from projections.money.snapshot import LogRow, ObjectKey, ObjectSnapshot, Place, snapshot_of
from projections.money.statements import child_deletion, deletion, following, joining
from projections.money.tables.registry import CHILDREN, JOINED, MONEY_TABLES, READERS
from projections.refusal import ROW
from projections.rows import Row, as_json
from projections.store import write_rows

_STATE = msgspec.json.Decoder(ObjectState)
_ENCODER = msgspec.json.Encoder(order="deterministic")
_MERGED = [kind for kind, reader in READERS.items() if reader.table.is_merged]


class StoredObject(NamedTuple):
    """An object's row. `row_id`: the row that it feeds, if others do too; `state` is None when it is new."""

    row_id: str | None
    state: ObjectState | None
    is_refused: bool

    @property
    def is_quarantined(self) -> bool:
        return self.is_refused or (self.state is not None and self.state.stop is not None)


def lock_objects(conn: AnyConnection, keys: Collection[ObjectKey]) -> dict[ObjectKey, StoredObject]:
    """The row of each object, locked; inserted for a new one."""
    columns = _columns(keys)
    _do(conn, "meet_billing_objects", **columns)
    return {ObjectKey(*row[:4]): _stored(row) for row in _all(conn, "lock_billing_objects", **columns)}


def _stored(row: tuple[Any, ...]) -> StoredObject:
    return StoredObject(row[4], None if row[5] is None else _STATE.decode(row[5]), row[6])


def parts_of(conn: AnyConnection, rows: Collection[RowKey]) -> dict[ObjectKey, StoredObject]:
    """The objects that make up these rows, which are rows of tables with several sources."""
    parameters = {
        "ids": [row.id for row in rows],
        "accounts": [row.account for row in rows],
        "livemodes": [row.livemode for row in rows],
        "kinds": _MERGED,
    }
    parts = _all(conn, "read_object_parts", **parameters) if rows else []
    return {ObjectKey(*row[:4]): _stored(row) for row in parts}


def write_objects(conn: AnyConnection, states: Mapping[ObjectKey, ObjectState]) -> None:
    rows = [object_row(key, state) for key, state in states.items()]
    if rows:
        _do(conn, "write_billing_objects", rows=as_json(rows).decode())


def object_row(key: ObjectKey, state: ObjectState) -> Row:
    """The row of billing_objects. Only an object that shares its row keeps its cells."""
    standing = state.standing
    row_id = None
    if table_of(key).is_merged:
        row_id = standing.shown.row if standing is not None and standing.shown is not None else None
    elif standing is not None:
        state = msgspec.structs.replace(state, standing=msgspec.structs.replace(standing, shown=None))
    return key._asdict() | {"row_id": row_id, "state": Raw(_ENCODER.encode(state))}


def delete_objects(conn: AnyConnection, keys: Collection[ObjectKey]) -> None:
    if keys:
        _do(conn, "delete_billing_objects", **_columns(keys))


def list_events(conn: AnyConnection, snapshots: Sequence[ObjectSnapshot]) -> None:
    """List these events under their objects."""
    keys = [snapshot.key for snapshot in snapshots]
    parameters = _columns(keys) | {
        "parts": [snapshot.place.part for snapshot in snapshots],
        "positions": [snapshot.place.position for snapshot in snapshots],
        "instants": [from_micros(snapshot.at) for snapshot in snapshots],
    }
    _do(conn, "list_object_events", **parameters)


def event_row(snapshot: ObjectSnapshot) -> Row:
    """The row of billing_object_events."""
    place = snapshot.place
    return {"part": place.part, "position": place.position, "at": from_micros(snapshot.at)} | (
        snapshot.key._asdict()
    )


def forget_erased(
    conn: AnyConnection, customers: Collection[str], event_ids: Collection[str]
) -> set[ObjectKey]:
    """Unlist events whose payload was erased; returns their objects."""
    parameters = {
        "parts": [part_of(customer) for customer in customers],
        "routes": list(customers),
        "event_ids": list(event_ids),
    }
    return {ObjectKey(*row) for row in _all(conn, "forget_erased_objects", **parameters)}


def snapshots_since(
    conn: AnyConnection, since: Mapping[ObjectKey, int]
) -> dict[ObjectKey, list[ObjectSnapshot]]:
    """The listed snapshots of each object from an instant (microseconds) on."""
    snapshots: dict[ObjectKey, list[ObjectSnapshot]] = {key: [] for key in since}
    if since:
        parameters = _columns(since) | {"since": [instant(at) for at in since.values()]}
        for snapshot in _read(conn, "read_object_events", parameters):
            snapshots[snapshot.key].append(snapshot)
    return snapshots


def snapshots_at(conn: AnyConnection, places: Collection[Place]) -> dict[Place, ObjectSnapshot]:
    """The snapshots at some places of the log."""
    parameters = {
        "parts": [place.part for place in places],
        "positions": [place.position for place in places],
    }
    return {snapshot.place: snapshot for snapshot in _read(conn, "read_places", parameters)} if places else {}


def _read(conn: AnyConnection, name: str, parameters: Mapping[str, object]) -> Iterable[ObjectSnapshot]:
    for part, position, *rest in _all(conn, name, **parameters):
        snapshot = snapshot_of(LogRow(Place(part, position), *rest))
        if snapshot is not None:
            yield snapshot


def payments_of(conn: AnyConnection, customers: Collection[str]) -> set[ObjectKey]:
    """The objects to lock for the payments of these customers: each is one of both kinds."""
    rows = _all(conn, "payments_of_customers", customers=list(customers)) if customers else []
    return {ObjectKey(kind, *row) for row in rows for kind in ("payment_intent", "charge")}


def share_customers(conn: AnyConnection, customers: Collection[str]) -> None:
    """Let no other transaction change the owners of these customers."""
    if customers:
        _do(conn, "share_customers", customers=sorted(customers))


def delete_rows(conn: AnyConnection, keys: Collection[RowKey]) -> None:
    """Delete these rows and their children."""
    by_table: dict[str, list[RowKey]] = {}
    for key in keys:
        by_table.setdefault(key.table, []).append(key)
    for name, some in by_table.items():
        _run(conn, deletion(name, "id"), some)
    delete_children(conn, {key: {} for key in keys})


def delete_children(conn: AnyConnection, kept: Mapping[RowKey, Mapping[str, Collection[str]]]) -> None:
    """Delete the children of these rows, but for those whose ids are kept, by child table."""
    for name, children in CHILDREN.items():
        some = [key for key in kept if children in _children_of(key.table)]
        pairs = [(key.id, child) for key in some for child in kept[key].get(name, ())]
        if some:
            parameters = {
                "kept_parents": [parent for parent, _ in pairs],
                "kept": [child for _, child in pairs],
            }
            _run(conn, child_deletion(name, children.parent), some, **parameters)


def _children_of(table: str) -> tuple[object, ...]:
    return next((one.children for one in MONEY_TABLES if one.name == table), ())


def join_payments(
    conn: AnyConnection, *, written: Collection[str], payments: Collection[str], charges: Collection[str]
) -> None:
    """Join refunds and disputes to their payments: those with these ids, payments or charges."""
    parameters = {"ids": list(written), "payments": list(payments), "charges": list(charges)}
    for name in JOINED:
        conn.execute(joining(name), parameters)


def follow_links(conn: AnyConnection, customers: Collection[str]) -> None:
    """Give the rows of these customers to those who own them now."""
    conn.execute(following(), {"customers": sorted(customers)})


def write_refusals(conn: AnyConnection, refused: Mapping[ObjectKey, bool]) -> None:
    if refused:
        _do(conn, "write_refusals", **_columns(refused), refused=list(refused.values()))


def write_quarantine(conn: AnyConnection, stopped: Sequence[Row], released: Collection[ObjectKey]) -> None:
    """Quarantine objects, and release others."""
    write_rows(conn, {"billing_quarantine": list(stopped)})
    if released:
        _do(conn, "release_objects", **_columns(released))


def quarantine_row(key: ObjectKey, state: ObjectState, refusal: str | None) -> Row | None:
    """The row of billing_quarantine; None for an object that can be read and whose row is stored."""
    stop, standing = state.stop, state.standing
    if stop is None and refusal is not None and standing is not None:
        event = (*standing.place, standing.event_id, standing.event_type, standing.at)
        stop = Stop(*event, ROW, refusal)
    if stop is None:
        return None
    return key._asdict() | {
        "part": stop.part,
        "position": stop.position,
        "event_id": stop.event_id,
        "event_type": stop.event_type,
        "occurred_at": from_micros(stop.at),
        "field": stop.field,
        "reason": stop.reason,
    }


def _run(conn: AnyConnection, query: bytes, rows: Sequence[RowKey], **parameters: object) -> None:
    columns = {
        "ids": [row.id for row in rows],
        "accounts": [row.account for row in rows],
        "livemodes": [row.livemode for row in rows],
    }
    conn.execute(query, columns | parameters)


def _columns(keys: Iterable[ObjectKey]) -> dict[str, list[Any]]:
    ordered = list(keys)
    return {
        "kinds": [key.kind for key in ordered],
        "ids": [key.id for key in ordered],
        "accounts": [key.account for key in ordered],
        "livemodes": [key.livemode for key in ordered],
    }


def _all(conn: AnyConnection, name: str, **parameters: object) -> list[tuple[Any, ...]]:
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(statement("projections", name), parameters).fetchall()


def _do(conn: AnyConnection, name: str, **parameters: object) -> None:
    conn.execute(statement("projections", name), parameters)
