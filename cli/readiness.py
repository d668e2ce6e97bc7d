"""What /readyz looks at: events that wait, who built the tables, how old the schema is."""

from datetime import timedelta

import psycopg

from api.deps import Check
from api.health import lag_check
from database import migrations
from database.pool import Pool
from events.clock import utc_now
from events.statements import statement
from projections.version import projector_version
from queries.counted import counted
from queries.rows import fetch_all

MOST_LAG = timedelta(minutes=1)
TIMEOUT_S = 2.0


def readiness(pool: Pool) -> dict[str, Check]:
    """Each check by its name: None when all is well, else the cause."""
    return {
        "projector": lag_check(pool, utc_now, most=MOST_LAG),
        "tables": _built_by_us(pool),
        "schema": _as_new_as_us(pool),
    }


def _as_new_as_us(pool: Pool) -> Check:
    """Ready when the schema has every migration of this installation; newer ones are its successor's."""
    wanted = migrations.names()

    def check() -> str | None:
        try:
            with pool.connection(timeout=TIMEOUT_S) as conn:
                applied = {row["name"] for row in fetch_all(conn, statement("cli", "applied_names"), {})}
        except psycopg.errors.InsufficientPrivilege:
            return None  # migrated by a release that did not show it
        waiting = len(wanted - applied)
        if not waiting:
            return None
        return f"{counted(waiting, 'migration waits', 'migrations wait')}; run tenure migrate up"

    return check


def _built_by_us(pool: Pool) -> Check:
    """Ready when the tables were built by the projector of this installation."""

    def check() -> str | None:
        with pool.connection(timeout=TIMEOUT_S) as conn:
            others = fetch_all(conn, statement("cli", "other_versions"), {"version": projector_version()})
        if not others:
            return None
        return "the tables were built by another version of the projector; run tenure replay"

    return check
