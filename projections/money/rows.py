"""Rows of the money tables: from what stands of an object, or of the objects that make up one row."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Raw

from events.clock import from_micros
from projections.money.declaration import Children, MoneyColumn, MoneyTable
from projections.money.fold import Standing
from projections.money.snapshot import Cells, ObjectKey
from projections.money.tables.registry import READERS
from projections.money.values import JSON, Cell
from projections.rows import Row


class RowKey(NamedTuple):
    """A row of a money table."""

    table: str
    id: str
    account: str
    livemode: bool


class Part(NamedTuple):
    """An object that makes up a row, alone or with others."""

    key: ObjectKey
    standing: Standing


class TableRows(NamedTuple):
    """A row, its children by table, and the object whose event decided it last."""

    row: Row
    children: dict[str, list[Row]]
    decided_by: ObjectKey


def table_of(key: ObjectKey) -> MoneyTable:
    """The table that an object feeds."""
    return READERS[key.kind].table


def row_key(key: ObjectKey, shown: Cells) -> RowKey:
    """The row that an object feeds."""
    return RowKey(table_of(key).name, shown.row, key.account, key.livemode)


def rows_of(table: MoneyTable, parts: Sequence[Part]) -> TableRows | None:
    """The row that these objects make up; None when none of them makes one. Their cells are there."""
    newest = _newest(table, parts)
    making = [part for part in newest if READERS[part.key.kind].source.makes_row]
    if not making:
        return None
    decided_by = max(newest, key=lambda part: part.standing.at)  # of equals the first, which ranks highest
    shown = _shown(making[0])
    cells = [_first(cells) for cells in zip(*(_shown(part).cells for part in newest), strict=True)]
    common = {
        "account": making[0].key.account,
        "livemode": making[0].key.livemode,
        "created_at": _first(_shown(part).created for part in making) or _iso(making[0].standing.at),
        "updated_at": _iso(decided_by.standing.at),
        "deleted_at": _iso(making[0].standing.at) if making[0].standing.is_deleted else None,
        "event_id": decided_by.standing.event_id,
    }
    row = {"id": shown.row} | _named(table.columns, cells) | common
    children = {
        child.table: [_child_row(child, shown.row, common, cells) for cells in rows]
        for child, rows in zip(table.children, shown.children, strict=True)
    }
    return TableRows(row, children, decided_by.key)


def _newest(table: MoneyTable, parts: Sequence[Part]) -> list[Part]:
    """The newest object of each kind, in the order of the table's sources."""
    newest: list[Part] = []
    for source in table.sources:
        of_kind = [part for part in parts if part.key.kind == source.object]
        if of_kind:
            newest.append(max(of_kind, key=lambda part: (_shown(part).created or "", part.key.id)))
    return newest


def _child_row(children: Children, parent: str, common: Row, cells: Sequence[Cell]) -> Row:
    key, created, *columns = cells
    row = {"id": key, children.parent: parent} | _named(children.columns, columns) | common
    return row | {"created_at": created} if created else row


def _named(columns: Iterable[MoneyColumn], cells: Iterable[Cell]) -> Row:
    return {
        column.name: Raw(str(cell).encode()) if column.kind is JSON and cell is not None else cell
        for column, cell in zip(columns, cells, strict=True)
    }


def _shown(part: Part) -> Cells:
    assert part.standing.shown is not None
    return part.standing.shown


def _first(cells: Iterable[Cell]) -> Cell:
    return next((cell for cell in cells if cell is not None), None)


def _iso(at: int) -> str:
    return from_micros(at).isoformat()
