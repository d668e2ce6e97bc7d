"""A replay of a large log while webhooks arrive: their responses, and whether the tables agree."""

import argparse
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.embedded_server import durable_database
from bench.endpoints import environment, process, served
from bench.load_client import LoadResult, knock, requests
from bench.replay import Stages, prepare
from bench.report import report
from database.scratch_folder import scratch_folder
from projections.replay import Options, compare, replay
from projections.runner import Runner
from queries.lag import projection_lag

ROUND_S = 5.0
PATIENCE_S = 300.0


class Callers:
    """Sends webhooks at a steady rate until stopped, and counts their outcomes."""

    def __init__(self, port: int, rate: float) -> None:
        self.rounds: list[LoadResult] = []
        self._port, self._rate = port, rate
        self._stop = threading.Event()

    @contextmanager
    def calling(self) -> Iterator["Callers"]:
        thread = threading.Thread(target=self._call)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    def _call(self) -> None:
        work = requests("/webhooks/stripe", seed=77, many=20_000)
        while not self._stop.is_set():
            self.rounds.append(knock(self._port, work, connections=4, seconds=ROUND_S, rate=self._rate))

    def statuses(self) -> dict[str, int]:
        """The number of responses per status."""
        return dict(sum((Counter(result.statuses) for result in self.rounds), Counter[str]()))

    def percentile(self, share: float) -> float:
        """Milliseconds, over all rounds."""
        return LoadResult(took_s=[s for result in self.rounds for s in result.took_s]).percentile(share)


def settled(conninfo: str) -> None:
    """Wait until every event is projected."""
    until = time.monotonic() + PATIENCE_S
    with psycopg.connect(conninfo, autocommit=True) as conn:
        while projection_lag(conn).oldest_recorded_at is not None:
            if time.monotonic() > until:
                raise TimeoutError("the projector did not catch up")
            time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    stages = Stages()
    with durable_log(arguments.events) as (conninfo, folder), served(conninfo, folder) as (port, _):
        options = Options(work_dir=folder / "replay", workers=2)
        work = ["-m", "cli", "work"]
        with process(work, environment(conninfo, folder), folder / "work.log"):
            with Callers(port, arguments.rate).calling() as callers:
                time.sleep(ROUND_S)
                done = replay(conninfo, options=options, observer=stages)
                time.sleep(ROUND_S)
            settled(conninfo)
            stages.stage("", 0)
            comparison = compare(conninfo, options=options)
    statuses = callers.statuses()
    report(
        f"Replay of {done.events:,} events while webhooks arrive",
        ("what", "figure"),
        [
            ("replay, s", done.duration_ms / 1000),
            ("webhooks sent, at a steady rate a second", f"{sum(statuses.values()):,}, {arguments.rate:g}"),
            ("answers by status", ", ".join(f"{code}: {many:,}" for code, many in sorted(statuses.items()))),
            ("refused or failed", sum(many for code, many in statuses.items() if code != "200")),
            (
                "p50 ms / p99 ms / longest ms",
                " / ".join(f"{callers.percentile(p):.1f}" for p in (0.5, 0.99, 1)),
            ),
            (
                "rows that differ from a second rebuild, webhooks included",
                len(comparison.differences) + comparison.more,
            ),
            ("digest of the receipt", done.digest[:16]),
        ],
        notes=f"`python -m bench replay_live`: {os.cpu_count()} cores shared by the server, two replay workers, web "
        f"workers, `tenure work` and the sender; load {os.getloadavg()[0]:.1f}.",
        write=arguments.write,
    )


@contextmanager
def durable_log(events: int) -> Iterator[tuple[str, Path]]:
    """(conninfo, folder) of a filled log whose tables are projected."""
    with durable_database() as conninfo, scratch_folder("tenure-bench-", Path("/var/tmp")) as folder:
        prepare(conninfo, events)
        Runner(lambda: psycopg.connect(conninfo, autocommit=True)).drain()
        yield conninfo, Path(folder)


if __name__ == "__main__":
    main()
