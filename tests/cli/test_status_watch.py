"""`tenure status --watch`: one screen, drawn again, and gone without a trace."""

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE

import pytest

from cli.live_output import redraw, stream_json
from cli.output import Console
from cli.status import lines
from database.errors import DatabaseUnavailable
from tests.cli.commands import environment
from tests.installation import Tenure

ENTER, LEAVE, HOME = "\x1b[?1049h", "\x1b[?1049l", "\x1b[H"
PATIENCE_S = 30.0


def times(count: int) -> Callable[[float], None]:
    """Waits so often, then Ctrl-C."""
    remaining = [None] * (count - 1)

    def wait(_: float) -> None:
        if not remaining:
            raise KeyboardInterrupt
        remaining.pop()

    return wait


@pytest.fixture
def screen() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=40, height=5)


def drawn(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_each_look_is_drawn_over_the_one_before(screen: Console) -> None:
    looks = iter([["events 1"], ["events 2"]])

    redraw(lambda: next(looks), every_s=2, on=screen, wait=times(2))

    text = drawn(screen)
    assert text.index("events 1") < text.index("events 2")
    assert HOME in text[text.index("events 1") : text.index("events 2")]
    assert (text.count(ENTER), text.count(LEAVE)) == (1, 1)


def test_a_screen_is_no_longer_than_the_terminal(screen: Console) -> None:
    redraw(lambda: [f"line {n}" for n in range(50)], every_s=2, on=screen, wait=times(1))

    assert "line 4" in drawn(screen)
    assert "line 5" not in drawn(screen)


def test_a_database_that_went_away_is_shown_and_asked_again(screen: Console) -> None:
    calls: list[None] = []

    def look() -> list[str]:
        calls.append(None)
        if len(calls) == 1:
            raise DatabaseUnavailable("db:5432/tenure", "gone")
        return ["back"]

    redraw(look, every_s=2, on=screen, wait=times(2))

    assert "cannot reach" in drawn(screen)
    assert "back" in drawn(screen)


def test_the_command_redraws_until_ctrl_c(conninfo: str, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "cli", "status", "--watch", "--every", "0.1"]
    env = environment(conninfo, tmp_path) | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=tmp_path, preexec_fn=_hears_ctrl_c
    ) as started:
        os.close(theirs)
        try:
            _read_until(ours, lambda text: text.count("migrations_applied") >= 2)
            started.send_signal(signal.SIGINT)
            _read_until(ours, lambda text: LEAVE in text)
            assert started.wait(PATIENCE_S) == 0
        finally:
            started.kill()
    os.close(ours)


def _hears_ctrl_c() -> None:
    """Whoever runs the tests in the background has it ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _read_until(terminal: int, is_there: Callable[[str], bool]) -> None:
    text, until = "", time.monotonic() + PATIENCE_S
    while not is_there(text):
        assert time.monotonic() < until, text[-2000:]
        text += os.read(terminal, 65536).decode(errors="replace")


@pytest.mark.parametrize(("more", "look"), [((), "migrations_applied"), (("--json",), "{")])
def test_in_a_pipe_one_look_follows_the_other(
    conninfo: str, tmp_path: Path, more: tuple[str, ...], look: str
) -> None:
    command = [sys.executable, "-m", "cli", "status", "--watch", "--every", "0.1", *more]
    with subprocess.Popen(
        command, stdout=PIPE, stderr=PIPE, env=environment(conninfo, tmp_path), cwd=tmp_path, text=True
    ) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        text = ""
        while text.count(look) < 2:
            line = started.stdout.readline()
            assert line, started.stderr.read()
            text += line
        started.stdout.close()  # as `| head` does

        assert started.wait(PATIENCE_S) == 0
        assert started.stderr.read() == ""
    assert "\x1b" not in text
    if more:
        assert all("migrations_applied" in json.loads(line) for line in text.splitlines())


def test_a_database_that_went_away_is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    def look() -> dict[str, object]:
        raise DatabaseUnavailable("db:5432/tenure", "gone")

    stream_json(look, every_s=2, wait=times(2))

    assert ["cannot reach" in json.loads(line)["error"] for line in capsys.readouterr().out.splitlines()] == [
        True,
        True,
    ]


def test_a_low_screen_shows_the_advice() -> None:
    status = {"at": "now", "idle": True, "advice": ["do this"]}

    assert lines(status)[-1] == lines(status, advice_first=True)[0] == "[yellow]do this[/yellow]"


def test_without_watch_the_tables_are_compared(tenure: Tenure) -> None:
    assert "tables_equal_replay" in tenure("status").stdout


def test_every_alone_means_nothing(tenure: Tenure) -> None:
    answer = tenure("status", "--every", "5")

    assert answer.exit_code == 2
    assert "requires --watch" in answer.stderr
