"""A state under a catalog to the five rows, as stored in the database."""

from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

from events.clock import from_micros
from events.identifiers import derived_id
from projections.catalog import Catalog
from projections.state import Core, State
from projections.tables.registry import COLUMNS, TABLES
from projections.tables.table import Table

Row = dict[str, Any]  # Any: a column's value


def rows_of(state: State, catalog: Catalog) -> dict[str, Row]:
    """One row for each of the five tables; instants are UTC datetimes."""
    ids = _row_ids(state.user_id)
    created_at = from_micros(state.first_at)
    rows: dict[str, Row] = {}
    for name, table in TABLES.items():
        row: Row = {"id": ids[name], "user_id": ids["users"]}
        cells, catalog_at = cells_of(table, state.cores[name], catalog)
        row |= cells
        row["created_at"] = created_at
        row["updated_at"] = from_micros(max(state.changed_at[name], catalog_at))
        rows[name] = row
    return rows


@lru_cache(maxsize=1024)  # a batch takes the rows of each user twice: before and after
def _row_ids(user_id: str) -> dict[str, str]:
    return {name: str(derived_id(name, user_id)) for name in TABLES}


def cells_of(table: Table, core: Core, catalog: Catalog) -> tuple[Row, int]:
    """A row's own columns under a catalog, and when the catalog last changed them (microseconds)."""
    cells, catalog_at = table.finished(core, catalog)
    return {
        column: from_micros(cell) if cell is not None and column in INSTANTS else cell
        for column, cell in zip(table.columns, cells, strict=True)
    }, catalog_at


def as_json(value: object) -> bytes:
    """JSON of rows and states, the same bytes for the same value."""
    return _ENCODER.encode(value)


def row_digest(rows: dict[str, Row]) -> bytes:
    """SHA-256 over a user's five rows: equal digests, equal bytes in every column."""
    return sha256(as_json(rows)).digest()


_ENCODER = msgspec.json.Encoder(order="deterministic")
INSTANTS = frozenset(name for name, column in COLUMNS.items() if column.is_instant)
