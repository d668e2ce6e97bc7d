"""Upserts: the statement that inserts rows, or writes them over rows with the same key.

The columns are those of the rows: a table's declaration, or the fields of its state.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from psycopg.sql import SQL, Composable, Identifier

from projections.rows import Row


class Conflict(NamedTuple):
    """How a table treats a row with the key of another one.

    `kept` columns keep their values. `is_owned`: ids come from clients, and a row of another user is not
    written over. `joined` are columns with values from a `join` of the rows, `v`.
    """

    key: str = "id"
    kept: frozenset[str] = frozenset()
    is_owned: bool = False
    joined: tuple[tuple[str, Composable], ...] = ()
    join: Composable = SQL("")


def upsert(table: str, rows: Sequence[Row]) -> bytes:
    """The statement for these rows, which all have the same columns; its parameter `rows` is their JSON."""
    return _statement(table, tuple(rows[0]))


@cache
def _statement(table: str, columns: tuple[str, ...]) -> bytes:
    rule = CONFLICTS.get(table, Conflict())
    values: dict[str, Composable] = {name: Identifier("v", name) for name in columns} | dict(rule.joined)
    kept = rule.kept | {rule.key}
    statement = SQL(
        "INSERT INTO {table} ({columns}) SELECT {values}"
        " FROM json_populate_recordset(NULL::{table}, %(rows)s::json) AS v {join}"
        " ON CONFLICT ({key}) DO UPDATE SET {changes}{condition}"
    ).format(
        table=Identifier(table),
        columns=_listed(map(Identifier, values)),
        values=_listed(values.values()),
        join=rule.join,
        key=Identifier(rule.key),
        changes=_listed(
            SQL("{0} = EXCLUDED.{0}").format(Identifier(name)) for name in values if name not in kept
        ),
        condition=SQL(" WHERE {}.user_id = EXCLUDED.user_id").format(Identifier(table))
        if rule.is_owned
        else SQL(""),
    )
    return statement.as_bytes(None)


def _listed(parts: Iterable[Composable]) -> Composable:
    return SQL(", ").join(parts)


OWNED = Conflict(kept=frozenset({"user_id"}), is_owned=True)
CONFLICTS = {
    "quarantine": Conflict(key="user_id"),
    # The time of the first event stays.
    "logging_configurations": Conflict(kept=frozenset({"logger", "created_at"})),
    "system_configurations": Conflict(kept=frozenset({"category", "key", "created_at"})),
    "campaigns": OWNED,
    "creator_lists": OWNED,
    # A campaign that does not exist, or is another user's, is not referenced.
    "scraping_jobs": OWNED._replace(
        joined=(("campaign_id", SQL("c.id")),),
        join=SQL("LEFT JOIN campaigns c ON c.id = v.asked_campaign_id AND c.user_id = v.user_id"),
    ),
}
