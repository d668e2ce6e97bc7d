"""The faults: each breaks something while events come in, at a moment the run's seed decides."""

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

import psutil
import psycopg

from tests.cli.processes import ROOT
from tests.faults.provider import Provider
from tests.faults.service import STOP_S, House, free_port

Break = Callable[[House, Provider, Random], None]


@dataclass(frozen=True)
class Fault:
    """`quick` ones run in `make test`; `needs_disk` ones on a small file system of their own. `from_older`
    begins with the code and schema before the newest migration; `once` can't be done twice in a run."""

    name: str
    means: str
    break_it: Break
    quick: bool = False
    needs_disk: bool = False
    from_older: bool = False
    once: bool = False


def web_worker(house: House, provider: Provider, random: Random) -> None:
    with suppress(psutil.NoSuchProcess):
        random.choice(house.web_workers()).kill()


def web_server(house: House, provider: Provider, random: Random) -> None:
    house.kill("serve")


def projector(house: House, provider: Provider, random: Random) -> None:
    house.kill(random.choice(("work-1", "work-2")))


def both_projectors(house: House, provider: Provider, random: Random) -> None:
    house.kill("work-1")
    house.kill("work-2")
    provider.until(20)


def postgres(house: House, provider: Provider, random: Random) -> None:
    house.kill_postgres()
    time.sleep(random.random())


def backend(house: House, provider: Provider, random: Random) -> None:
    """The postmaster answers the death of one backend by ending all, and recovers."""
    with psycopg.connect(house.conninfo) as conn:
        backends = conn.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name IN ('tenure-endpoints', 'tenure-work')"
        ).fetchall()
    with suppress(psutil.NoSuchProcess):
        psutil.Process(random.choice(backends)[0]).kill()


def postgres_restarted(house: House, provider: Provider, random: Random) -> None:
    house.restart_postgres()


def connections_cut(house: House, provider: Provider, random: Random) -> None:
    with psycopg.connect(house.conninfo, autocommit=True) as conn:
        for _ in range(3):
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'tenure%' AND pid <> pg_backend_pid()"
            )
            time.sleep(random.random() / 3)


def network_cut(house: House, provider: Provider, random: Random) -> None:
    house.wire.cut()
    time.sleep(1 + random.random())


def network_silent(house: House, provider: Provider, random: Random) -> None:
    house.wire.freeze()
    time.sleep(3 + random.random())


def pool_exhausted(house: House, provider: Provider, random: Random) -> None:
    """Another transaction locks every head: all connections of the endpoints wait."""
    with psycopg.connect(house.conninfo) as conn:
        conn.execute("LOCK TABLE part_heads IN EXCLUSIVE MODE")
        time.sleep(6.5)


def slow_clients(house: House, provider: Provider, random: Random) -> None:
    """Sixty-four that never finish a request, and the real one still gets its answers."""
    slow = []
    for number in range(64):
        sock = socket.create_connection(("127.0.0.1", house.port), timeout=5)
        sock.sendall(b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * (number % 7))
        slow.append(sock)
    provider.until(50)
    for sock in slow:
        sock.close()


def clock_stepped_back(house: House, provider: Provider, random: Random) -> None:
    """Heads that were written an hour ahead of the clock: recorded times must still never run backwards."""
    with psycopg.connect(house.conninfo) as conn:
        conn.execute("UPDATE part_heads SET recorded_at = clock_timestamp() + interval '1 hour'")
    provider.until(30)
    with psycopg.connect(house.conninfo) as conn:
        row = conn.execute(
            "SELECT count(*) FROM (SELECT recorded_at < lag(recorded_at) OVER in_order AS back FROM events"
            " WINDOW in_order AS (PARTITION BY part ORDER BY position)) t WHERE back"
        ).fetchone()
    assert row == (0,)


def asked_to_stop(house: House, provider: Provider, random: Random) -> None:
    for name in ("serve", "work-1"):
        took_s = house.stop(name)
        assert took_s < STOP_S, f"{name} took {took_s:.1f} s to stop"


