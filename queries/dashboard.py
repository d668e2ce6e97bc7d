"""The user's dashboard: work by status, running jobs, the month's usage and the plan, recent events."""

from datetime import datetime

from events.clock import from_micros
from events.routing import part_of
from events.statements import AnyConnection, Row, statement
from queries.rows import fetch_one

RUNNING = 10
RECENT = 20
LOOKED_AT = 500
"""Events searched for recent activity, so that the progress events of a busy job do not make it slow."""


def dashboard(conn: AnyConnection, user_id: str, *, now: datetime) -> Row | None:
    """The whole dashboard in one statement; None for an unknown user.

    A month that has ended by `now` counts as reset, even before the scheduler appends the reset.
    """
    parameters = {
        "user_id": user_id,
        "part": part_of(user_id),
        "now": now,
        "running": RUNNING,
        "recent": RECENT,
        "looked_at": LOOKED_AT,
    }
    row = fetch_one(conn, statement("queries", "dashboard"), parameters)
    if row is None:
        return None
    for part, instants in (("jobs_running", ("started_at", "timeout_at")), ("recent", ("occurred_at",))):
        for entry in row[part]:
            for name in instants:
                entry[name] = None if entry[name] is None else from_micros(entry[name])
    return row
