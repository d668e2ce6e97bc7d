"""The live projector's money tables: those of a batch's events, in the transaction of its checkpoint.

Objects are locked in the order of their keys, after customers and users. An object is locked together with
the payments that it names: of two transactions with parts of one payment, or with a refund and its payment,
the second sees the rows of the first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from events.statements import AnyConnection
from projections.log_reader import Routed
from projections.money import store
from projections.money.fold import ObjectState, Standing, fold, standing_of
from projections.money.rows import Part, RowKey, TableRows, rows_of, table_of
from projections.money.snapshot import ObjectKey, ObjectSnapshot, Place
from projections.money.store import StoredObject
from projections.money.tables.registry import BY_NAME, JOINED
from projections.refusal import refused_by, write_halving
from projections.rows import Row
from projections.store import write_rows

logger = structlog.get_logger(__name__)

WHOLE = -(1 << 62)
PAYMENTS, CHARGE = "payments", "charge"
_Rows = dict[RowKey, TableRows | None]


class CustomerChanges(NamedTuple):
    """Customers of a batch: all that it has locked, those with another owner than before, and those whose
    events were erased, with the ids of other erased events."""

    locked: Collection[str] = ()
    moved: Collection[str] = ()
    erased: Collection[str] = ()
    erased_events: Collection[str] = ()


@dataclass(slots=True)
class _Batch:
    """Objects to their new snapshots; `again` are folded from all their events. `before` is as stored."""

    new: dict[ObjectKey, list[ObjectSnapshot]]
    again: set[ObjectKey]
    before: dict[ObjectKey, StoredObject] = field(default_factory=dict)
    after: dict[ObjectKey, ObjectState] = field(default_factory=dict)


def project_money(
    conn: AnyConnection,
    events: Iterable[Routed],
    customers: CustomerChanges,
    *,
    careful: bool = False,
) -> None:
    """Fold these events into their objects and write the rows that change. The caller commits.

    If careful, an object whose row PostgreSQL refuses is quarantined, and all others go on.
    """
    snapshots = [event.snapshot for event in events if event.snapshot is not None]
    again: set[ObjectKey] = set()
    if customers.erased or customers.erased_events:
        again = store.forget_erased(conn, customers.erased, customers.erased_events)
    if not (snapshots or again or customers.moved):
        return
    new: dict[ObjectKey, list[ObjectSnapshot]] = {}
    for snapshot in snapshots:
        new.setdefault(snapshot.key, []).append(snapshot)
    batch = _Batch(new, again)
    met = _lock(conn, batch, snapshots, customers.moved)
    if snapshots:
        store.list_events(conn, snapshots)
    _fold(conn, batch)
    _write(conn, batch, customers, careful=careful)
    store.delete_objects(conn, met)
    if customers.moved:
        store.follow_links(conn, customers.moved)


def _lock(
    conn: AnyConnection, batch: _Batch, snapshots: Iterable[ObjectSnapshot], moved: Collection[str]
) -> set[ObjectKey]:
    """Lock the objects and the payments that they name; returns those that were inserted only for that."""
    named = {
        snapshot.key._replace(kind=kind, id=payment)
        for snapshot in snapshots
        for kind, payment in snapshot.payments
    }
    keys = {*batch.new, *batch.again, *named, *store.payments_of(conn, moved)}
    locked = store.lock_objects(conn, keys)
    folded = batch.new.keys() | batch.again
    batch.before = {key: locked[key] for key in folded}
    return {key for key, stored in locked.items() if stored.state is None and key not in folded}


def _fold(conn: AnyConnection, batch: _Batch) -> None:
    """Fold the new snapshots: on top of what stands, or again from the last instant or the beginning."""
    since: dict[ObjectKey, int] = dict.fromkeys(batch.again, WHOLE)
    for key, snapshots in batch.new.items():
        state, first = batch.before[key].state, min(snapshot.at for snapshot in snapshots)
        if key in since:
            continue
        if batch.before[key].is_refused:
            since[key] = WHOLE  # its row is written again, and its cells are only in the log
        elif state is None or state.last_at is None or first > state.last_at:
            batch.after[key] = fold(state or ObjectState(), snapshots)
        else:
            since[key] = state.last_at if first == state.last_at else WHOLE
    listed = store.snapshots_since(conn, since)
    settled = store.snapshots_at(conn, _settled(batch.before, since))
    for key, snapshots in listed.items():
        batch.after[key] = fold(_begin(batch.before[key].state, since[key], settled), snapshots)


def _settled(before: Mapping[ObjectKey, StoredObject], since: Mapping[ObjectKey, int]) -> list[Place]:
    """What stood before the last instants that are folded again."""
    states = (before[key].state for key, at in since.items() if at != WHOLE)
    return [state.settled for state in states if state is not None and state.settled is not None]


def _begin(state: ObjectState | None, since: int, settled: Mapping[Place, ObjectSnapshot]) -> ObjectState:
    if state is None or since == WHOLE or state.settled is None:
        return ObjectState()
    snapshot = settled.get(state.settled)
    return ObjectState(standing=None if snapshot is None else standing_of(snapshot, snapshot.cells()))


def _write(conn: AnyConnection, batch: _Batch, customers: CustomerChanges, *, careful: bool) -> None:
    gone = {key for key, state in batch.after.items() if state.last_at is None}
    store.write_objects(conn, {key: state for key, state in batch.after.items() if key not in gone})
    store.delete_objects(conn, gone)
    changed = {key for key in batch.after if _is_changed(batch, key)}
    rows, parts = _rows(conn, batch, changed)
    _share_others(conn, rows, customers.locked)
    refused = _write_rows(conn, rows, _replacing(batch, rows), careful=careful)
    _write_stops(conn, batch, gone, parts, refused)
    _join(conn, rows, [key.id for key in changed if key.kind == CHARGE])


def _is_changed(batch: _Batch, key: ObjectKey) -> bool:
    """Whether another snapshot stands than the table shows."""
    before = batch.before[key]
    is_other = _standing_place(before.state) != _standing_place(batch.after[key])
    return is_other or before.is_refused or key in batch.again


def _standing_place(state: ObjectState | None) -> Place | None:
    return None if state is None or state.standing is None else state.standing.place


def _rows(
    conn: AnyConnection, batch: _Batch, changed: Collection[ObjectKey]
) -> tuple[_Rows, dict[ObjectKey, StoredObject]]:
    """The rows that change, None for one that is no more; and all objects that make up merged ones."""
    rows: _Rows = {}
    merged: set[RowKey] = set()
    for key in changed:
        table, standing = table_of(key), batch.after[key].standing
        if not table.is_merged:
            whole = RowKey(table.name, key.id, key.account, key.livemode)
            rows[whole] = None if standing is None else rows_of(table, [Part(key, standing)])
            continue
        ids = {batch.before[key].row_id, _row_id(standing)} - {None, ""}
        merged |= {RowKey(table.name, str(row_id), key.account, key.livemode) for row_id in ids}
    parts = store.parts_of(conn, merged)
    by_row: dict[RowKey, list[Part]] = {row: [] for row in merged}
    for key, stored in parts.items():
        if stored.state is not None and (standing := stored.state.standing) is not None:
            shown_in = RowKey(table_of(key).name, str(stored.row_id), key.account, key.livemode)
            by_row[shown_in].append(Part(key, standing))
    rows |= {row: rows_of(BY_NAME[row.table], made_of) for row, made_of in by_row.items()}
    return rows, parts


def _row_id(standing: Standing | None) -> str | None:
    return None if standing is None or standing.shown is None else standing.shown.row


def _share_others(conn: AnyConnection, rows: _Rows, locked: Collection[str]) -> None:
    """Keep the owners of customers that this batch has no events of."""
    named = {str(new.row["customer_id"]) for new in rows.values() if new and new.row.get("customer_id")}
    store.share_customers(conn, named.difference(locked))


def _replacing(batch: _Batch, rows: _Rows) -> set[RowKey]:
    """The rows that may be in the database, and may have children there."""
    there = {key for key, stored in batch.before.items() if stored.state is not None}
    return {row for row in rows if BY_NAME[row.table].is_merged or _key_of(row) in there}


def _key_of(row: RowKey) -> ObjectKey:
    return ObjectKey(BY_NAME[row.table].sources[0].object, row.id, row.account, row.livemode)


def _write_rows(
    conn: AnyConnection, rows: _Rows, replacing: Collection[RowKey], *, careful: bool
) -> dict[ObjectKey, str]:
    """Write these rows; returns the objects whose row is refused, with the reason."""
    refused: dict[ObjectKey, str] = {}
    store.delete_rows(conn, [row for row, new in rows.items() if new is None and row in replacing])
    written = {row: new for row, new in rows.items() if new is not None}

    def write(some: Sequence[RowKey]) -> None:
        _write_some(conn, {row: written[row] for row in some}, replacing)

    def refuse(row: RowKey, problem: Exception) -> None:
        refused[written[row].decided_by] = f"its row can't be stored: {refused_by(problem)}"
        logger.error("projector.object_refused", table=row.table, id=row.id, error=type(problem).__name__)
        store.delete_rows(conn, [row])

    if careful:
        write_halving(conn, sorted(written), write, refuse)
    else:
        write(list(written))
    return refused


def _write_some(conn: AnyConnection, rows: Mapping[RowKey, TableRows], replacing: Collection[RowKey]) -> None:
    tables: dict[str, list[Row]] = {}
    kept: dict[RowKey, dict[str, list[str]]] = {}
    for key, new in rows.items():
        tables.setdefault(key.table, []).append(new.row)
        for name, children in new.children.items():
            tables.setdefault(name, []).extend(children)
        if key in replacing and new.children:
            kept[key] = {name: [child["id"] for child in children] for name, children in new.children.items()}
    store.delete_children(conn, kept)
    write_rows(conn, tables)


def _write_stops(
    conn: AnyConnection,
    batch: _Batch,
    gone: Collection[ObjectKey],
    parts: Mapping[ObjectKey, StoredObject],
    refused: Mapping[ObjectKey, str],
) -> None:
    """Quarantine the objects that can't be read or stored, and release those that can be again."""
    stopped: list[Row] = []
    released: list[ObjectKey] = []
    changed: dict[ObjectKey, bool] = {}
    for key, before in {**parts, **batch.before}.items():
        state = batch.after.get(key) or before.state or ObjectState()
        row = store.quarantine_row(key, state, refused.get(key))
        if row is not None:
            stopped.append(row)
        elif before.is_quarantined:
            released.append(key)
        if before.is_refused != (key in refused) and key not in gone:
            changed[key] = key in refused
    store.write_refusals(conn, changed)
    store.write_quarantine(conn, stopped, released)


def _join(conn: AnyConnection, rows: _Rows, charges: Collection[str]) -> None:
    written = {row.id for row in rows if row.table in JOINED}
    payments = {row.id for row in rows if row.table == PAYMENTS}
    if written or payments or charges:
        store.join_payments(conn, written=written, payments=payments, charges=charges)
