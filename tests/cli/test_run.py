"""`tenure run` for real: it serves, heals, stops within ten seconds and leaves nobody behind."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from demo.history import make_world
from demo.sender import Target, post_all
from events.clock import utc_now
from service.local_secrets import dev_secrets
from service.sockets import listen
from tests.cli.processes import Running, alive, command, environment, healthy, running
from tests.installation import as_url

STOP_LIMIT_S = 10.0


@pytest.fixture
def env(tmp_path: Path, conninfo: str) -> dict[str, str]:
    """Settings of a service on this test's database, with dev secrets."""
    generated = dev_secrets(tmp_path)
    return environment(
        tmp_path,
        DATABASE_URL=as_url(conninfo),
        STRIPE_WEBHOOK_SECRETS=generated.stripe,
        CLERK_WEBHOOK_SECRETS=generated.clerk,
    )


@pytest.fixture
def service(env: dict[str, str], tmp_path: Path) -> Iterator[Running]:
    """`tenure run`, ready."""
    with running(command("run", "--port", "0"), env, tmp_path) as started:
        started.address()
        yield started


DEFAULT_PLANS = 4  # published before anything else


def _tenure(env: dict[str, str], cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*args), env=env, cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


def _doors(address: str, data_dir: Path) -> Target:
    client = httpx.Client(base_url=address, timeout=10)
    return Target(client=client, secrets=dev_secrets(data_dir), clock=utc_now)


def test_signed_webhooks_become_rows(service: Running, env: dict[str, str], tmp_path: Path) -> None:
    world = make_world(5, 2, start=datetime(2026, 1, 5, tzinfo=UTC), days=20, steps_per_user=3)
    address = service.address()

    answers = post_all(_doors(address, tmp_path), world.deliveries, on_progress=lambda _: None)
    service.until(lambda: httpx.get(f"{address}/readyz").status_code == httpx.codes.OK)

    assert answers == {"appended": len(world.deliveries)}
    service.until(lambda: _counted(address, "appended") == len(world.deliveries))  # counted once answered
    status = json.loads(_tenure(env, tmp_path, "status", "--json").stdout)
    assert (status["events"], status["users"]) == (len(world.deliveries) + DEFAULT_PLANS, 2)


def _counted(address: str, outcome: str) -> float:
    """Deliveries over both doors and all workers, as one worker tells it."""
    lines = httpx.get(f"{address}/metrics").text.splitlines()
    counts = [line for line in lines if line.startswith("tenure_webhooks_total{")]
    return sum(float(line.split()[-1]) for line in counts if f'outcome="{outcome}"' in line)


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_stops_all(service: Running, which: signal.Signals) -> None:
    family = service.family()
    assert len(family) >= 4  # web, two workers, projector

    service.process.send_signal(which)

    assert service.process.wait(STOP_LIMIT_S) == 0, service.text
    assert alive(family) == []


def test_an_embedded_database_that_died_starts_again(tmp_path: Path) -> None:
    generated = dev_secrets(tmp_path)
    env = environment(
        tmp_path, STRIPE_WEBHOOK_SECRETS=generated.stripe, CLERK_WEBHOOK_SECRETS=generated.clerk
    )
    world = make_world(7, 1, start=datetime(2026, 1, 5, tzinfo=UTC), days=20, steps_per_user=3)
    with running(command("run", "--port", "0"), env, tmp_path) as started:
        address = started.address()
        where = re.search(r"\(embedded, (\S+)\)", started.text)
        assert where is not None
        pid_file = Path(where[1]) / "postmaster.pid"
        pid = int(pid_file.read_text().splitlines()[0])

        os.kill(pid, signal.SIGKILL)

        # The supervisor says so, or a web worker that was still on its way up and found none.
        pattern = re.compile("PostgreSQL died, restarted|PostgreSQL was not running, started")
        started.until(lambda: pattern.search(started.text) is not None)
        started.until(lambda: httpx.get(f"{address}/readyz", timeout=10).status_code == httpx.codes.OK)
        answers = post_all(_doors(address, tmp_path), world.deliveries, on_progress=lambda _: None)
        assert answers == {"appended": len(world.deliveries)}
        assert int(pid_file.read_text().splitlines()[0]) != pid


def test_children_do_not_outlive_a_killed_supervisor(service: Running) -> None:
    family = service.family()

    service.process.kill()
    service.process.wait()

    psutil.wait_procs(family, timeout=STOP_LIMIT_S + 2)
    assert alive(family) == []


def test_it_starts_again_at_once_after_its_supervisor_was_killed(
    service: Running, env: dict[str, str], tmp_path: Path
) -> None:
    port = service.address().rpartition(":")[2]
    family = service.family()
    for process in family:
        process.suspend()  # else they may be gone before the next one looks
    service.process.kill()
    service.process.wait()

    with running(command("run", "--port", port), env, tmp_path) as again:
        again.until(lambda: "waiting for the processes of a killed tenure run" in again.text)
        for process in family:
            process.resume()

        assert again.address().endswith(f":{port}")
    assert alive(family) == []


@pytest.mark.parametrize("word", ["work", "serve"])
def test_killed_child_is_started_again_and_said_so(service: Running, word: str) -> None:
    before = service.child(word)

    before.kill()
    service.until(lambda: "died, restarting" in service.text)
    service.until(lambda: any(word in process.cmdline() for process in alive(service.family())))
    service.until(lambda: service.child(word).pid != before.pid)
    service.until(lambda: healthy(service.address()))


def test_port_in_use_is_one_line_at_once(env: dict[str, str], tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as listener:
        port = str(listener.getsockname()[1])

        for name in ("run", "serve"):
            done = _tenure(env, tmp_path, name, "--port", port)

            assert (done.returncode, done.stdout) == (1, "")
            assert f"port {port} on 127.0.0.1 is in use" in done.stderr
            assert len(done.stderr.splitlines()) == 1


def test_wrong_setting_is_one_line(env: dict[str, str], tmp_path: Path) -> None:
    done = _tenure(env | {"STRIPE_WEBHOOK_SECRETS": "sk_live_oops1234"}, tmp_path, "run")

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "STRIPE_WEBHOOK_SECRETS" in done.stderr
    assert "oops" not in done.stderr


def test_unreachable_database_is_one_line(env: dict[str, str], tmp_path: Path) -> None:
    away = env | {"DATABASE_URL": "postgresql://nobody:hunter2@127.0.0.1:1/tenure"}

    for name in ("status", "run"):
        done = _tenure(away, tmp_path, name, *(["--port", "0"] if name == "run" else []))

        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert "hunter2" not in done.stderr


def test_embedded_server_is_shared_and_stops_with_its_last_user() -> None:
    data_dir = Path(tempfile.mkdtemp(prefix="tenure-run-"))
    data_dir.chmod(0o711)
    env = environment(data_dir)
    with running(command("run", "--demo", "--port", "0"), env, data_dir) as started:
        started.until(lambda: "webhooks out of order" in started.text)
        started.until(lambda: "curl -H" in started.text)
        status = json.loads(_tenure(env, data_dir, "status", "--json").stdout)
        started.process.terminate()

        assert started.process.wait(STOP_LIMIT_S + 2) == 0, started.text

    assert status["users"] == 40
    assert status["embedded"] is True
    assert status["running"] == ["jobs", "projector", "scheduler", "web"]
    shutil.rmtree(data_dir)
    processes = psutil.process_iter(["name", "cmdline"])  # None where a process ended meanwhile
    servers = [process.info["cmdline"] or [] for process in processes if process.info["name"] == "postgres"]
    assert not [line for line in servers if str(data_dir) in " ".join(line)]
