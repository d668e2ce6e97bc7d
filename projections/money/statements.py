"""The statements that differ by table: composed once, of the tables' declarations."""

from functools import cache
from typing import Any

from psycopg.sql import SQL, Composable, Identifier

from projections.money.tables.registry import CHILDREN, JOINED, MONEY_TABLES

FOLLOWING = (*(table.name for table in MONEY_TABLES if table.has_customer), *CHILDREN, *JOINED)


@cache
def deletion(table: str, column: str) -> bytes:
    """Delete rows by the id in a column, with account and mode. Uses the primary key of the table."""
    return _composed(
        "DELETE FROM {table} AS t"
        " USING unnest(%(ids)s::text[], %(accounts)s::text[], %(livemodes)s::boolean[])"
        " AS v (id, account, livemode)"
        " WHERE t.{column} = v.id AND t.account = v.account AND t.livemode = v.livemode",
        table=table,
        column=column,
    )


@cache
def child_deletion(table: str, parent: str) -> bytes:
    """Delete children of some parents, but for those that are kept. Uses the primary key of the table."""
    return deletion(table, parent) + _composed(
        " AND NOT EXISTS (SELECT FROM unnest(%(kept_parents)s::text[], %(kept)s::text[]) AS k (parent, id)"
        " WHERE k.parent = t.{parent} AND k.id = t.id)",
        parent=parent,
    )


@cache
def joining(table: str, *, is_whole: bool = False) -> bytes:
    """Give rows their payment and its customer: by id, by payment, by charge, with an index for each; or to
    all rows, in a table without indexes."""
    return _composed(
        "UPDATE {table} AS t SET payment_id = j.payment_id, customer_id = p.customer_id, user_id = p.user_id"
        " FROM (SELECT r.id, r.account, r.livemode,"
        " coalesce(r.payment_intent_id, c.row_id, r.charge_id) AS payment_id"
        " FROM {table} r LEFT JOIN billing_objects c ON c.kind = 'charge' AND c.id = r.charge_id"
        " AND c.account = r.account AND c.livemode = r.livemode"
        " WHERE {condition}) AS j"
        " LEFT JOIN payments p ON p.id = j.payment_id AND p.account = j.account AND p.livemode = j.livemode"
        " WHERE t.id = j.id AND t.account = j.account AND t.livemode = j.livemode AND"
        " (t.payment_id, t.customer_id, t.user_id) IS DISTINCT FROM (j.payment_id, p.customer_id, p.user_id)",
        table=table,
        condition=SQL("true") if is_whole else _TOUCHED,
    )


@cache
def following() -> bytes:
    """Give the rows of some customers to their present owners. Uses each table's index on customer_id."""
    one = (
        "{name} AS (UPDATE {table} AS t SET user_id = l.user_id"
        " FROM unnest(%(customers)s::text[]) AS v (customer_id)"
        " LEFT JOIN customer_links l USING (customer_id)"
        " WHERE t.customer_id = v.customer_id AND t.user_id IS DISTINCT FROM l.user_id)"
    )
    updates = [
        SQL(one).format(name=Identifier(f"moved_{name}"), table=Identifier(name)) for name in FOLLOWING
    ]
    return SQL("WITH {} SELECT").format(SQL(", ").join(updates)).as_bytes(None)


def _composed(query: Any, **names: str | Composable) -> bytes:  # Any: psycopg wants a literal
    parts = {name: Identifier(part) if isinstance(part, str) else part for name, part in names.items()}
    return SQL(query).format(**parts).as_bytes(None)


_TOUCHED = SQL(
    "r.id = ANY (%(ids)s::text[]) OR r.payment_id = ANY (%(payments)s::text[])"
    " OR r.charge_id = ANY (%(charges)s::text[])"
)
