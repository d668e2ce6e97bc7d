"""`python -m tests.fuzz`: send mutated bodies until as many are through as asked, and print the figures."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import structlog

from database import embedded
from events import livemode
from tests.databases import Server
from tests.fuzz.run import Failed, Figures, run


def main() -> int:
    """0 when everything held, 1 when something did not; the message has the command that repeats it."""
    livemode.bind(live_only=False)
    arguments = _arguments()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40 if arguments.verbose else 50))
    try:
        if url := os.environ.get("DATABASE_URL"):
            figures = _run(Server(url, f"fuzz_{os.getpid()}"), arguments)
        else:
            with tempfile.TemporaryDirectory(prefix="tenure-fuzz-") as folder:
                Path(folder).chmod(0o711)
                with embedded.start(Path(folder) / "db", database="postgres", throwaway=True) as running:
                    figures = _run(Server(running.conninfo, "fuzz"), arguments)
    except Failed as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    _print(figures)
    return 0


def _run(server: Server, arguments: argparse.Namespace) -> Figures:
    try:
        return run(server, bodies=arguments.bodies, seed=arguments.seed, report=_progress)
    finally:
        server.drop_all()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--bodies", type=int, default=10_000, help="how many bodies to send")
    parser.add_argument("--seed", type=int, default=1, help="the same seed sends the same bodies")
    parser.add_argument("--verbose", action="store_true", help="show the errors that the service logs")
    return parser.parse_args()


def _progress(figures: Figures) -> None:
    stopped = f"{figures.quarantined} of {figures.users} users quarantined"
    _say(f"{figures.bodies} bodies, {figures.seconds:.0f} s, {stopped}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _print(figures: Figures) -> None:
    _say(f"bodies {figures.bodies}, seconds {figures.seconds:.0f}")
    _say(f"users {figures.users}, quarantined {figures.quarantined}")
    for name in ("answers", "decisions", "reasons"):
        _say(name)
        for value, count in getattr(figures, name).most_common():
            _say(f"  {count:7} {value}")


if __name__ == "__main__":
    sys.exit(main())
