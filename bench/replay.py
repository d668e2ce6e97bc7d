"""Replay: a log of Stripe events rebuilt into tables, beside reading the same rows in order with COPY."""

import argparse
import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from bench.embedded_server import durable_database
from bench.load_events import fill
from bench.report import report
from database.scratch_folder import scratch_folder
from events.append import append_all
from events.clock import EPOCH
from events.domain import plan_event
from events.domain.system import PlanPublished
from projections.replay import Options, replay

LIMIT = "COPY (SELECT * FROM events ORDER BY part, position) TO STDOUT (FORMAT binary)"


class Stages:
    """How long each stage took, in seconds."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}
        self._name, self._began = "", 0.0

    def stage(self, name: str, total: int) -> None:
        now = time.perf_counter()
        if self._name:
            self.took[self._name] = now - self._began
        self._name, self._began = name, now

    def advance(self, done: int) -> None:
        """Not shown."""

    def notice(self, text: str) -> None:
        print(text)


class Memory:
    """The largest sum of resident memory of this process and its children, sampled; MiB."""

    def __init__(self) -> None:
        self.peak_mib = self.workers_peak_mib = 0.0

    @contextmanager
    def watched(self) -> Iterator["Memory"]:
        stop = threading.Event()
        thread = threading.Thread(target=self._watch, args=(stop,))
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()

    def _watch(self, stop: threading.Event) -> None:
        me = psutil.Process()
        while not stop.wait(0.1):
            workers = sum(_resident(process) for process in me.children(recursive=True))
            self.workers_peak_mib = max(self.workers_peak_mib, workers)
            self.peak_mib = max(self.peak_mib, workers + _resident(me))


def _resident(process: psutil.Process) -> float:
    try:
        # The embedded server may be a child too, but is not a worker.
        return 0.0 if "postgres" in process.name() else float(process.memory_info().rss) / 2**20
    except psutil.Error:
        return 0.0


def in_order(conninfo: str) -> float:
    """Seconds to read every row of the log in order, whole."""
    began = time.perf_counter()
    with psycopg.connect(conninfo) as conn, conn.cursor() as cursor, cursor.copy(LIMIT) as copy:
        for _ in copy:
            pass
    return time.perf_counter() - began


def client_cpu_s() -> float:
    """Seconds of processor time of this process and of children that ended."""
    used = [resource.getrusage(kind) for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def prepare(conninfo: str, events: int) -> None:
    with psycopg.connect(conninfo) as conn:
        fill(conn, events)
    prepare_plans(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE events")


def prepare_plans(conninfo: str) -> None:
    """The four plans, so that prices mean something."""
    plans = [
        PlanPublished(
            plan_key=key,
            plan_name=key,
            campaigns_limit=limit,
            creators_limit=limit,
            stripe_price_id_monthly=f"price_{key}_monthly",
            stripe_price_id_yearly=f"price_{key}_yearly",
        )
        for key, limit in (("free", 1), ("glow_up", 5), ("viral_surge", 20), ("fame_flex", -1))
    ]
    with psycopg.connect(conninfo) as conn:
        append_all(conn, [plan_event(plan, now=EPOCH, idempotency_key=plan.plan_key) for plan in plans])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    stages, memory = Stages(), Memory()
    with durable_database() as conninfo, scratch_folder("tenure-bench-", Path("/var/tmp")) as folder:
        prepare(conninfo, arguments.events)
        in_order(conninfo)
        before_s = in_order(conninfo)
        cpu_s = client_cpu_s()
        began = time.perf_counter()
        with memory.watched():
            options = Options(work_dir=Path(folder), workers=arguments.workers)
            done = replay(conninfo, options=options, observer=stages)
        took_s = time.perf_counter() - began
        stages.stage("", 0)
        cpu_s = client_cpu_s() - cpu_s
        after_s = in_order(conninfo)
    limit_s = (before_s + after_s) / 2
    spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages.took.items())
    report(
        f"Replay of {done.events:,} events, {arguments.workers} workers",
        ("what", "figure"),
        [
            ("replay, s", took_s),
            ("replay, events/s", done.events / took_s),
            ("COPY … ORDER BY part, position of the same rows, s", limit_s),
            ("replay / COPY (goal at most 2.5)", took_s / limit_s),
            ("processor time of replay's own processes, microseconds an event", cpu_s / done.events * 1e6),
            ("peak memory of all workers, MiB (goal below 400)", memory.workers_peak_mib),
            ("the same with the coordinator, MiB", memory.peak_mib),
            ("users", done.rows["users"]),
        ],
        notes=f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}. COPY before and after: "
        f"{before_s:.1f} s, {after_s:.1f} s. Stages: {spent}.",
        write=arguments.write,
    )


if __name__ == "__main__":
    main()
