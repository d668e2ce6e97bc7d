"""Stages four and five: fold Stripe's objects to the rows of the money tables.

Most objects are a row by themselves. A row that several objects make up, as a payment is, needs all of them,
and they may be in different buckets: they are written to files by the row that they feed, and merged there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from projections.money import store
from projections.money.fold import ObjectState, fold
from projections.money.rows import Part, RowKey, TableRows, rows_of, table_of
from projections.money.snapshot import ObjectKey, ObjectSnapshot, decoded
from projections.money.tables.registry import BY_NAME
from projections.refusal import refused_by, write_halving
from projections.replay.copy_loader import Loader
from projections.replay.plan import WorkerContext
from projections.replay.progress import WorkOutcome, finish, finished
from projections.replay.scan import Advance, bucket_of
from projections.replay.spill import Piece, Spills, SpillWriter, path_of, read_sections
from projections.replay.statements import Connection, rows, session
from projections.rows import Row

States = dict[ObjectKey, ObjectState]

_PIECES = msgspec.msgpack.Decoder(list[Piece])
_PARTS = msgspec.msgpack.Decoder(list[tuple[ObjectKey, ObjectState]])
_ENCODER = msgspec.msgpack.Encoder()


class _NewRow(NamedTuple):
    """A row with its children, and the fold of the object that decided it."""

    table: str
    new: TableRows
    state: ObjectState


def fold_objects(context: WorkerContext, number: int, advance: Advance) -> WorkOutcome:
    """Fold the objects of one bucket; write their rows, and a file of those that share a row with others."""
    job = context.job
    with session(context.conninfo, job.schema) as conn:
        if (earlier := finished(conn, "objects", number)) is not None:
            return earlier
        snapshots = _snapshots(context, number)
        states = {key: fold(ObjectState(), some) for key, some in snapshots.items()}
        with conn.transaction():
            writer = _Writer(conn, job.schema)
            refused = writer.write(_single_rows(states))
            writer.copy(
                [("billing_object_events", store.event_row(s)) for some in snapshots.values() for s in some]
            )
            writer.copy(_object_rows(states, refused))
            with SpillWriter(path_of(context.folder, "objects", number)) as spill:
                size = spill.finish(_shared(states, job.buckets))
            outcome = WorkOutcome(bytes=size, rows=writer.counts)
            finish(conn, "objects", number, outcome)
    advance(1)
    return outcome


def merge_rows(context: WorkerContext, number: int, advance: Advance) -> WorkOutcome:
    """Write the rows of one bucket that several objects make up."""
    job = context.job
    with session(context.conninfo, job.schema) as conn:
        if (earlier := finished(conn, "rows", number)) is not None:
            return earlier
        states = _parts(context, number)
        with conn.transaction():
            writer = _Writer(conn, job.schema)
            refused = writer.write(_merged_rows(states))
            store.write_refusals(conn, dict.fromkeys(refused, True))
            writer.copy(
                _quarantine_rows({key: states[key] for key in refused if not states[key].stop}, refused)
            )
            outcome = WorkOutcome(rows=writer.counts)
            finish(conn, "rows", number, outcome)
    advance(1)
    return outcome


def _snapshots(context: WorkerContext, number: int) -> dict[ObjectKey, list[ObjectSnapshot]]:
    """The snapshots of each object of a bucket."""
    job = context.job
    snapshots: dict[ObjectKey, list[ObjectSnapshot]] = {}
    with Spills(context.folder, "read", sections=read_sections(job.buckets)) as spills:
        for file in range(job.ranges):
            for piece in _PIECES.decode(spills.section(file, job.buckets + 1 + number)):
                for snapshot in decoded(spills.piece(file, piece)):
                    snapshots.setdefault(snapshot.key, []).append(snapshot)
    return snapshots


def _parts(context: WorkerContext, number: int) -> States:
    """The objects that make up the rows of a bucket."""
    states: States = {}
    with Spills(context.folder, "objects", sections=context.job.buckets) as spills:
        for file in range(context.job.buckets):
            states |= dict(_PARTS.decode(spills.section(file, number)))
    return states


def _shared(states: States, buckets: int) -> list[bytes]:
    """The objects that share a row with others, by the bucket of the row."""
    sections: list[list[tuple[ObjectKey, ObjectState]]] = [[] for _ in range(buckets)]
    for key, state in states.items():
        if (row := _shared_row(key, state)) is not None:
            sections[bucket_of(row.id, buckets)].append((key, state))
    return [_ENCODER.encode(section) for section in sections]


def _shared_row(key: ObjectKey, state: ObjectState) -> RowKey | None:
    standing = state.standing
    if not table_of(key).is_merged or standing is None or standing.shown is None:
        return None
    return RowKey(table_of(key).name, standing.shown.row, key.account, key.livemode)


def _single_rows(states: States) -> Iterator[_NewRow]:
    for key, state in states.items():
        table = table_of(key)
        if not table.is_merged and state.standing is not None:
            new = rows_of(table, [Part(key, state.standing)])
            if new is not None:
                yield _NewRow(table.name, new, state)


def _merged_rows(states: States) -> Iterator[_NewRow]:
    by_row: dict[RowKey, list[Part]] = {}
    for key, state in states.items():
        row = _shared_row(key, state)
        if row is not None and state.standing is not None:
            by_row.setdefault(row, []).append(Part(key, state.standing))
    for row, parts in by_row.items():
        new = rows_of(BY_NAME[row.table], parts)
        if new is not None:
            yield _NewRow(row.table, new, states[new.decided_by])


def _object_rows(states: States, refused: Mapping[ObjectKey, str]) -> list[tuple[str, Row]]:
    objects = [
        ("billing_objects", store.object_row(key, state) | {"is_refused": key in refused})
        for key, state in states.items()
    ]
    return objects + _quarantine_rows(states, refused)


def _quarantine_rows(states: States, refused: Mapping[ObjectKey, str]) -> list[tuple[str, Row]]:
    quarantined = (store.quarantine_row(key, state, refused.get(key)) for key, state in states.items())
    return [("billing_quarantine", row) for row in quarantined if row is not None]


class _Writer:
    """Copies rows into the shadow tables, with the owners of their customers.

    The caller owns the transaction.
    """

    def __init__(self, conn: Connection, schema: str) -> None:
        self._conn, self._schema = conn, schema
        self.counts: dict[str, int] = {}

    def write(self, new_rows: Iterator[_NewRow]) -> dict[ObjectKey, str]:
        """Write rows; returns the objects whose row is refused, with the reason."""
        refused: dict[ObjectKey, str] = {}

        def write(some: Sequence[_NewRow]) -> None:
            self.copy(_owned(some, owners))

        def refuse(row: _NewRow, problem: Exception) -> None:
            refused[row.new.decided_by] = f"its row can't be stored: {refused_by(problem)}"

        whole = list(new_rows)
        owners = self._owners(
            {str(row.new.row["customer_id"]) for row in whole if row.new.row.get("customer_id")}
        )
        write_halving(self._conn, whole, write, refuse)
        return refused

    def copy(self, some: Sequence[tuple[str, Row]]) -> None:
        with Loader(self._conn, self._schema) as loader:
            for table, row in some:
                loader.take(table, row)
            loader.flush()
            for table, count in loader.counts.items():
                self.counts[table] = self.counts.get(table, 0) + count

    def _owners(self, customers: set[str]) -> dict[str, str]:
        return dict(rows(self._conn, "replay_owners", customers=list(customers))) if customers else {}


def _owned(new_rows: Sequence[_NewRow], owners: Mapping[str, str]) -> list[tuple[str, Row]]:
    owned: list[tuple[str, Row]] = []
    for row in new_rows:
        all_rows = [
            (row.table, row.new.row),
            *((name, r) for name, some in row.new.children.items() for r in some),
        ]
        for table, cells in all_rows:
            named = "customer_id" in cells
            owned.append((table, cells | {"user_id": owners.get(cells["customer_id"])} if named else cells))
    return owned
