"""The made-up log of the scaling benchmark is a log: gapless, digested, indexed, and it folds."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from bench.report import between
from bench.synthetic_log import grow
from database.pool import Connection, connect
from projections.runner import Runner
from service.wiring import projector_connection
from tests.cli.processes import ROOT
from tests.faults.verdict import HALF, TWICE


def silent(_: str) -> None:
    pass


def indexes(conn: Connection) -> list[tuple[str, ...]]:
    return conn.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'events' ORDER BY 1"
    ).fetchall()


def test_a_made_up_log_is_whole_and_folds(conninfo: str) -> None:
    with connect(conninfo, application_name="test", autocommit=True) as conn:
        before = indexes(conn)

        grow(conn, 100, body_bytes=1000, have=0, report=silent)
        grow(conn, 200, body_bytes=1000, have=100, report=silent)
        Runner(partial(projector_connection, conninfo)).drain()

        assert conn.execute("SELECT count(*), min(length(event_data::text)) FROM events").fetchone() == (
            200,
            1000,
        )
        assert conn.execute(HALF.encode()).fetchone() == conn.execute(TWICE.encode()).fetchone() == (0,)
        assert indexes(conn) == before
        statuses = conn.execute("SELECT subscription_status, count(*) FROM user_subscriptions GROUP BY 1")
        assert statuses.fetchall() == [("active", 20)]
        assert conn.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)


def test_a_table_is_put_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- x: begin -->\nold\n<!-- x: end -->\nafter\n")

    between(page, "x", ("a", "b"), [(1000, 0.5)], notes="Notes.")
    between(page, "x", ("a", "b"), [(2000, 0.5)], notes="Notes.")

    text = page.read_text()
    assert text.startswith("before\n<!-- x: begin -->\nCommit ")
    assert text.endswith("| a | b |\n|---|---|\n| 2,000 | 0.5 |\n<!-- x: end -->\nafter\n")


def test_the_page_has_a_place_for_the_table() -> None:
    text = (ROOT / "docs" / "scaling.md").read_text()

    assert text.count("<!-- scaling: begin -->") == text.count("<!-- scaling: end -->") == 1


@pytest.mark.parametrize(("words", "code"), [(["nothing", "--write"], 2), (["scaling", "--help"], 0)])
def test_names_come_before_flags(words: list[str], code: int) -> None:
    done = subprocess.run([sys.executable, "-m", "bench", *words], cwd=ROOT, capture_output=True, check=False)

    assert done.returncode == code
