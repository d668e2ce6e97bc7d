"""gunicorn's gthread beside granian, the same application on both: bare POSTs and acked deliveries."""

import argparse
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from bench.embedded_server import durable_database
from bench.endpoints import THREADS, environment, measured, process
from bench.load_client import LoadResult, answering, free_port
from bench.report import report, spread
from database.scratch_folder import scratch_folder
from events.clock import utc_now
from service.sockets import listen

CONNECTIONS = 16


@contextmanager
def gunicorn(app: str, env: dict[str, str], log: Path) -> Iterator[int]:
    """The port of the server that `tenure serve` uses."""
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    words = [
        "-m",
        "gunicorn",
        app,
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
        "--worker-class",
        "gthread",
    ]
    with process([*words, "--threads", str(THREADS), "--keep-alive", "5"], env, log):
        answering(port, log)
        yield port


@contextmanager
def granian(app: str, env: dict[str, str], log: Path) -> Iterator[int]:
    """The port of granian with as many workers and threads."""
    port = free_port()
    words = [
        "-m",
        "granian",
        app,
        "--interface",
        "wsgi",
        "--port",
        str(port),
        "--workers",
        "2",
        "--no-access-log",
    ]
    with process([*words, "--blocking-threads", str(THREADS)], env, log):
        answering(port, log)
        yield port


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--write", action="store_true", help="put the table in bench/RESULTS.md")
    arguments = parser.parse_args()
    if importlib.util.find_spec("granian") is None:
        print(
            "granian is not installed; it is not a dependency of Tenure: pip install granian", file=sys.stderr
        )
        return
    rows = []
    with durable_database() as conninfo, scratch_folder("tenure-bench-servers-") as name:
        env = environment(conninfo, Path(name)) | {"TENURE_SECRET_KEY": "bench" * 10}
        for app, path in (("bench.baseline_app:served", "/bare"), ("wsgi:app", "/webhooks/stripe")):
            with ExitStack() as stack:
                log = Path(name) / "log"
                ports = [stack.enter_context(server(app, env, log)) for server in (gunicorn, granian)]
                table = [
                    [measured(port, path, CONNECTIONS, arguments.seconds) for port in ports]
                    for _ in range(arguments.runs)
                ]
                ratio = median(theirs.rate / ours.rate for ours, theirs in table)
                for index, server in enumerate(("gunicorn gthread", "granian")):
                    rows.append(
                        (path, server, *_figures([pair[index] for pair in table]), f"{ratio**index:.2f}")
                    )
    report(
        "Web servers",
        ("address", "server", "answers/s", "p50 ms", "p99 ms", "ratio"),
        rows,
        notes=f"`python -m bench servers`, {os.cpu_count()} cores, 2 workers of {THREADS} threads each, "
        f"{CONNECTIONS} connections, median (range) of {arguments.runs} interleaved runs of {arguments.seconds:g} s, ended "
        f"{utc_now():%H:%M} UTC.",
        write=arguments.write,
    )


def _figures(results: list[LoadResult]) -> tuple[str, str, str]:
    return (
        spread([result.rate for result in results]),
        spread([result.percentile(0.5) for result in results]),
        spread([result.percentile(0.99) for result in results]),
    )


if __name__ == "__main__":
    main()
