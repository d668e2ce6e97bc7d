"""The plans on offer and those no longer sold."""

from queries.compose import compose
from queries.rows import AnyConnection, Row, fetch_all


def list_plans(conn: AnyConnection, *, active: bool | None = None) -> list[Row]:
    """The catalog in display order. Prices in minor units; a limit of -1 is unlimited."""
    where = [] if active is None else ["plans_where_active"]
    return fetch_all(conn, compose("plans", where=where, closing=["plans_in_order"]), {"active": active})
