"""The webhook endpoints under load: signed Stripe webhooks from another process, each acked after its commit.

Beside it, in the same run: a bare Flask POST on the same server (F) and a bare INSERT (I). One machine that
spends its time on both can do 1/(1/F + 1/I).
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median

import psutil
import psycopg

from bench import append as bare_insert
from bench.cpu_time import cpu_summary, spent_s
from bench.embedded_server import durable_database
from bench.load_client import SECRET, LoadResult, answering, free_port, knock, requests, rss_mb, workers
from bench.report import report, spread
from database.scratch_folder import scratch_folder
from events import child_processes
from events.clock import utc_now
from queries.lag import projection_lag

CONNECTIONS = (1, 16, 64)
THREADS = 8
WARM_UP_S = 0.5
MAX_RATE = 5_000  # requests prepared per second of the run


def environment(conninfo: str, folder: Path) -> dict[str, str]:
    """Only the variables that the service needs, with production's log format."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parent.parent),
        "DATABASE_URL": conninfo,
        "TENURE_DATA_DIR": str(folder),
        "STRIPE_WEBHOOK_SECRETS": SECRET,
        "LOG_FORMAT": "json",
    }


@contextmanager
def process(words: list[str], env: dict[str, str], log: Path) -> Iterator[psutil.Process]:
    """A Python process inside the block; its output goes to a file, as to a journal."""
    with log.open("ab") as out:
        started = child_processes.start([sys.executable, *words], env=env, stdout=out, stderr=out)
        try:
            yield psutil.Process(started.pid)
        finally:
            started.terminate()
            started.wait(20)


