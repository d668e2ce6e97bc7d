"""The active and retired plans."""

from psycopg.sql import SQL

from events.statements import AnyConnection, Row
from queries.compose import compose, whole
from queries.rows import fetch_all


def list_plans(conn: AnyConnection, *, active: bool | None = None) -> list[Row]:
    """The catalog in display order. Prices in minor units; a limit of -1 is unlimited."""
    where = [] if active is None else [SQL("p.is_active = %(active)s::boolean")]
    return fetch_all(
        conn, compose(whole("plans"), where, SQL("ORDER BY p.display_order, p.plan_key")), {"active": active}
    )
