"""What a decision about a campaign, a job or a list is based on: its row as it stands.

Inside a decision the owner's part is held and projected to its end, so the row is exact and stays so.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from events.identifiers import derived_id
from events.statements import statement
from handlers.decision import Command
from handlers.errors import UserDeleted
from handlers.platform_errors import HistoryStopped, NotTheirs, VersionConflict, WrongState
from projections.log_reader import AnyConnection
from projections.state import State

Row = dict[str, Any]  # Any: a column's value
Answer = dict[str, Any]  # Any: JSON values


def held(
    conn: AnyConnection, what: str, wanted: UUID, command: Command, *, version: int | None = None
) -> Row:
    """The user's row. Raises: NotTheirs, VersionConflict, HistoryStopped."""
    found = ask(conn, f"{what}_standing", id=wanted, user_id=command.user_id)
    if found is None:
        raise NotTheirs(what)
    if found["unfolded_event_id"] is not None:
        raise HistoryStopped(found["unfolded_event_id"])
    if version is not None and version != found["version"]:
        raise VersionConflict(version, found["version"])
    return found


def ask(conn: AnyConnection, name: str, **asked: object) -> Row | None:
    """The first row of a statement of this package, or None."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("handlers", name), asked).fetchone()


def refuse_unless(what: str, row: Row, *allowed: str) -> None:
    """Raises: WrongState."""
    if row["status"] not in allowed:
        raise WrongState(what, row["status"], allowed)


def refuse_deleted(state: State) -> None:
    """Raises: UserDeleted: nothing begins for somebody who is gone."""
    if state.deleted_at is not None:
        raise UserDeleted(state.user_id)


def new_id(table: str, command: Command) -> UUID:
    """The id of what a command makes: the same for its repetition, and nobody else's."""
    return derived_id(table, command.key)


def answer_of(wanted: UUID, row: Mapping[str, Any] | None, **changed: object) -> Answer:
    """What is told and kept: the id and the version after the decision, and what else it changed."""
    version = 1 if row is None else row["version"] + 1
    return {"id": str(wanted), "version": version, **changed}
