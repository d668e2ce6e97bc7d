"""Print figures and, with --write, put them into bench/RESULTS.md with the measured commit."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from events import child_processes

RESULTS = Path(__file__).parent / "RESULTS.md"
Cell = str | int | float


def report(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, notes: str, write: bool
) -> None:
    """Print a table; `write` also puts it in RESULTS.md in the place of the section of that title."""
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*map(_shown, row))
    Console().print(table)
    Console().print(notes)
    if write:
        _write(title, columns, rows, notes)


def between(
    page: Path, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, notes: str
) -> None:
    """Put the table on a page, in the place that comments `name: begin` and `name: end` mark."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, section, rest = page.read_text().partition(begin)
    _, closed, tail = rest.partition(end)
    if not (section and closed):
        raise LookupError(f"{page} has no place for {name}: expected {begin} and {end}")
    body = "\n".join(_lines(columns, rows, notes))
    page.write_text(f"{head}{begin}\n{body}\n{end}{tail}")


def spread(figures: Sequence[float]) -> str:
    """Median and range of several runs."""
    return f"{_shown(median(figures))} ({_shown(min(figures))}-{_shown(max(figures))})"


def _shown(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def _write(title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], notes: str) -> None:
    lines = [f"## {title}", "", *_lines(columns, rows, notes)]
    kept = RESULTS.read_text() if RESULTS.exists() else "# Results\n"
    sections = [part for part in kept.split("\n## ") if not part.startswith(title + "\n")]
    text = "\n## ".join(section.rstrip() + "\n" for section in sections)
    RESULTS.write_text(text.rstrip() + "\n\n" + "\n".join(lines) + "\n")


def _lines(columns: Sequence[str], rows: Sequence[Sequence[Cell]], notes: str) -> list[str]:
    commit = child_processes.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    )
    return [
        f"Commit {commit.stdout.strip()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. {notes}",
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(map(_shown, row)) + " |" for row in rows),
    ]
