"""`tenure work` as a process: it does what is due and takes changes without a restart."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from jobs import enqueue
from tests.cli.commands import answer, environment, logged, serving, tenure

Env = dict[str, str]


@pytest.fixture
def env(conninfo: str, tmp_path: Path) -> Env:
    return environment(conninfo, tmp_path)


@pytest.fixture
def log(env: Env, tmp_path: Path) -> Iterator[Path]:
    """The log of a running `tenure work`."""
    path = tmp_path / "work.log"
    with serving(env, path, "work"):
        _until(lambda: any(line["event"] == "schedule.leading" for line in logged(path)), within_s=30)
        yield path


def _until(true: Callable[[], bool], *, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.05)


def _levels(log: Path) -> list[object]:
    return [line["levels"] for line in logged(log) if line["event"] == "log levels changed"]


def test_log_level_of_a_running_service_changes_within_five_seconds(env: Env, log: Path) -> None:
    assert not any(line["level"] == "debug" for line in logged(log))

    done = tenure(env, "log-level", "tenure.schedule", "DEBUG", "--for", "8s", "--reason", "a look")
    started_s = time.monotonic()
    _until(lambda: _levels(log)[-1:] == [{"tenure.schedule": "DEBUG"}], within_s=5)
    took_s = time.monotonic() - started_s
    _until(lambda: any(line["level"] == "debug" for line in logged(log)), within_s=20)
    _until(lambda: _levels(log)[-1:] == [{}], within_s=30)

    assert done.returncode == 0
    assert took_s < 5


def test_every_handler_runs_and_the_list_says_so(env: Env, log: Path) -> None:
    def ran() -> bool:
        rows = answer(env, "schedule", "list")
        return all(row["runs"] >= 1 and row["error"] is None for row in rows)

    _until(ran, within_s=30)


def test_job_put_in_the_queue_is_done_by_the_service(env: Env, log: Path, conninfo: str) -> None:
    payload = {"user_id": "user_1", "occasion": "welcome", "instance": "1", "about": {}}
    with psycopg.connect(conninfo) as conn:
        queued = enqueue(conn, "email", payload, now=datetime.now(UTC), max_retries=0)

    def error() -> object:
        (job,) = answer(env, "jobs", "list")
        assert job["id"] == str(queued.id)
        return job["error"]

    _until(lambda: error() is not None, within_s=10)
    assert error() == "the user has events that are not projected yet"


def test_hot_value_is_taken_and_the_other_asks_for_a_restart(env: Env, log: Path) -> None:
    hot = tenure(env, "config", "set", "trial.duration_days", "14", "--reason", "spring")
    cold = tenure(env, "config", "set", "jobs.threads", "3")
    _until(
        lambda: {line.get("setting") for line in logged(log)} >= {"trial.duration_days", "jobs.threads"},
        within_s=5,
    )

    events = {line["setting"]: line["event"] for line in logged(log) if "setting" in line}
    assert "within 5 seconds" in hot.stdout
    assert "not hot-reloadable" in cold.stdout
    assert events["trial.duration_days"] == "configuration.taken"
    assert events["jobs.threads"] == "configuration.needs_restart"
    assert tenure(env, "config", "get", "trial.duration_days").stdout == "14\n"
