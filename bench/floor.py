"""Below what no door on this server can go: the same server with nothing, an INSERT or an append in it, beside ours.

The door's goal is a share of 1/(1/F + 1/I). What a server reaches that only appends is the most that any
verifying, reading and counting door on it can.
"""

import argparse
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import psutil
import psycopg

from bench import append as bare_insert
from bench.door import CONNECTIONS, THREADS, WARM_UP_S, environment, measured, process, served
from bench.knocking import answering, free_port
from bench.report import report, spread
from bench.server import durable_database
from bench.spent import spent_s, told
from events.clock import utc_now

KINDS = {
    "flask": "Flask, an empty answer (F)",
    "nothing": "the server alone",
    "insert": "and a bare INSERT",
    "append": "and an append",
}
DOOR = "Tenure's door"
Running = tuple[int, psutil.Process, str]
Cells = tuple[int, str, str, str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--write", action="store_true", help="put the table in bench/RESULTS.md")
    asked = parser.parse_args()
    with (
        durable_database() as conninfo,
        tempfile.TemporaryDirectory(prefix="tenure-bench-floor-") as name,
        ExitStack() as stack,
    ):
        with psycopg.connect(conninfo, autocommit=True) as conn:
            conn.execute(bare_insert.BARE_TABLE)
        running = _all(stack, conninfo, Path(name))
        rows = [
            row
            for many in CONNECTIONS
            for row in _rows(running, conninfo, many, runs=asked.runs, seconds=asked.seconds)
        ]
    report(
        "What bounds the doors from below",
        ("connections", "what", "answers/s", "share of 1/(1/F + 1/I)", "processor ms each"),
        rows,
        notes=f"`python -m bench floor`, {os.cpu_count()} cores, 2 workers of {THREADS} threads, median (range) of "
        f"{asked.runs} interleaved runs of {asked.seconds:g} s, the same signed 3 KB bodies for all, fsync on, client "
        f"and database on the same machine, load {os.getloadavg()[0]:.1f}, ended {utc_now():%H:%M} UTC.",
        write=asked.write,
    )


def _all(stack: ExitStack, conninfo: str, folder: Path) -> dict[str, Running]:
    found: dict[str, Running] = {}
    for kind, what in KINDS.items():
        port, log = free_port(), folder / f"{kind}.log"
        words = ["-m", "bench.bare", str(port), str(THREADS), kind]
        web = stack.enter_context(process(words, environment(conninfo, folder), log))
        answering(port, log)
        found[what] = port, web, "/bare"
    port, web = stack.enter_context(served(conninfo, folder))
    found[DOOR] = port, web, "/webhooks/stripe"
    return found


def _rows(
    running: dict[str, Running], conninfo: str, connections: int, *, runs: int, seconds: float
) -> list[Cells]:
    rates: dict[str, list[float]] = {what: [] for what in running}
    shares: dict[str, list[float]] = {what: [] for what in running}
    spent: dict[str, str] = {}
    for _ in range(runs):
        clients = min(connections, 16)
        insert = bare_insert.rate(conninfo, clients=clients, bare=True, seconds=seconds)
        for what, (port, web, path) in running.items():
            before = spent_s(web)
            run = measured(port, path, connections, seconds)
            assert set(run.statuses) == {"200"}, run.statuses
            spent[what] = told(before, spent_s(web), run.acked + int(run.rate * WARM_UP_S))
            rates[what].append(run.rate)
        limit = 1 / (1 / rates[KINDS["flask"]][-1] + 1 / insert)
        for what in running:
            shares[what].append(rates[what][-1] / limit)
    return [
        (connections, what, spread(rates[what]), f"{median(shares[what]):.2f}", spent[what])
        for what in running
    ]


if __name__ == "__main__":
    main()
