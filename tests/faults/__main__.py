"""`python -m tests.faults`: every fault, several times over, into docs/reliability.md."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from events import livemode
from tests.faults.breaking import FAULTS, Fault
from tests.faults.running import run
from tests.faults.service import NotPermitted
from tests.faults.verdict import Verdict

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
COLUMNS = (
    *("fault", "what happens", "times", "acked", "lost or twice", "half-written"),
    *("tables equal replay", "seals verify"),
)
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"


def main() -> int:
    """Run them; exit 1 when anything was lost."""
    livemode.bind(live_only=False)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="faults with this in their name")
    parser.add_argument("--write", action="store_true", help="put the table in docs/reliability.md")
    arguments = parser.parse_args()
    rows, bad = [], 0
    for fault in FAULTS:
        if arguments.only not in fault.name:
            continue
        try:
            verdicts = [run(fault, seed=seed, times=2) for seed in range(1, arguments.runs + 1)]
        except NotPermitted as reason:
            sys.stderr.write(f"{fault.name}: {reason}\n")
            rows.append(f"| {fault.name} | {fault.means} | 0 | | | | | |")
            continue
        except AssertionError as problem:
            sys.stderr.write(f"{fault.name}: {problem}\n")
            rows.append(f"| {fault.name} | {fault.means} | FAILED: see the run's output | | | | | |")
            bad += 1
            continue
        bad += sum(not verdict.good for verdict in verdicts)
        rows.append(_row(fault, verdicts))
        sys.stderr.write(rows[-1] + "\n")
    if arguments.write:
        _write(rows)
    return 1 if bad else 0


def _row(fault: Fault, verdicts: list[Verdict]) -> str:
    cells = (
        fault.name,
        fault.means,
        (1 if fault.once else 2) * len(verdicts),
        sum(verdict.acked for verdict in verdicts),
        sum(verdict.lost + verdict.twice for verdict in verdicts),
        sum(verdict.half for verdict in verdicts),
        "yes" if all(verdict.tables_equal for verdict in verdicts) else "NO",
        "yes" if all(verdict.seals_hold for verdict in verdicts) else "NO",
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def _write(rows: list[str]) -> None:
    head, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, tail = rest.partition(END)
    table = [
        f"`python -m tests.faults --write`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|---" * len(COLUMNS) + "|",
        *rows,
    ]
    PAGE.write_text(f"{head}{BEGIN}\n" + "\n".join(table) + f"\n{END}{tail}")


if __name__ == "__main__":
    sys.exit(main())
