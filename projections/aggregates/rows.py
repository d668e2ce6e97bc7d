"""States to rows, as the live projector writes them and as replay copies them in."""

from collections.abc import Iterator
from typing import Any

from msgspec import Raw, UnsetType

from projections.aggregates.aggregate import Aggregate
from projections.aggregates.lists import CreatorList, Item
from projections.rows import Row, as_json

NOT_COLUMNS = frozenset({"items", "creators", "changed", "removed", "deleted"})


def row_of(state: Aggregate | Item) -> Row:
    """The state's columns; a state read from its row lacks those that never change."""
    cells = {name: getattr(state, name) for name in state.__struct_fields__ if name not in NOT_COLUMNS}
    return {name: cell for name, cell in cells.items() if not isinstance(cell, UnsetType)}


def item_rows(state: CreatorList, items: Iterator[Item] | list[Item]) -> list[Row]:
    """Rows of list_items."""
    return [row_of(item) | {"list_id": state.id, "user_id": state.user_id} for item in items]


def copied(row: Row) -> Row:
    """The row as COPY takes it: JSON as text."""
    return {name: _plain(cell) for name, cell in row.items()}


def _plain(cell: Any) -> Any:  # Any: a column's value
    if isinstance(cell, Raw):
        return as_json(cell).decode()
    return [_plain(element) for element in cell] if isinstance(cell, list) else cell