def two_versions(house: House, provider: Provider, random: Random) -> None:
    """The upgrade of docs/deployment.md: old and new code beside each other, before and after the migration.

    A second provider sends the same events to the new door, so that each comes to both versions. Rows that
    the old projector wrote are by its own rules until the replay that the upgrade ends with.
    """
    house.source = ROOT
    house.command("migrate", "up")
    provider.until(20)  # the old code over the new schema
    port = free_port()
    house.start("serve-new", port=port)
    house.await_doors(port)
    beside = Provider(port, seed=provider.seed)
    beside.start()
    try:
        house.stop("work-1")
        house.start("work-1")
        provider.until(20 + random.randint(0, 20))
        beside.until(20)
        house.stop("serve")
        house.stop("work-2")
        house.start("serve")
        house.start("work-2")
        house.await_doors()
        house.command("replay", "--workers", "1")  # the old code's rows by the new code's rules
        provider.until(20)
    finally:
        beside.stop()
        house.stop("serve-new")
    provider.acked |= beside.acked


def disk_full(house: House, provider: Provider, random: Random) -> None:
    """Nothing can be written until somebody makes room; the server may have stopped itself by then."""
    ballast, before = (
        house.folder / "ballast",
        provider.answers["503"] + provider.answers["ConnectionResetError"],
    )
    with ballast.open("wb") as file:
        room = os.statvfs(house.folder)
        with suppress(OSError):
            file.write(b"\0" * (room.f_bavail * room.f_frsize - 3_000_000))
    until = time.monotonic() + 40
    while provider.answers["503"] == before and time.monotonic() < until:
        time.sleep(0.1)
    full = provider.answers["503"] > before
    ballast.unlink()
    assert full, "the disk never became full"


def disk_slow(house: House, provider: Provider, random: Random) -> None:
    """A flush takes a tenth of a second: every ack waits for it, and a worker dies waiting."""
    with psycopg.connect(house.conninfo, autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET commit_delay = 100000")
        conn.execute("ALTER SYSTEM SET commit_siblings = 0")
        conn.execute("SELECT pg_reload_conf()")
        time.sleep(1)  # until every backend has heard of it
        slowest = max(_commit_s(conn) for _ in range(5))  # one may ride on a flush that others wait for
        provider.until(10)
        web_worker(house, provider, random)
        provider.until(10)
        conn.execute("ALTER SYSTEM RESET ALL")
        conn.execute("SELECT pg_reload_conf()")
    assert slowest > 0.08, f"the disk was never slow: a commit took {slowest:.3f} s"


def _commit_s(conn: psycopg.Connection) -> float:
    began = time.monotonic()
    conn.execute("UPDATE part_heads SET head = head WHERE part = 0")
    return time.monotonic() - began


FAULTS = (
    Fault("web worker killed", "kill -9 of one gunicorn worker", web_worker, quick=True),
    Fault("web server killed", "kill -9 of `tenure serve` and its workers, started again", web_server),
    Fault("projector and scheduler killed", "kill -9 of one of two `tenure work`", projector, quick=True),
    Fault("all projectors killed", "kill -9 of both `tenure work`, started again", both_projectors),
    Fault("Postgres killed", "kill -9 of the server and all backends, started again", postgres, quick=True),
    Fault("backend killed", "kill -9 of one backend; Postgres ends all and recovers", backend),
    Fault("Postgres restarted", "clean restart", postgres_restarted),
    Fault(
        "connections cut",
        "pg_terminate_backend on every connection, three times",
        connections_cut,
        quick=True,
    ),
    Fault("network cut", "connections to the database reset, new ones refused for 1-2 s", network_cut),
    Fault("network silent", "packets to and from the database vanish for 3-4 s", network_silent),
    Fault("pool exhausted", "every connection of the endpoints waits for a lock for 6.5 s", pool_exhausted),
    Fault("slow clients", "64 connections that never finish a request", slow_clients, quick=True),
    Fault("clock stepped back", "the database's clock runs an hour behind what it wrote", clock_stepped_back),
    Fault(
        "asked to stop", "SIGTERM of web and work: gone within 10 s, started again", asked_to_stop, quick=True
    ),
    Fault(
        "two versions at once",
        "old and new code beside each other while the newest migration is applied, the same events to both",
        two_versions,
        quick=True,
        from_older=True,
        once=True,
    ),
    Fault("disk slow", "every flush of the log takes 0.1 s, and a web worker dies meanwhile", disk_slow),
    Fault("disk full", "no room on the database's file system, then room again", disk_full, needs_disk=True),
)
