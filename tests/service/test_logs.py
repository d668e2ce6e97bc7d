"""One stream of structured lines for our loggers and everybody else's."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from service import logging_setup


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_lines_and_the_libraries_lines_have_one_shape() -> None:
    stream = io.StringIO()
    logging_setup.configure(level="INFO", form="json", stream=stream)

    structlog.get_logger("tenure.x").info("stored", part=3)
    logging.getLogger("gunicorn.error").warning("worker %s died", 7)

    ours, theirs = _lines(stream)
    assert (ours["event"], ours["part"], ours["logger"]) == ("stored", 3, "tenure.x")
    assert (theirs["event"], theirs["level"]) == ("worker 7 died", "warning")
    assert set(ours) - {"part"} == set(theirs)


def test_request_id_is_on_every_line_of_the_request() -> None:
    stream = io.StringIO()
    logging_setup.configure(level="INFO", form="json", stream=stream)

    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("tenure.x").info("a")
        logging.getLogger("somebody").warning("b")
    structlog.get_logger("tenure.x").info("c")

    assert [line.get("request_id") for line in _lines(stream)] == ["r-1", "r-1", None]


def test_level_decides_and_libraries_are_quiet_below_warning() -> None:
    stream = io.StringIO()
    logging_setup.configure(level="INFO", form="json", stream=stream)

    structlog.get_logger("tenure.x").debug("not this")
    logging.getLogger("apscheduler.scheduler").info("nor this")
    logging.getLogger("psycopg.pool").warning("this")

    assert [line["event"] for line in _lines(stream)] == ["this"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_exception_shows_where_but_not_whose(form: str) -> None:
    stream = io.StringIO()
    logging_setup.configure(level="INFO", form=form, stream=stream)

    try:
        raise ValueError("no user ada@example.org")
    except ValueError:
        structlog.get_logger("tenure.x").exception("failed", email="ada@example.org")

    assert "ada@" not in stream.getvalue()
    assert "ValueError" in stream.getvalue()
    assert "test_logs.py" in stream.getvalue()


def test_a_value_cannot_forge_a_second_line() -> None:
    stream = io.StringIO()
    logging_setup.configure(level="INFO", form="console", stream=stream)

    structlog.get_logger("tenure.x").info("seen", event_type="a\nforged line")

    assert len(stream.getvalue().splitlines()) == 1


@pytest.mark.parametrize("odd", ["\ud800", 2**70, float("nan"), {7: "a"}, b"\xff"])
def test_odd_values_are_no_reason_to_be_silent(odd: object) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    logging_setup.configure(level="INFO", form="json", stream=stream)

    structlog.get_logger("tenure.x").info("odd", value=odd)

    stream.seek(0)
    assert json.loads(stream.read())["event"] == "odd"


MANY = """
import logging, structlog
from concurrent.futures import ThreadPoolExecutor
from service import logging_setup as logs
logs.configure(level="INFO", form="json")
log = structlog.get_logger("tenure.x")
with ThreadPoolExecutor(8) as threads:
    list(threads.map(lambda n: log.info("line", n=n, padding="x" * (n * 7 % 3000)), range(500)))
logging.getLogger("somebody").warning("theirs")
"""


def test_lines_of_many_threads_stay_whole() -> None:
    ran = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, check=True)

    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert sorted(line["n"] for line in lines[:-1]) == list(range(500))
    assert lines[-1]["event"] == "theirs"


def test_a_stream_that_is_gone_stops_nobody(tmp_path: Path) -> None:
    with (tmp_path / "log").open("a") as stream:
        logging_setup.configure(level="INFO", form="json", stream=stream)

    structlog.get_logger("tenure.x").info("into nowhere")

    assert (tmp_path / "log").read_text() == ""