@contextmanager
def served(conninfo: str, folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    """(port, process) of a running `tenure serve`."""
    port, log = free_port(), folder / "serve.log"
    words = ["-m", "cli", "serve", "--port", str(port), "--threads", str(THREADS)]
    with process(words, environment(conninfo, folder), log) as server:
        answering(port, log)
        yield port, server


def measured(port: int, path: str, connections: int, seconds: float) -> LoadResult:
    """One run; its requests are created and signed before the clock starts."""
    seed = time.time_ns() // 1_000_000 % 10_000_000
    many = int(MAX_RATE * (seconds + WARM_UP_S))
    prepared = list(islice(requests(path, seed=seed, many=many), many))
    work = iter(prepared) if path != "/bare" else _again(prepared)
    knock(port, work, connections=connections, seconds=WARM_UP_S)
    return knock(port, work, connections=connections, seconds=seconds)


def _again(prepared: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from prepared


def ratios(conninfo: str, folder: Path, *, runs: int, seconds: float, write: bool) -> None:
    """The table of webhook endpoints, bare POST and bare INSERT."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute(bare_insert.BARE_TABLE)
    bare_port = free_port()
    words = ["-m", "bench.baseline_app", str(bare_port), str(THREADS)]
    with (
        served(conninfo, folder) as (port, server),
        process(words, environment(conninfo, folder), folder / "bare.log"),
    ):
        answering(bare_port)
        rows = [_row(conninfo, (port, server), bare_port, many, runs, seconds) for many in CONNECTIONS]
    report(
        "Endpoints",
        (
            "connections",
            "acked/s",
            "p50 ms",
            "p99 ms",
            "bare POST/s (F)",
            "bare INSERT/s (I)",
            "limit",
            "ratio",
            "processor ms each",
        ),
        rows,
        notes=f"`python -m bench endpoints`, {os.cpu_count()} cores, 2 workers of {THREADS} threads, median (range) of "
        f"{runs} interleaved runs of {seconds:g} s, signed 3 KB bodies, fsync on, client and database on the same "
        f"machine, load {os.getloadavg()[0]:.1f}, ended {utc_now():%H:%M} UTC. limit = 1/(1/F + 1/I) of the same round, with as many INSERT clients "
        "as connections, at most 16. Goals: ratio at least 0.75, p99 under 50 ms at 16 connections.",
        write=write,
    )


def _row(
    conninfo: str,
    running: tuple[int, psutil.Process],
    bare_port: int,
    connections: int,
    runs: int,
    seconds: float,
) -> tuple[int, str, str, str, str, str, str, str, str]:
    rounds, (port, server) = [], running
    for _ in range(runs):
        insert = bare_insert.rate(conninfo, clients=min(connections, 16), bare=True, seconds=seconds)
        bare = measured(bare_port, "/bare", connections, seconds)
        before = spent_s(server)
        ours = measured(port, "/webhooks/stripe", connections, seconds)
        spent = cpu_summary(before, spent_s(server), ours.acked + int(ours.rate * WARM_UP_S))
        assert set(ours.statuses) == {"200"}, ours.statuses
        rounds.append((ours, bare.rate, insert, 1 / (1 / bare.rate + 1 / insert)))
    return (
        connections,
        spread([ours.rate for ours, *_ in rounds]),
        spread([ours.percentile(0.5) for ours, *_ in rounds]),
        spread([ours.percentile(0.99) for ours, *_ in rounds]),
        spread([bare for _, bare, _, _ in rounds]),
        spread([insert for _, _, insert, _ in rounds]),
        spread([limit for *_, limit in rounds]),
        f"{median(ours.rate / limit for ours, _, _, limit in rounds):.2f}",
        spent,
    )


def sustained(conninfo: str, folder: Path, *, seconds: float, rate: float | None, write: bool) -> None:
    """A long run beside `tenure work`: memory at start and end, and how far the tables are behind."""
    title = f"Endpoints and projector, {'paced' if rate else 'flat out'}"
    notes = (
        f"`python -m bench endpoints --sustained {seconds:g}{f' --rate {rate:g}' if rate else ''}`, 16 connections, "
        "`tenure work` beside it on the same cores, load {load:.1f}, ended {ended:%H:%M} UTC; RSS of the web workers "
        "together, at five moments from the first to the last. Goal: lag under 1 s at the end of five minutes."
    )
    row = _long_run(conninfo, folder, seconds=seconds, rate=rate)
    note = notes.format(load=os.getloadavg()[0], ended=utc_now())
    report(title, _LONG_RUN, [row], notes=note, write=write)


_LONG_RUN = (
    "asked/s",
    "acked",
    "acked/s",
    "p50 ms",
    "p99 ms",
    "most lag s",
    "lag s at the end",
    "RSS MB",
)


def _long_run(
    conninfo: str, folder: Path, *, seconds: float, rate: float | None
) -> tuple[str, int, float, float, float, float, float, str]:
    work = ["-m", "cli", "work"]
    with (
        served(conninfo, folder) as (port, server),
        process(work, environment(conninfo, folder), folder / "work.log"),
        psycopg.connect(conninfo, autocommit=True) as conn,
    ):
        knock(port, requests("/webhooks/stripe", seed=1, many=4000), connections=16, seconds=3)
        lags: list[float] = []
        memory_mb = [rss_mb(workers(server))]

        def look(_: LoadResult) -> None:
            lags.append(_lag_s(conn))
            memory_mb.append(rss_mb(workers(server)))

        result = knock(
            port,
            requests("/webhooks/stripe", seed=2),
            connections=16,
            seconds=seconds,
            rate=rate,
            each_second=look,
        )
        memory_mb.append(rss_mb(workers(server)))
        lag = _lag_s(conn)
    return (
        f"{rate:,.0f}" if rate else "as fast as it goes",
        result.acked,
        result.rate,
        result.percentile(0.5),
        result.percentile(0.99),
        max(lags, default=0.0),
        lag,
        " → ".join(
            f"{memory_mb[len(memory_mb) * quarter // 4 - (quarter == 4)]:.0f}" for quarter in range(5)
        ),
    )


def _lag_s(conn: "psycopg.Connection[tuple[object, ...]]") -> float:
    oldest = projection_lag(conn).oldest_recorded_at
    return 0.0 if oldest is None else max(0.0, (utc_now() - oldest).total_seconds())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument(
        "--sustained", type=float, metavar="SECONDS", help="one long run beside `tenure work`"
    )
    parser.add_argument("--rate", type=float, help="webhooks a second of the long run; flat out if unset")
    parser.add_argument("--write", action="store_true", help="put the table in bench/RESULTS.md")
    arguments = parser.parse_args()
    with durable_database() as conninfo, scratch_folder("tenure-bench-endpoints-") as name:
        folder = Path(name)
        if arguments.sustained:
            sustained(
                conninfo, folder, seconds=arguments.sustained, rate=arguments.rate, write=arguments.write
            )
        else:
            ratios(conninfo, folder, runs=arguments.runs, seconds=arguments.seconds, write=arguments.write)


if __name__ == "__main__":
    main()
