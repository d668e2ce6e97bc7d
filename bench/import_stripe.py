"""`tenure import stripe` of a large account from a double in a separate process: rate and memory."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict

from bench.embedded_server import durable_database
from bench.report import report
from database.scratch_folder import scratch_folder
from events import child_processes
from events.clock import utc_now

ROOT = Path(__file__).parent.parent
EVERY_S = 0.05


@contextmanager
def account(size: int) -> Iterator[str]:
    """The URL of a double with that many customers."""
    command = [sys.executable, "-m", "tests.doubles.large_account", str(size)]
    double = child_processes.start(command, cwd=ROOT, stdout=child_processes.PIPE, text=True)
    assert double.stdout is not None
    try:
        yield double.stdout.readline().strip()
    finally:
        double.kill()
        double.wait()


def taken_over(conninfo: str, url: str, *, rate: float, workers: int) -> tuple[float, float, int]:
    """(seconds, peak resident megabytes, events) of one import."""
    with scratch_folder("tenure-bench-") as folder:
        parameters = {key: str(value) for key, value in conninfo_to_dict(conninfo).items()}
        name = parameters.pop("dbname")
        environment = os.environ | {
            "DATABASE_URL": f"postgresql:///{name}?" + "&".join(f"{k}={v}" for k, v in parameters.items()),
            "TENURE_DATA_DIR": folder,
            "TENURE_LIVEMODE": "true",
            "STRIPE_API_KEY": "rk_live_double",
            "STRIPE_API_BASE": url,
        }
        options = ["--rate", str(rate), "--workers", str(workers), "--json"]
        command = [sys.executable, "-m", "cli", "import", "stripe", *options]
        began = time.perf_counter()
        importing = child_processes.start(command, cwd=ROOT, env=environment, stdout=child_processes.PIPE)
        watched, peak = psutil.Process(importing.pid), 0
        while importing.poll() is None:
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(EVERY_S)
        seconds = time.perf_counter() - began
        output = importing.communicate()[0]
        if importing.returncode:
            raise SystemExit(importing.returncode)
        return seconds, peak / 2**20, int(json.loads(output)["events_appended"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--small", type=int, default=10_000, help="the size memory is compared with")
    parser.add_argument("--rate", type=float, default=1000, help="requests a second; Stripe's limit is 20")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--write", action="store_true", help="put the table in bench/RESULTS.md")
    arguments = parser.parse_args()
    rows = []
    for size in (arguments.small, arguments.customers):
        with durable_database() as conninfo, account(size) as url:
            seconds, peak_mb, events = taken_over(
                conninfo, url, rate=arguments.rate, workers=arguments.workers
            )
            with psycopg.connect(conninfo) as conn:
                row = conn.execute("SELECT count(*) FROM events").fetchone()
            assert row == (events,) == (3 * size,), (row, events)
        rows.append((size, events, round(seconds, 1), size / seconds, events / seconds, round(peak_mb, 1)))
    report(
        "Import of a Stripe account",
        ("customers", "events", "seconds", "customers/s", "events/s", "peak RSS MB"),
        rows,
        notes=f"`python -m bench import_stripe`: one run each, {arguments.workers} workers, at most {arguments.rate:g} requests/s "
        "(20 is the default of the command), 100 objects each; double, database "
        "(fsync on) and import on the "
        f"same {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end, {utc_now():%H:%M} UTC. "
        "A customer, a card and a subscription each; memory must not grow with the account.",
        write=arguments.write,
    )


if __name__ == "__main__":
    main()
