"""The shadow schema: twins of the live tables, without indexes until they are filled.

Their indexes and constraints are read from the live tables, so a migration needs no change here.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
from msgspec.structs import replace
from psycopg import errors, sql

from events.statements import AnyConnection
from projections.catalog import Catalog
from projections.refusal import is_refusal
from projections.replay import plan as jobs
from projections.replay.errors import AddedIndex, AddedUnique, IndexRefused, TablesReferenced
from projections.replay.plan import ReplayPlan
from projections.replay.statements import close_to_others, do, look_into, rows, session
from projections.replay.tables import FILLERS, LOADED, OWN_UNIQUE, REBUILT, WHOLE
from projections.store import read_catalog

LIKE = "INCLUDING ALL EXCLUDING INDEXES"


def create(conn: AnyConnection, job: ReplayPlan) -> ReplayPlan:
    """Create the schema, its empty twins and the small tables; returns the plan with its catalog."""
    schema = sql.Identifier(job.schema)
    _refuse_what_leans_on_tables(conn)
    _refuse_added_unique(conn)
    with conn.transaction():
        conn.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
        conn.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        for table in REBUILT:
            twin = sql.SQL("CREATE TABLE {} (LIKE {} {})").format(
                sql.Identifier(job.schema, table), sql.Identifier("public", table), sql.SQL(LIKE)
            )
            conn.execute(twin)
        look_into(conn, job.schema)
        do(conn, "replay_make_progress")
        close_to_others(conn, job.schema)
        for table in REBUILT:
            _define(conn, job.schema, table, "replay_options", "replay_rights")
        for table in WHOLE:
            _define(conn, job.schema, table, "replay_keys", "replay_indexes")
        look_into(conn, job.schema)
        do(conn, "replay_pin", version=job.version, parts=list(job.pins), positions=list(job.pins.values()))
        for filler in FILLERS:
            filler(conn, job.pins)
        job = _with_catalog(conn, job)
        do(conn, "replay_keep_plan", plan=jobs.encode(job))
    return job


def kept_plan(conn: AnyConnection, schema: str) -> ReplayPlan | None:
    """The plan that a killed replay stored with its tables."""
    with suppress(errors.UndefinedTable), conn.transaction():
        query = sql.SQL("SELECT plan::text FROM {}").format(sql.Identifier(schema, "replay_plan"))
        stored = conn.execute(query).fetchall()
        return jobs.decode(stored[0][0]) if stored else None
    return None


def dress(conninfo: str, schema: str, *, workers: int) -> None:
    """Add keys, indexes, foreign keys and triggers of the live tables; then statistics for the planner."""
    sessions: list[AnyConnection] = []
    with ThreadPoolExecutor(workers) as threads:
        try:
            list(threads.map(lambda table: _dress(conninfo, schema, table, sessions), LOADED))
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            for conn in sessions:
                conn.cancel()  # else the block waits for every index
            raise
    with session(conninfo, "public") as conn:
        for table in REBUILT:
            _define(conn, schema, table, "replay_foreign_keys", "replay_triggers")
        for table in REBUILT:
            conn.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, table)))


def drop(conn: AnyConnection, schema: str) -> None:
    conn.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


def _dress(conninfo: str, schema: str, table: str, sessions: list[AnyConnection]) -> None:
    with session(conninfo, "public") as conn, conn.transaction():
        sessions.append(conn)
        if not rows(conn, "replay_is_dressed", schema=schema, table=table):
            _define(conn, schema, table, "replay_keys", "replay_indexes")


def _define(conn: AnyConnection, schema: str, table: str, *kinds: str) -> None:
    """Run definitions taken from the live table; their unqualified names resolve to the shadow schema."""
    for kind in kinds:
        look_into(conn, "public")
        definitions = rows(conn, kind, schema=schema, table=table)
        look_into(conn, schema)
        for (definition,) in definitions:
            try:
                conn.execute(definition.encode())
            except psycopg.Error as problem:
                if not is_refusal(problem):
                    raise
                raise IndexRefused(table, definition, str(problem.diag.message_primary)) from None
    look_into(conn, "public")


def _with_catalog(conn: AnyConnection, job: ReplayPlan) -> ReplayPlan:
    stored = read_catalog(conn)
    return replace(job, catalog_digest=stored[0] if stored else Catalog().digest())


def _refuse_what_leans_on_tables(conn: AnyConnection) -> None:
    leaning: Iterable[tuple[str]] = rows(conn, "replay_leaning", tables=list(REBUILT))
    if names := [name for (name,) in leaning]:
        raise TablesReferenced(names)


def added_unique(conn: AnyConnection) -> list[AddedIndex]:
    """Unique and exclusion indexes of the projected tables that no migration made."""
    indexes = rows(conn, "replay_added_unique", tables=list(REBUILT), own=list(OWN_UNIQUE))
    return [AddedIndex(*row) for row in indexes]


def _refuse_added_unique(conn: AnyConnection) -> None:
    if added := added_unique(conn):
        raise AddedUnique(added)
