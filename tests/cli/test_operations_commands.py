"""`tenure jobs`, `schedule`, `config` and `log-level` as people call them."""

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from jobs import enqueue
from outbound.email.scheduling import EMAIL_JOB
from service.log_levels import OURS
from tests.cli.commands import answer, environment, tenure
from tests.cli.processes import ROOT
from tests.sources import MODULES

Env = dict[str, str]
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def env(conninfo: str, tmp_path: Path) -> Env:
    return environment(conninfo, tmp_path)


def _job(conninfo: str, status: str = "pending", error: str | None = None) -> str:
    payload = {"user_id": "user_1", "occasion": "welcome", "instance": "1", "about": {}}
    with psycopg.connect(conninfo) as conn:
        job = enqueue(conn, "email", payload, now=NOW)
        conn.execute("UPDATE background_jobs SET status = %s, error = %s", [status, error])
    return str(job.id)


def test_dead_job_is_listed_and_tried_again(env: Env, conninfo: str) -> None:
    job = _job(conninfo, "dead", "PermanentFailure: no \x1b[31msuch user")

    shown = tenure(env, "jobs", "list", "--status", "dead")
    retried = answer(env, "jobs", "retry", job, "--reason", "she exists now")

    assert job in shown.stdout
    assert "\x1b" not in shown.stdout
    assert [(row["id"], row["status"]) for row in retried] == [(job, "pending")]
    assert retried[0]["error"].endswith("; tried again: she exists now")


def test_all_jobs_named_are_moved_or_none(env: Env, conninfo: str) -> None:
    job = _job(conninfo, "dead")

    done = tenure(env, "jobs", "retry", job, str(uuid4()))

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "tenure jobs list" in done.stderr
    assert answer(env, "jobs", "list")[0]["status"] == "dead"


def test_cancelled_mail_is_a_fact_of_the_user(env: Env, conninfo: str) -> None:
    job = _job(conninfo)

    done = tenure(env, "jobs", "cancel", job, "--reason", "asked to")

    with psycopg.connect(conninfo) as conn:
        events = conn.execute("SELECT event_type, route_key FROM events").fetchall()
    assert done.returncode == 0
    assert events == [("email.cancelled", "user_1")]
    assert "asked to" in tenure(env, "jobs", "list").stdout
    assert tenure(env, "jobs", "cancel", job, "--reason", "again").returncode == 1


@pytest.mark.parametrize("payload", [{}, {"user_id": "user_1"}, {"user_id": "user_1", "occasion": "none"}])
def test_a_mail_without_an_occasion_can_be_cancelled(
    env: Env, conninfo: str, payload: dict[str, str]
) -> None:
    with psycopg.connect(conninfo) as conn:
        job = enqueue(conn, EMAIL_JOB, payload, now=NOW)

    done = tenure(env, "jobs", "cancel", str(job.id), "--reason", "erased")

    assert (done.returncode, done.stderr) == (0, "")
    assert answer(env, "jobs", "list")[0]["status"] == "cancelled"


def test_retention_run_by_hand_says_what_it_deleted(env: Env, conninfo: str) -> None:
    with psycopg.connect(conninfo) as conn:
        conn.execute(
            "INSERT INTO access_log (id, read_at, reader, role, subject_id, fields, reason) VALUES"
            " (gen_random_uuid(), now() - interval '401 days', 'token:a', 'auditor', 'user_1', '{}', '')"
        )

    ran = answer(env, "schedule", "run", "apply_retention")

    assert ran["result"] == {"accesses": 1, "checkpoints": 0}


def test_handler_run_by_hand_counts(env: Env) -> None:
    before = answer(env, "schedule", "list")
    ran = answer(env, "schedule", "run", "expire_trials")
    after = {row["name"]: row["runs"] for row in answer(env, "schedule", "list")}

    assert {row["runs"] for row in before} == {0}
    assert ran["result"] == {"looked_at": 0, "users": 0, "events": 0}
    assert after["expire_trials"] == 1


def test_unknown_handler_is_wrong_usage_and_names_those_there_are(env: Env) -> None:
    done = tenure(env, "schedule", "run", "expire_trails")

    assert done.returncode == 2
    assert "expire_trials" in done.stderr


def test_preview_writes_nothing(env: Env, conninfo: str) -> None:
    assert answer(env, "schedule", "preview", "--days", "30") == []
    with psycopg.connect(conninfo) as conn:
        assert conn.execute("SELECT count(*) FROM events").fetchone() == (0,)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["config", "set", "trial.duration_days", "400"], 1, "a whole number from 1 to 365"),
        (["config", "set", "trial.duration_day", "4"], 1, "did you mean trial.duration_days?"),
        (["config", "set", "trial", "4"], 2, "expected category.key"),
        (["config", "get", "nobody.knows"], 1, "was never set"),
        (["log-level", "root", "LOUD"], 2, "'LEVEL': 'LOUD'"),
        (["schedule", "preview", "--days", "0"], 2, "1<=x<=366"),
        (["schedule", "preview", "--what", "trial.ended"], 2, "trial.expired"),
        (["log-level", "root", "DEBUG", "--for", "soon"], 2, "90s, 15m, 12h or 30d"),
        (["log-level", "root", "DEBUG", "--for", "0s"], 2, "more than 0 s"),
        (["log-level", "root"], 2, "either a LEVEL or --reset"),
        (["log-level", "debug"], 2, "tenure log-level root DEBUG"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(env: Env, words: list[str], code: int, text: str) -> None:
    done = tenure(env, *words)

    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert text in done.stderr


def test_list_shows_each_key_with_what_is_allowed(env: Env) -> None:
    entries = {f"{row['category']}.{row['key']}": row for row in answer(env, "config", "list")}

    assert entries["trial.duration_days"]["value"] == 7
    assert entries["trial.duration_days"]["allowed"] == "a whole number from 1 to 365"
    assert entries["jobs.threads"]["is_hot_reloadable"] is False


@pytest.mark.parametrize(
    ("logger", "warned"), [("root", False), ("tenure", False), ("tenure.api", False), ("tenure.apo", True)]
)
def test_a_logger_that_nothing_logs_under_is_warned_of(env: Env, logger: str, warned: bool) -> None:
    done = tenure(env, "log-level", logger, "DEBUG")

    assert done.returncode == 0
    assert ("known are root, " in done.stderr) is warned


def test_every_logger_of_ours_is_known() -> None:
    pattern = re.compile(r"""get_logger\((?:"(.+?)"|__name__)\)""")
    loggers = {
        match[1] or ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in MODULES
        for match in pattern.finditer(path.read_text())
    }

    assert loggers == set(OURS)
