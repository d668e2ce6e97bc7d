"""Measure each query: its latency, the statements it executes and the indexes they use."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from statistics import median, quantiles
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from cli.db.benchmark_queries import Case
from cli.db.sample_data import World
from database.pool import Connection

LARGE_ROWS = 1000
ExecutedQuery = tuple[Any, Any]  # Any: a query and its parameters as psycopg takes them
Plan = dict[str, Any]  # Any: JSON values


@dataclass(frozen=True, slots=True)
class Measured:
    """One query. `scans`: large tables it reads completely; `indexes`: those it uses."""

    name: str
    p50_ms: float
    p99_ms: float
    statements: int
    indexes: list[str]
    scans: list[str]
    plans: list[str]


class _Recording(psycopg.Cursor[Any]):  # Any: the query's own row factory
    """Records every statement it executes."""

    executed: list[ExecutedQuery] | None = None

    def execute(self, query: Any, params: Any = None, **rest: Any) -> Any:  # Any: psycopg's own types
        if _Recording.executed is not None:
            _Recording.executed.append((query, params))
        return super().execute(query, params, **rest)


def measure(conn: Connection, case: Case, world: World, *, repeats: int) -> Measured:
    """Run the case `repeats` times about random users, after a tenth as many runs to warm up."""
    random = Random(case.name)  # noqa: S311 - repeatable, not secret
    calls = [case.make(world, random) for _ in range(repeats)]
    for call in calls[: max(1, repeats // 10)]:
        call(conn)
    took_ms = []
    for call in calls:
        began = time.perf_counter()
        call(conn)
        took_ms.append((time.perf_counter() - began) * 1000)
    with _recorded(conn) as executed:
        calls[-1](conn)
    plans = [plan for query in executed if (plan := _plan(conn, query))]
    nodes = [node for plan in plans for node in _nodes(plan)]
    conn.rollback()
    return Measured(
        name=case.name,
        p50_ms=round(median(took_ms), 2),
        p99_ms=round(quantiles(took_ms, n=100)[98] if len(took_ms) > 1 else took_ms[0], 2),
        statements=len(executed),
        indexes=sorted({node["Index Name"] for node in nodes if "Index Name" in node}),
        scans=_large(conn, {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}),
        plans=[_plan_tree(plan) for plan in plans],
    )


@contextmanager
def _recorded(conn: Connection) -> Iterator[list[ExecutedQuery]]:
    usual, conn.cursor_factory = conn.cursor_factory, _Recording
    _Recording.executed = []
    try:
        yield _Recording.executed
    finally:
        _Recording.executed = None
        conn.cursor_factory = usual


def _plan(conn: Connection, executed_query: ExecutedQuery) -> Plan | None:
    query, params = executed_query
    text = query if isinstance(query, bytes | str) else query.as_string(conn)
    text = text.decode() if isinstance(text, bytes) else text
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--")).lstrip()
    if not bare.upper().startswith(("SELECT", "WITH")):
        return None
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(sql.SQL("EXPLAIN (FORMAT JSON) ") + sql.SQL(text), params).fetchone()
    return None if row is None else row[0][0]["Plan"]


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _plan_tree(plan: Plan, depth: int = 0) -> str:
    """The plan as an indented tree."""
    on = plan.get("Index Name") or plan.get("Relation Name") or ""
    line = f"{'  ' * depth}{plan['Node Type']}{' ' + on if on else ''} (rows {plan['Plan Rows']})"
    return "\n".join([line, *(_plan_tree(child, depth + 1) for child in plan.get("Plans", ()))])


def _large(conn: Connection, tables: set[str]) -> list[str]:
    if not tables:
        return []
    query = "SELECT relname::text FROM pg_class WHERE relname = ANY (%s) AND reltuples > %s AND relkind = 'r'"
    with conn.cursor(row_factory=tuple_row) as cursor:
        return sorted({row[0] for row in cursor.execute(query, [list(tables), LARGE_ROWS]).fetchall()})
