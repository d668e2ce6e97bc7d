"""The recipient of a message, from the tables, and whether the tables are up to date for that user."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from events.routing import part_of
from events.statements import AnyConnection, statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One user, with the values that decide whether mail is still due."""

    user_id: str
    email: str | None
    full_name: str | None
    deleted_at: datetime | None
    trial_status: str
    trial_end_date: datetime | None
    subscription_status: str
    plan_name: str | None
    customers: list[str]
    is_quarantined: bool


def recipient(conn: AnyConnection, user_id: str) -> Recipient | None:
    """The user; None when no event mentions them."""
    row = _row(conn, "recipient", {"user_id": user_id})
    return None if row is None else Recipient(**row)


def is_behind(conn: AnyConnection, user: Recipient) -> bool:
    """Whether the log has events of this user that are not projected yet."""
    routes = [user.user_id, *user.customers]
    row = _row(conn, "is_behind", {"routes": routes, "parts": [part_of(route) for route in routes]})
    assert row is not None  # a SELECT without FROM always returns one row
    return bool(row["is_behind"])


def is_settled(conn: AnyConnection, user: Recipient, invoice_id: str) -> bool:
    """Whether the invoice was paid, voided or written off since."""
    values = {
        "routes": user.customers,
        "parts": [part_of(route) for route in user.customers],
        "invoice": invoice_id,
    }
    row = _row(conn, "is_settled", values)
    assert row is not None  # a SELECT without FROM always returns one row
    return bool(row["is_settled"])


def _row(conn: AnyConnection, name: str, values: Mapping[str, object]) -> dict[str, Any] | None:
    # Any: one type a column
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("outbound.email", name), values).fetchone()
