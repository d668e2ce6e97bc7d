"""A state under a catalog to the five rows, as stored in the database."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec

from events.clock import from_micros
from events.identifiers import derived_id
from projections.catalog import Catalog
from projections.state import Core, State
from projections.tables import billing, subscriptions, system_data, usage, users

Row = dict[str, Any]  # Any: a column's value
Finish = Callable[[Core, Catalog], tuple[Core, int]]

INSTANTS = frozenset(
    {
        "deleted_at",
        "trial_start_date",
        "trial_end_date",
        "trial_conversion_date",
        "subscription_cancel_date",
        "subscription_renewal_date",
        "usage_reset_date",
        "signup_timestamp",
        "last_webhook_timestamp",
    }
)


def rows_of(state: State, catalog: Catalog) -> dict[str, Row]:
    """One row for each of the five tables; instants are UTC datetimes."""
    owner = str(derived_id("users", state.user_id))
    created_at = from_micros(state.first_at)
    rows: dict[str, Row] = {}
    for table in TABLES:
        row: Row = {"id": owner if table == "users" else str(derived_id(table, state.user_id))}
        if table != "users":
            row["user_id"] = owner
        cells, catalog_at = cells_of(table, state.cores[table], catalog)
        row |= cells
        row["created_at"] = created_at
        row["updated_at"] = from_micros(max(state.changed_at[table], catalog_at))
        rows[table] = row
    return rows


def cells_of(table: str, core: Core, catalog: Catalog) -> tuple[Row, int]:
    """A row's own columns under a catalog, and when the catalog last changed them (microseconds)."""
    columns, finish = TABLES[table]
    cells, catalog_at = finish(core, catalog) if finish else (core, 0)
    return {
        column: from_micros(cell) if cell is not None and column in INSTANTS else cell
        for column, cell in zip(columns, cells, strict=True)
    }, catalog_at


def as_json(value: object) -> bytes:
    """JSON of rows and states, the same bytes for the same value."""
    return _ENCODER.encode(value)


def row_digest(rows: dict[str, Row]) -> bytes:
    """SHA-256 over a user's five rows: equal digests, equal bytes in every column."""
    return sha256(as_json(rows)).digest()


_ENCODER = msgspec.json.Encoder(order="deterministic")

TABLES: dict[str, tuple[tuple[str, ...], Finish | None]] = {
    "users": (users.COLUMNS, None),
    "user_subscriptions": (subscriptions.COLUMNS, subscriptions.finished),
    "user_billing": (billing.COLUMNS, None),
    "user_usage": (usage.COLUMNS, usage.finished),
    "user_system_data": (system_data.COLUMNS, None),
}
