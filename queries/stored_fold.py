"""A user's present state, as projected, and the catalog beside it."""

import msgspec

from events.statements import AnyConnection, statement
from projections.catalog import Catalog
from projections.fold import present
from projections.state import State, read_stored
from queries.rows import fetch_one


def stored_fold(conn: AnyConnection, user_id: str) -> tuple[State, Catalog] | None:
    """None for a user that no projected event mentions."""
    row = fetch_one(conn, statement("queries", "fold_of"), {"user_id": user_id})
    if row is None:
        return None
    state = present(read_stored(user_id, row["state"]))
    return state, msgspec.json.decode(row["catalog"] or "{}", type=Catalog)
