"""`tenure db`: inspect the database, create missing indexes, measure every query."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict

import click
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from cli.db import inspect as looking
from cli.db.benchmark import Measured, measure
from cli.db.benchmark_queries import CASES
from cli.db.sample_data import Sizes, fill, world_of
from cli.errors import DifferenceFound, Failure
from cli.output import console, emit_json, emit_pairs, emit_table, json_option
from cli.parameters import FILLED_TEXT
from cli.progress import bar
from cli.temporary_database import scratch
from database import migrations
from database.pool import Connection, connect
from queries.pluralize import counted
from service.wiring import as_service, command_settings, server

MAX_P99_MS = 100.0
SHOWN = 15
FILLED = "made up by tenure db bench"


@click.group()
def db() -> None:
    """Inspect tables, indexes and query speed."""


@db.command()
@click.option("--all", "everything", is_flag=True, help="Show every table and index, not only the largest.")
@json_option
def inspect(*, everything: bool, as_json: bool) -> None:
    """Show sizes, bloat (estimated), cache hits and slow queries.

    Queries are shown where the server counts them.
    """
    with _owner() as conn:
        whole, tables, indexes = looking.database(conn), looking.tables(conn), looking.indexes(conn)
        slow = looking.slow_queries(conn)
    if as_json:
        emit_json({"database": whole, "tables": tables, "indexes": indexes, "slow_queries": asdict(slow)})
        return
    shown = None if everything else SHOWN
    emit_pairs("database", whole | {"bytes": _size(whole["bytes"]), "temp_bytes": _size(whole["temp_bytes"])})
    columns = (
        "table",
        "rows_estimate",
        "total",
        "of it indexes",
        "dead_rows",
        "bloat (est.)",
        "cache_hit_percent",
    )
    rows = [
        row
        | {
            "total": _size(row["total_bytes"]),
            "of it indexes": _size(row["index_bytes"]),
            "bloat (est.)": _size(row["bloat_bytes_estimate"]),
            "hit %": row["cache_hit_percent"],
        }
        for row in tables[:shown]
    ]
    emit_table(rows, columns, empty="no tables")
    emit_table(
        [row | {"size": _size(row["bytes"])} for row in indexes[:shown]],
        ("index", "table", "method", "size", "scans", "is_valid"),
        empty="no indexes",
    )
    if slow.why_not:
        console().print(f"slow queries: {slow.why_not}", markup=False)
    else:
        emit_table(slow.rows, ("calls", "mean_ms", "total_ms", "rows", "query"), empty="no slow queries")


@db.command("indexes")
@click.option("--apply", "make", is_flag=True, help="Create missing indexes without blocking writes.")
@json_option
def indexes(*, make: bool, as_json: bool) -> None:
    """List indexes that are missing, broken, doubled or unused. Exit 1 while one is missing.

    --apply creates only missing indexes (CREATE INDEX CONCURRENTLY); unused ones are never dropped.
    """
    created: list[str] = []
    with _owner() as conn:
        advice = looking.advice(conn)
        if make:
            for one in advice:
                if one.kind in ("missing", "invalid"):
                    _make(conn, one)
                    created.append(one.index)
            advice = looking.advice(conn)
    if as_json:
        emit_json({"made": created, "advice": [asdict(one) for one in advice]})
    else:
        for name in created:
            console().print(f"created {name}", markup=False)
        rows = [asdict(one) | {"size": _size(one.bytes)} for one in advice]
        emit_table(
            rows, ("kind", "index", "table", "size", "why", "sql"), empty="every index is present and used"
        )
    lacking = [one.index for one in advice if one.kind in ("missing", "invalid")]
    if lacking:
        raise DifferenceFound(
            f"{counted(len(lacking), 'index is', 'indexes are')} missing, first {lacking[0]}; "
            "create them: tenure db indexes --apply"
        )


@db.command()
@click.option(
    "--database", "name", type=FILLED_TEXT, metavar="NAME", help="Database to keep; default: a temporary one."
)
@click.option("--users", default=Sizes.users, show_default=True, type=click.IntRange(10))
@click.option("--campaigns", default=Sizes.campaigns, show_default=True, type=click.IntRange(1))
@click.option("--jobs", default=Sizes.jobs, show_default=True, type=click.IntRange(1))
@click.option("--results", default=Sizes.results, show_default=True, type=click.IntRange(1))
@click.option("--lists", default=Sizes.lists, show_default=True, type=click.IntRange(1))
@click.option("--items", default=Sizes.items, show_default=True, type=click.IntRange(1))
@click.option("--events", default=Sizes.events, show_default=True, type=click.IntRange(100))
@click.option(
    "--asked", "repeats", default=200, show_default=True, type=click.IntRange(10), help="Runs per query."
)
@click.option("--plans", is_flag=True, help="Print every plan; --json always includes them.")
@json_option
def bench(*, name: str | None, repeats: int, plans: bool, as_json: bool, **sizes: int) -> None:
    """Measure every query on a generated platform. It is built in a separate database on this server.

    Exit 1 if one takes more than 100 ms at the 99th percentile.
    """
    size = Sizes(**sizes)
    with server(command_settings(), may_begin=True) as conninfo, _place(conninfo, name) as place:
        _build(place, size)
        measurements = _measured(place, repeats)
    if as_json:
        emit_json({"sizes": asdict(size), "asked": repeats, "queries": [asdict(one) for one in measurements]})
    else:
        _print(measurements, plans=plans)
    slow = [one for one in measurements if one.p99_ms > MAX_P99_MS]
    if slow:
        worst = max(slow, key=lambda one: one.p99_ms)
        raise DifferenceFound(
            f"{counted(len(slow), 'query is', 'queries are')} over {MAX_P99_MS:.0f} ms at p99, "
            f"worst {worst.name}: {worst.p99_ms} ms"
        )


@contextmanager
def _owner() -> Iterator[Connection]:
    with (
        server(command_settings()) as conninfo,
        closing(connect(conninfo, application_name="tenure-db", autocommit=True)) as conn,
    ):
        yield conn


def _make(conn: Connection, one: looking.Advice) -> None:
    """Create the index. An interrupted attempt leaves an unusable index, which is dropped first."""
    console(stderr=True).print(f"creating {one.index}", markup=False)
    conn.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(one.index)))
    try:
        conn.execute(one.sql.encode())
    except errors.UndefinedTable:
        raise Failure(f"{one.table} is missing; create it first: tenure migrate up") from None


@contextmanager
def _place(conninfo: str, name: str | None) -> Iterator[str]:
    """A database to fill: the named one, which is kept, or a temporary one."""
    if name is None:
        with scratch(conninfo, "bench") as temporary:
            yield temporary
        return
    with closing(connect(conninfo, application_name="tenure-bench", autocommit=True)) as conn:
        if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    yield make_conninfo(conninfo, dbname=name)


def _build(place: str, sizes: Sizes) -> None:
    with closing(connect(place, application_name="tenure-bench")) as conn:
        if _is_filled(conn, sizes):
            return
        migrations.up(place)
        row = conn.execute("SELECT count(*) FROM part_heads WHERE head > 0").fetchone()
        if row is None or row[0]:
            raise Failure(
                "that database has other content; name one that tenure db bench created, or a new one"
            )
        conn.rollback()
        with bar("filling", sum(asdict(sizes).values()) + 7 * sizes.users) as advance:
            done: dict[str, int] = {}

            def on_progress(table: str, rows: int) -> None:
                done[table] = rows
                advance(sum(done.values()))

            fill(conn, sizes, on_progress=on_progress)
        comment = sql.SQL("COMMENT ON DATABASE {} IS {}").format(
            sql.Identifier(conn.info.dbname), sql.Literal(f"{FILLED} {sizes}")
        )
        conn.execute(comment)
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM (ANALYZE)")


def _is_filled(conn: Connection, sizes: Sizes) -> bool:
    row = conn.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    conn.rollback()
    comment = row[0] if row else None
    if comment and comment.startswith(FILLED) and comment != f"{FILLED} {sizes}":
        raise Failure(f"that database was filled with other sizes: {comment.removeprefix(FILLED).strip()}")
    return comment == f"{FILLED} {sizes}"


def _measured(place: str, repeats: int) -> list[Measured]:
    with (
        closing(connect(place, application_name="tenure-bench")) as conn,
        bar("measuring", len(CASES)) as advance,
    ):
        as_service(conn)
        world = world_of(conn)
        measurements = []
        for number, case in enumerate(CASES, 1):
            measurements.append(measure(conn, case, world, repeats=repeats))
            advance(number)
    return measurements


def _print(measurements: list[Measured], *, plans: bool) -> None:
    rows = [
        {
            "query": one.name,
            "p50 ms": one.p50_ms,
            "p99 ms": one.p99_ms,
            "statements": one.statements,
            "reads whole": ", ".join(one.scans) or None,
            "indexes": ", ".join(one.indexes),
        }
        for one in measurements
    ]
    emit_table(rows, ("query", "p50 ms", "p99 ms", "statements", "reads whole", "indexes"), empty="")
    without = [one.name for one in measurements if one.scans]
    console().print(
        f"without an index on a large table: {', '.join(without)}" if without else "every query uses an index"
    )
    if plans:
        for one in measurements:
            console().print(f"\n{one.name}", markup=False)
            for plan in one.plans:
                console().print(plan, markup=False, soft_wrap=True)


def _size(count: int | None) -> str | None:
    """Bytes for people."""
    if count is None:
        return None
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1024 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:.0f} {units[0]}" if units[0] == "B" else f"{value:.1f} {units[0]}"
