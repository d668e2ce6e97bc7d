"""What people read is plain English: STYLE's search list finds nothing."""

import re
from pathlib import Path

import pytest

from tests.sources import ROOT

KINDS = ("*.py", "*.md", "*.sql", "*.html", "*.yaml", "*.service", "*.toml")
NOT_OURS = {".venv", ".git", "build", "dist", "node_modules", "tests", "static"}
# Applied migrations are never edited; results are records.
AS_WRITTEN = {"migrations", "RESULTS.md"}
HOUSE_TALK = re.compile(
    r"\b(nobody|somebody|anybody|everybody|whoever|(is|are) away|goes alone|comes along|is none of|of ours)\b"
)
FILES = sorted(
    path
    for kind in KINDS
    for path in ROOT.rglob(kind)
    if not {*path.relative_to(ROOT).parts} & (NOT_OURS | AS_WRITTEN) and ".egg-info" not in str(path)
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_house_talk(path: Path) -> None:
    lines = [
        f"{number}: {line.strip()}"
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if HOUSE_TALK.search(line)
    ]

    assert lines == []
