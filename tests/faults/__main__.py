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
    asked = parser.parse_args()
    rows, bad = [], 0
    for fault in FAULTS:
        if asked.only not in fault.name:
            continue
        try:
            found = [run(fault, seed=seed, times=2) for seed in range(1, asked.runs + 1)]
        except NotPermitted as reason:
            sys.stderr.write(f"{fault.name}: {reason}\n")
            rows.append(f"| {fault.name} | {fault.means} | 0 | | | | | |")
            continue
        except AssertionError as problem:
            sys.stderr.write(f"{fault.name}: {problem}\n")
            rows.append(f"| {fault.name} | {fault.means} | FAILED: see the run's output | | | | | |")
            bad += 1
            continue
        bad += sum(not each.good for each in found)
        rows.append(_row(fault, found))
        sys.stderr.write(rows[-1] + "\n")
    if asked.write:
        _write(rows)
    return 1 if bad else 0


def _row(fault: Fault, found: list[Verdict]) -> str:
    cells = (
        fault.name,
        fault.means,
        (1 if fault.once else 2) * len(found),
        sum(each.acked for each in found),
        sum(each.lost + each.twice for each in found),
        sum(each.half for each in found),
        "yes" if all(each.tables_equal for each in found) else "NO",
        "yes" if all(each.seals_hold for each in found) else "NO",
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
