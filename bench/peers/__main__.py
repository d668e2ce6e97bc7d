"""Tenure beside stripe-sync-engine and dj-stripe: the same server, events and load; each stored event is checked.

The other projects are installed from their package indexes into a scratch folder, and run as separate processes.
What can't be installed is skipped by name.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bench.peers import dj_stripe, sync_engine, tenure
from bench.peers.contestant import Contestant
from bench.peers.errors import NotAccepted, NotDurable, NotInstalled, NotProjected, NotStored, ServerFailed
from bench.peers.postgres import peer_server, version
from bench.peers.rounds import CONNECTIONS, SCENARIOS, PeerRun, progress, rounds
from bench.peers.summary import COLUMNS, GOAL_COLUMNS, MAX_CATCH_UP_S, PeerSummary
from bench.report import report, spread
from database.errors import EmbeddedServerFailed
from database.scratch_folder import scratch_folder
from events.child_processes import stop_on_signals

ROOT = Path(__file__).parents[2]
FAILURES = (NotAccepted, NotDurable, NotProjected, NotStored, ServerFailed, EmbeddedServerFailed)
Begin = Callable[[str, Path], AbstractContextManager[Contestant]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench peers", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument(
        "--folder", type=Path, help="keep installations and logs there; a temporary folder if unset"
    )
    parser.add_argument(
        "--connections",
        type=int,
        nargs="+",
        choices=CONNECTIONS,
        default=CONNECTIONS,
        help="measure only these",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print every run as JSON instead of the tables")
    output.add_argument("--write", action="store_true", help="put the tables in bench/RESULTS.md")
    arguments = parser.parse_args()
    if arguments.folder and arguments.folder.resolve().is_relative_to(ROOT):
        parser.error(f"expected a folder outside of {ROOT}, found {arguments.folder}")
    stop_on_signals()
    try:
        _compare(arguments)
    except FAILURES as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _compare(arguments: argparse.Namespace) -> None:
    with (
        _work_folder(arguments.folder) as folder,
        peer_server(folder, os.environ.get("DATABASE_URL")) as server_url,
        ExitStack() as stack,
    ):
        server = version(server_url)
        contestants, skipped = begin(stack, BEGINS, server_url, folder)
        scenarios = [one for one in SCENARIOS if one.connections in arguments.connections]
        runs = rounds(contestants, scenarios, runs=arguments.runs, seconds=arguments.seconds, report=progress)
    if arguments.json:
        print(as_json(runs, skipped, server))
        return
    others = f"{spread([run.others_cores for run in runs])} cores"
    connections = " ".join(map(str, arguments.connections))
    notes = (
        f"`python -m bench peers --runs {arguments.runs} --seconds {arguments.seconds:g} --connections {connections}`, {os.cpu_count()} cores, {server}, "
        f"durable, client, contestants and server on the same machine, of which other programs used {others}; median (range) of "
        f"{arguments.runs} interleaved runs of {arguments.seconds:g} s, each event signed, sent once and checked in the tables. "
        "× sync-engine: the median over that of stripe-sync-engine's better configuration. "
        f"caught up: the longest time from the last response until the projected tables show every event; goal {MAX_CATCH_UP_S:g} s."
    )
    notes += "".join(f" {name} is skipped: {reason}." for name, reason in skipped.items())
    summary = PeerSummary(runs)
    report("Beside other projects", COLUMNS, summary.rows(), notes=notes, write=arguments.write)
    if goals := summary.goals():
        report(
            "Goals beside stripe-sync-engine",
            GOAL_COLUMNS,
            goals,
            notes="`python -m bench peers`, the same runs.",
            write=arguments.write,
        )


def begin(
    stack: ExitStack, begins: dict[str, Begin], server_url: str, folder: Path
) -> tuple[list[Contestant], dict[str, str]]:
    """(the contestants that run until the stack closes, the reasons of those that do not)."""
    contestants: list[Contestant] = []
    skipped: dict[str, str] = {}
    for name, start in begins.items():
        try:
            contestants.append(stack.enter_context(start(server_url, folder)))
        except NotInstalled as problem:
            skipped[name] = str(problem)
            print(f"{name} is skipped: {problem}.", file=sys.stderr)
    return contestants, skipped


def as_json(runs: list[PeerRun], skipped: dict[str, str], server: str) -> str:
    """Every run, the ratios and the goals."""
    summary = PeerSummary(runs)
    table = [dict(zip(COLUMNS, row, strict=True)) for row in summary.rows()]
    goals = [dict(zip(GOAL_COLUMNS, row, strict=True)) for row in summary.goals()]
    return json.dumps(
        {
            "server": server,
            "skipped": skipped,
            "runs": [asdict(run) for run in runs],
            "table": table,
            "goals": goals,
        },
        indent=2,
        ensure_ascii=False,
    )


@contextmanager
def _work_folder(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        with scratch_folder("tenure-bench-peers-", Path("/var/tmp")) as name:
            name.chmod(0o711)  # the account that runs PostgreSQL passes through it
            yield name
    else:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        yield folder.resolve()


BEGINS: dict[str, Begin] = {
    **{
        sync_engine.name(many): partial(sync_engine.sync_engine, processes=many)
        for many in sync_engine.PROCESSES
    },
    dj_stripe.NAME: dj_stripe.dj_stripe,
    tenure.ALONE: tenure.endpoints,
    tenure.PROJECTED: tenure.with_projector,
}

if __name__ == "__main__":
    sys.exit(main())
