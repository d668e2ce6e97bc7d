"""Plans of the service's statements, and what a plan of Citus says: one node, each its own, or neither.

Source of the plan's fields: Citus' multi_explain.c ("Distributed Query", "Job", "Task Count", "Subplans",
"Dependent Jobs").
"""

import re
from collections.abc import Iterator
from typing import Any

import psycopg

from tests.scale.reading import REACHED

Plan = dict[str, Any]  # Any: JSON

_LIMIT = re.compile(r"LIMIT %\(\w+\)s")
_PARAMETER = re.compile(r"%\((\w+)\)s")
# A literal lets Citus prune; the others may be null, since nothing is run.
SAMPLES = {"part": "7", "parts": "'{7}'", "limit": "10"}
_OPENING = re.compile(r"^\s*\(?(SELECT|WITH|INSERT|UPDATE|DELETE)\b")


def explainable(text: str) -> bool:
    """Whether it reaches a distributed table and is a whole statement, which EXPLAIN takes."""
    return _OPENING.match(text) is not None and REACHED.search(text) is not None


def explained(conn: psycopg.Connection[Any], text: str) -> Plan:
    """The plan, with sample values in the place of parameters."""
    filled = _PARAMETER.sub(lambda match: SAMPLES.get(match[1], "NULL"), _LIMIT.sub("LIMIT 10", text))
    filled = filled.replace("%%", "%")
    with conn.transaction(force_rollback=True):
        row = conn.execute(f"EXPLAIN (FORMAT JSON) {filled}".encode()).fetchone()
    assert row is not None
    plan: Plan = row[0][0]["Plan"]
    return plan


def way(plan: Plan) -> str:
    """`local`: no distributed table; `router`: one node; `co-located`: each node its own; else `fan-out`."""
    queries = list(_distributed(plan))
    if not queries:
        return "local"
    if any(query.get("Subplans") or query["Job"].get("Dependent Jobs") for query in queries):
        return "fan-out"
    return "router" if all(query["Job"]["Task Count"] == 1 for query in queries) else "co-located"


def _distributed(plan: Plan) -> Iterator[Plan]:
    if "Distributed Query" in plan:
        yield plan["Distributed Query"]
    for child in plan.get("Plans", ()):
        yield from _distributed(child)
