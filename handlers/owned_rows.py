"""The rows of campaigns, jobs and lists that decisions are based on.

Inside a decision the owner's partition is locked and projected to its end, so the row is exact and stays so.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from events.identifiers import derived_id
from events.statements import AnyConnection, statement
from handlers.decision import Command
from handlers.errors import UserDeleted
from handlers.platform_errors import HistoryStopped, NotTheirs, VersionConflict, WrongState
from projections.state import State

Row = dict[str, Any]  # Any: a column's value
Answer = dict[str, Any]  # Any: JSON values


def owned_row(
    conn: AnyConnection, what: str, row_id: UUID, command: Command, *, version: int | None = None
) -> Row:
    """The user's row. Raises: NotTheirs, VersionConflict, HistoryStopped."""
    row = fetch_row(conn, f"{what}_standing", id=row_id, user_id=command.user_id)
    if row is None:
        raise NotTheirs(what)
    if row["unfolded_event_id"] is not None:
        raise HistoryStopped(row["unfolded_event_id"])
    if version is not None and version != row["version"]:
        raise VersionConflict(version, row["version"])
    return row


def fetch_row(conn: AnyConnection, name: str, **values: object) -> Row | None:
    """The first row of a statement of this package, or None."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("handlers", name), values).fetchone()


def refuse_unless(what: str, row: Row, *allowed: str) -> None:
    """Raises: WrongState."""
    if row["status"] not in allowed:
        raise WrongState(what, row["status"], allowed)


def refuse_deleted(state: State) -> None:
    """Raises: UserDeleted: a deleted user can't create anything."""
    if state.deleted_at is not None:
        raise UserDeleted(state.user_id)


def new_id(table: str, command: Command) -> UUID:
    """The id of the row that a command creates: the same when the command is repeated, and unique to it."""
    return derived_id(table, command.key)


def answer_of(row_id: UUID, row: Mapping[str, Any] | None, **changed: object) -> Answer:
    """The answer to return and to store: the id, the version after the decision, and the changed values."""
    version = 1 if row is None else row["version"] + 1
    return {"id": str(row_id), "version": version, **changed}
