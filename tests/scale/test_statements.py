"""Each statement on a table that Citus would distribute names its part, or is known to ask every node."""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.scale.explained import explainable, explained, way
from tests.scale.reading import LOCKING, REACHED, apart, fans_out, in_python, statements

_COUNTS = "adds up 64 rows, for a page or a gauge"
_AUDIT = "one index scan a node, for a page or a report; bounded by time or LIMIT"
_RARE = "kept for somebody who asks a few times a year; reads the log once on every node"

FAN_OUT = {
    "archive/has_events": "once a restore",
    "archive/read_heads": "a backup promises all heads",
    "service/checkpoint_standing": _COUNTS,
    "bench/peers/missing_tenure_events": "a benchmark's check, once a run",
    "cli/doctor_replica": _COUNTS,
    "cli/doctor_standing": _COUNTS,
    "cli/service_status": _COUNTS,
    "service/standing": _COUNTS,
    "handlers/grants_to_end": "a scheduled look for grants that end, by type; LIMIT",
    "handlers/person_mentions": _RARE,
    "handlers/person_standing": "adds up 64 heads once an erasure",
    "providers/reconcile/erased_among": "erasures by type, once a page of a reconciliation",
    "providers/reconcile/thin_events": _AUDIT,
    "providers/reconcile/webhook_instances": _AUDIT,
    "projections/claim_parts": "a projector looks at 64 heads for parts that lag",
    "projections/replay_heads": "a replay is of the whole log",
    "projections/replay_read": "a replay is of the whole log",
    "projections/replay_receipts": "by type, LIMIT 1, once a status",
    "queries/completeness_gaps": _AUDIT,
    "queries/completeness_hours": _AUDIT,
    "queries/completeness_windows": _AUDIT,
    "queries/erasures": "by type, once a full verification",
    "queries/event_place": "an event's own id names no part: one index probe a node",
    "queries/find_events": _AUDIT,
    "queries/head_vector": "64 rows: a moment of the log",
    "queries/overview_appended": _AUDIT,
    "queries/overview_attention": _COUNTS,
    "queries/overview_status_days": _AUDIT,
    "queries/removals": "by type, once a verification",
    "queries/repeated_events": "joins a few ids with events_id on every node",
}
NOT_THE_SERVICE = {
    "archive/verify_restore.py": "counts what a restore loaded",
    "cli/db/command.py": "looks whether a bench database is empty",
    "cli/db/sample_data.py": "fills a bench database",
    "cli/scale/citus_checks.py": "patterns, no statements",
    "queries/events.py": "a user's streams by part, or newest first over all nodes with a LIMIT",
}


def test_every_statement_names_its_part_or_is_known_to_fan_out() -> None:
    fanning = {name: tables for name, text in statements().items() if (tables := fans_out(text))}

    unknown = {name: tables for name, tables in fanning.items() if name not in FAN_OUT}
    assert not unknown, f"these ask every node; give them a part, or a reason in FAN_OUT: {unknown}"
    assert set(FAN_OUT) == set(fanning), "these no longer fan out; take them off the list"


def test_no_statement_locks_or_walks_more_than_one_node() -> None:
    for name, text in statements().items():
        around = apart(text)

        if REACHED.search(around):
            assert not (LOCKING.search(around) and fans_out(around)), f"{name} locks on every node"
            assert "RECURSIVE" not in around, f"{name} walks every node"
            assert "ctid" not in around or name == "projections/replay_read", f"{name} reads by page"


def test_what_is_read_apart_is_no_part_of_the_locking_statement() -> None:
    for name in ("projections/claim_parts", "projections/lock_present_states"):
        text = statements()[name]

        assert LOCKING.search(text)
        assert REACHED.search(text)
        assert not REACHED.search(apart(text))


def test_no_statement_on_these_tables_hides_in_python() -> None:
    assert {module for module, _ in in_python()} == set(NOT_THE_SERVICE)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM events WHERE id = %(id)s",
        "SELECT 1 FROM events e WHERE e.position > 3 AND c.part = d.position",
        "UPDATE part_heads SET head = 0",
        "SELECT 1 FROM users u JOIN event_conflicts c ON c.id = u.id",
        "INSERT INTO log_nodes (level, index) SELECT 1, 2",
    ],
)
def test_a_statement_without_a_part_is_seen(text: str) -> None:
    assert fans_out(text)


@pytest.fixture(scope="module")
def planner(template: str, server: Any) -> Iterator[psycopg.Connection[Any]]:  # Any: tests.conftest.Server
    """TENURE_CITUS_URL's database, distributed; else a plain one, which reads the same statements."""
    url = os.environ.get("TENURE_CITUS_URL")
    if url:
        with psycopg.connect(url) as conn:
            yield conn
        return
    database = server.database(template)
    with psycopg.connect(database.conninfo) as conn:
        yield conn
    database.drop()


def test_every_statement_s_plan_can_be_read(planner: psycopg.Connection[Any]) -> None:
    ways = {name: way(explained(planner, text)) for name, text in statements().items() if explainable(text)}

    assert len(ways) > 50
    assert set(ways.values()) <= {"local", "router", "co-located", "fan-out"}


@pytest.mark.skipif(
    not os.environ.get("TENURE_CITUS_URL"),
    reason="TENURE_CITUS_URL is not set: it names a Citus database that `tenure scale citus` distributed",
)
def test_on_citus_every_plan_is_a_router_s_or_co_located(planner: psycopg.Connection[Any]) -> None:
    ways = {}
    for name, text in statements().items():
        if explainable(text) and name not in FAN_OUT:
            ways[name] = way(explained(planner, text))

    assert {name: how for name, how in ways.items() if how not in ("router", "co-located", "local")} == {}


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({"Node Type": "Seq Scan"}, "local"),
        (
            {"Node Type": "Custom Scan", "Distributed Query": {"Job": {"Task Count": 1}}},
            "router",
        ),
        (
            {"Node Type": "Custom Scan", "Distributed Query": {"Job": {"Task Count": 64}}},
            "co-located",
        ),
        (
            {
                "Node Type": "Custom Scan",
                "Distributed Query": {"Subplans": [{}], "Job": {"Task Count": 64}},
            },
            "fan-out",
        ),
        (
            {
                "Node Type": "Custom Scan",
                "Distributed Query": {"Job": {"Task Count": 64, "Dependent Jobs": [{}]}},
            },
            "fan-out",
        ),
    ],
)
def test_a_plan_of_citus_says_which_way_it_goes(plan: dict[str, Any], expected: str) -> None:
    assert way(plan) == expected
