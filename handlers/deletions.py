"""Revert a deletion that a reconciliation inferred because a user was missing, for example under another
instance's API key.

A deletion that Clerk sent, and an erasure, are final.
"""

from typing import Any

from psycopg.rows import dict_row

from events.domain.user import DeletionReverted
from events.routing import part_of
from events.statements import AnyConnection, statement
from handlers.decision import Command, Decided, Verdict, decide
from handlers.errors import AlreadySo, NothingToUndo
from projections.state import State

Row = dict[str, Any]  # Any: one type a column


def restore_user(conn: AnyConnection, command: Command) -> Decided:
    """Restore the user; name and address are those of Clerk's last event again.

    Raises: AlreadySo, NothingToUndo, and as `decide`.
    """
    return decide(
        conn,
        command.requesting(deleted=False),
        lambda state, _, now: restore(state, _deletions(conn, state.user_id)),
    )


def restore(state: State, deletions: list[Row]) -> Verdict:
    """The verdict on the deletions in the user's stream."""
    answer: dict[str, Any] = {"user_id": state.user_id, "deleted": False}  # Any: JSON values
    if state.deleted_at is None:
        raise AlreadySo(answer)
    standing = [row for row in deletions if str(row["id"]) not in state.reverted]
    final = next((row for row in standing if not row["is_observed"]), None)
    if final is not None:
        raise NothingToUndo(
            f"expected a deletion that a reconciliation observed, found {final['event_type']} {final['id']}, "
            "which is final; nothing was changed"
        )
    ids = tuple(row["id"] for row in standing)
    return Verdict(
        DeletionReverted(event_ids=ids), {**answer, "reverted": [str(event_id) for event_id in ids]}
    )


def _deletions(conn: AnyConnection, user_id: str) -> list[Row]:
    with conn.cursor(row_factory=dict_row) as cursor:
        values = {"user_id": user_id, "part": part_of(user_id)}
        return cursor.execute(statement("handlers", "deletions_of"), values).fetchall()
