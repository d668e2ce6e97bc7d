"""The law of the money tables in its plainest form: a set of events to rows, nothing incremental."""

import json
from collections.abc import Iterable
from typing import Any

from msgspec import Raw
from psycopg import Connection, sql
from psycopg.rows import dict_row

from events import livemode
from events.clock import micros
from events.envelope import NewEvent
from events.routing import part_of
from projections.money.fold import ObjectState, fold
from projections.money.rows import Part, rows_of, table_of
from projections.money.snapshot import LogRow, ObjectKey, ObjectSnapshot, Place, snapshot_of
from projections.money.tables.registry import CHILDREN, JOINED, MONEY_TABLES, TABLE_NAMES
from tests.projections.model import links_of

Row = dict[str, Any]  # Any: one type a column
Rows = dict[str, dict[tuple[str, ...], Row]]


def snapshots_of(events: Iterable[NewEvent]) -> dict[ObjectKey, list[ObjectSnapshot]]:
    """Each object's snapshots; an event's key is its id here."""
    snapshots: dict[ObjectKey, list[ObjectSnapshot]] = {}
    keys: set[str] = set()
    for number, event in enumerate(events):
        if (
            event.source_system != "stripe"
            or event.idempotency_key in keys
            or not livemode.counts(event.livemode)
        ):
            continue
        keys.add(event.idempotency_key)
        snapshot = snapshot_of(
            LogRow(
                Place(part_of(event.route_key), number),
                micros(event.occurred_at),
                event.idempotency_key,
                event.event_type,
                event.idempotency_key,
                event.livemode,
                event.payload,
            )
        )
        if snapshot is not None:
            snapshots.setdefault(snapshot.key, []).append(snapshot)
    return snapshots


def states_of(events: Iterable[NewEvent]) -> dict[ObjectKey, ObjectState]:
    """What stands of each object after these events."""
    return {key: fold(ObjectState(), some) for key, some in snapshots_of(events).items()}


def money_of(events: Iterable[NewEvent]) -> Rows:
    """The rows of every money table after these events, by table and key."""
    everything = list(events)
    states = states_of(everything)
    owners = {customer: user for user, customers in links_of(everything).items() for customer in customers}
    rows: Rows = {name: {} for name in TABLE_NAMES}
    for table in MONEY_TABLES:
        parts: dict[tuple[str, str, bool], list[Part]] = {}
        for key, state in states.items():
            if table_of(key) is table and state.standing is not None and state.standing.shown is not None:
                row_id = state.standing.shown.row
                parts.setdefault((row_id, key.account, key.livemode), []).append(Part(key, state.standing))
        for made_of in parts.values():
            if (new := rows_of(table, made_of)) is not None:
                for name, some in ((table.name, [new.row]), *new.children.items()):
                    rows[name] |= {_key(name, row): _plain(row, owners) for row in some}
    for name in JOINED:
        for row in rows[name].values():
            _join(row, states, rows)
    return rows


def _join(row: Row, states: dict[ObjectKey, ObjectState], rows: Rows) -> None:
    """The payment that the row names, by its PaymentIntent, else by its charge's."""
    charge = states.get(ObjectKey("charge", row["charge_id"] or "", row["account"], row["livemode"]))
    shown = None if charge is None or charge.standing is None else charge.standing.shown
    payment = row["payment_intent_id"] or (shown and shown.row) or row["charge_id"]
    there = rows["payments"].get((payment, row["account"], str(row["livemode"])), {})
    row |= {"payment_id": payment, "customer_id": there.get("customer_id"), "user_id": there.get("user_id")}


def _key(table: str, row: Row) -> tuple[str, ...]:
    parent = (str(row[CHILDREN[table].parent]),) if table in CHILDREN else ()
    return (*parent, str(row["id"]), str(row["account"]), str(row["livemode"]))


def _plain(row: Row, owners: dict[str, str]) -> Row:
    """The row in JSON's types, with its owner."""
    plain = {name: json.loads(bytes(cell)) if isinstance(cell, Raw) else cell for name, cell in row.items()}
    return plain | ({"user_id": owners.get(row["customer_id"])} if "customer_id" in row else {})


def money_in(conn: Connection[Any], mark: str) -> Rows:  # Any: rows of any columns
    """The same as the database has it, for objects whose id ends with a mark."""
    rows: Rows = {}
    for name in TABLE_NAMES:
        owner = CHILDREN[name].parent if name in CHILDREN else "id"
        query = sql.SQL(
            "SELECT t.*, e.idempotency_key FROM {} t JOIN events e ON e.id = t.event_id WHERE t.{} LIKE %s"
        ).format(sql.Identifier(name), sql.Identifier(owner))
        with conn.cursor(row_factory=dict_row) as cursor:
            stored = cursor.execute(query, [f"%{mark}"]).fetchall()
        rows[name] = {_key(name, row): _as_json(row) for row in stored}
    return rows


def _as_json(row: Row) -> Row:
    key = row.pop("idempotency_key")
    plain = {
        name: cell.isoformat() if hasattr(cell, "isoformat") else str(cell) if _is_decimal(cell) else cell
        for name, cell in row.items()
    }
    return plain | {"event_id": key}


def _is_decimal(cell: object) -> bool:
    return type(cell).__name__ == "Decimal"
