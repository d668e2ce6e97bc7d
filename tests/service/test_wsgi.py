"""`gunicorn wsgi:app`: each worker has a pool of its own, loaded before or after the fork."""

import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from database.pool import Connection
from demo.history import make_world
from demo.sender import Target, post_all
from events.clock import utc_now
from service.local_secrets import dev_secrets
from service.sockets import listen, url
from tests.cli.processes import environment, healthy, running
from tests.installation import as_url


@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["after", "before"])
def test_two_workers_take_webhooks_at_once(
    preload: list[str], conninfo: str, conn: Connection, tmp_path: Path
) -> None:
    generated = dev_secrets(tmp_path)
    env = environment(
        tmp_path,
        DATABASE_URL=as_url(conninfo),
        STRIPE_WEBHOOK_SECRETS=generated.stripe,
        CLERK_WEBHOOK_SECRETS=generated.clerk,
    )
    world = make_world(5, 3, days=20, steps_per_user=4)
    with listen("127.0.0.1", 0) as listener:
        address = url("127.0.0.1", listener)
        args = ["--workers", "2", "--threads", "4", "--bind", f"fd://{listener.fileno()}", *preload]
        gunicorn = [sys.executable, "-m", "gunicorn", "wsgi:app", "--no-control-socket", *args]

        with running(gunicorn, env, tmp_path, [listener.fileno()]) as started:
            started.until(lambda: healthy(address))
            _ask_many(f"{address}/readyz")
            assert httpx.get(address).headers["location"] == "/console"
            with httpx.Client(base_url=address, timeout=10) as client:
                doors = Target(client=client, secrets=generated, clock=utc_now)
                answers = post_all(doors, world.deliveries, on_progress=lambda _: None)
            workers = {process.pid for process in started.family()}
            row = conn.execute(
                "SELECT count(*), count(DISTINCT backend_start) FROM pg_stat_activity"
                " WHERE application_name = 'tenure-web' AND datname = current_database()"
            ).fetchone()

    assert answers == {"appended": len(world.deliveries)}
    counted = conn.execute("SELECT sum(deliveries) FROM delivery_counts").fetchone()
    assert counted == (len(world.deliveries),)  # those of the last seconds too
    assert len(workers) == 2
    assert row is not None
    assert row[0] >= 2
    assert "Traceback" not in started.text


def _ask_many(address: str) -> None:
    """At once, so that both workers have to answer."""
    with ThreadPoolExecutor(16) as senders:
        answers = list(senders.map(lambda _: httpx.get(address, timeout=10), range(64)))
    assert {answer.status_code for answer in answers} <= {200, 503}


def test_workers_share_connections_out(conninfo: str, tmp_path: Path) -> None:
    """One that is awake takes a new connection before its neighbour is; it must not take them all."""
    env = environment(tmp_path, DATABASE_URL=as_url(conninfo))
    with listen("127.0.0.1", 0) as listener:
        address, port = url("127.0.0.1", listener), listener.getsockname()[1]
        served = [sys.executable, "-m", "cli", "serve", "--workers", "2", "--fd", str(listener.fileno())]
        with running(served, env, tmp_path, [listener.fileno()]) as started:
            started.until(lambda: healthy(address))

            def connection_counts() -> list[int]:
                return sorted(
                    sum(
                        at.laddr.port == port and at.status == "ESTABLISHED"
                        for at in process.net_connections()
                    )
                    for process in started.family()
                )[-2:]

            def shared_out() -> bool:
                with ExitStack() as opened:
                    for _ in range(24):
                        opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
                    started.until(lambda: sum(connection_counts()) == 24)
                    return connection_counts()[0] >= 6

            started.until(shared_out)  # from when the second worker is up
