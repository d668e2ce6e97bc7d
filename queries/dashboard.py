"""What a user sees first: their work by status, what runs, the month against the plan, and the latest."""

from datetime import datetime

from events.clock import from_micros
from events.routing import part_of
from events.statements import statement
from queries.rows import AnyConnection, Row, fetch_one

RUNNING = 10
RECENT = 20
LOOKED_AT = 500
"""Events looked through for recent activity: progress of a busy job must not make it slow."""


def dashboard(conn: AnyConnection, user_id: str, *, now: datetime) -> Row | None:
    """All of it in one statement; None for a user nothing mentions.

    A month that is over by `now` counts as reset, whether the scheduler has said so yet or not.
    """
    asked = {
        "user_id": user_id,
        "part": part_of(user_id),
        "now": now,
        "running": RUNNING,
        "recent": RECENT,
        "looked_at": LOOKED_AT,
    }
    row = fetch_one(conn, statement("queries", "dashboard"), asked)
    if row is None:
        return None
    for part, instants in (("jobs_running", ("started_at", "timeout_at")), ("recent", ("occurred_at",))):
        for each in row[part]:
            for name in instants:
                each[name] = None if each[name] is None else from_micros(each[name])
    return row
