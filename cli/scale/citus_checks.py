"""Find everything that keeps a schema from being distributed.

Citus' rules: https://docs.citusdata.com/en/stable/develop/reference_workarounds.html and
https://docs.citusdata.com/en/stable/develop/reference_ddl.html. A migrated database has none of
these obstacles; an older one has.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cli.scale.layout import COLUMN, DISTRIBUTED
from events.statements import AnyConnection, Row, statement
from queries.rows import fetch_all


@dataclass(frozen=True, slots=True)
class Obstacle:
    """`name` is the table, function or statement; `change` is what would fix it."""

    name: str
    why: str
    change: str


def obstacles(conn: AnyConnection) -> list[Obstacle]:
    """All obstacles; empty if the schema can be distributed."""
    return [obstacle for look in _LOOKS for obstacle in look(conn)]


def _tables(conn: AnyConnection) -> Iterator[Obstacle]:
    for row in _rows(conn, "tables_without_part"):
        yield Obstacle(row["name"], f"it has no column {COLUMN}", f"a migration that gives it {COLUMN}")
    for row in _rows(conn, "keys_without_part"):
        why = f"its unique index {row['index_name']} is without {COLUMN}, so no node could keep it unique"
        yield Obstacle(row["table_name"], why, f"put {COLUMN} into the index")
    for row in _rows(conn, "foreign_keys_across"):
        why = f"the foreign key {row['name']} leads out of the co-located tables"
        yield Obstacle(row["table_name"], why, "drop it, or distribute the other table by part too")


def _functions(conn: AnyConnection) -> Iterator[Obstacle]:
    for name, pattern, why, change in _IN_FUNCTIONS:
        for row in fetch_all(conn, statement("cli.scale", "functions"), {"name": name}):
            if re.search(pattern, row["source"], re.DOTALL):
                yield Obstacle(f"{name}()", why, change)


def _statements(conn: AnyConnection) -> Iterator[Obstacle]:
    for package, name, pattern, why in _IN_STATEMENTS:
        if re.search(pattern, ASIDE.sub("", statement(package, name).decode()), re.DOTALL):
            yield Obstacle(f"{package}: {name}", why, "read the distributed table in a separate statement")


def _rows(conn: AnyConnection, name: str) -> list[Row]:
    return fetch_all(conn, statement("cli.scale", name), {"tables": list(DISTRIBUTED), "column": COLUMN})


# Comments and materialized CTEs: neither is part of the statement around them.
ASIDE = re.compile(r"^--.*?$|AS MATERIALIZED \((?:[^()]|\([^()]*\))*\)", re.MULTILINE)

_PAGES = "reads the log by heap page (ctid), and each shard has its own pages"
_LOCKS = "locks rows in a statement that reads part_heads of every part: Citus locks in one shard only"
_WALKS = "walks events of all nodes in a recursive CTE"

# (function, pattern in its source, why it can't run, the change that would fix it)
_IN_FUNCTIONS = (
    (
        "append_event",
        r"UPDATE part_heads[^;]*clock_timestamp\(\)",
        "its UPDATE of part_heads calls clock_timestamp(): Citus refuses VOLATILE functions in an UPDATE",
        "read the clock into a variable, then UPDATE",
    ),
    (
        "erase_person",
        r"\bxmin\b",
        "it identifies its own event by xmin, and a row on a worker has the worker's transaction id",
        "identify it by a column of the row",
    ),
    (
        "erase_person",
        r"UPDATE events[^;]*FROM unnest",
        "it updates events joined with an array, which is not routed to a node",
        "one UPDATE per route, each with its part",
    ),
    ("event_types", r"WITH RECURSIVE.*FROM events", _WALKS, "a loop with one statement per type"),
)
# (package, statement, pattern in it, why it can't run)
_IN_STATEMENTS = (
    ("projections", "claim_parts", r"part_heads.*FOR UPDATE", _LOCKS),
    ("projections", "lock_present_states", r"part_heads.*FOR UPDATE", _LOCKS),
    ("archive", "hold_head", r"part_heads(?!\s+WHERE part = %).*FOR UPDATE", _LOCKS),
    ("projections", "replay_read_part", r"\bctid\b", _PAGES),
    ("queries", "event_types", r"WITH RECURSIVE.*FROM events", _WALKS),
)
_LOOKS: tuple[Callable[[AnyConnection], Iterator[Obstacle]], ...] = (_tables, _functions, _statements)
