"""Every SQL statement of the service, and how it reaches the tables that Citus would distribute."""

import re
from collections.abc import Iterator
from pathlib import Path

from cli.scale.citus_checks import ASIDE
from cli.scale.layout import COLUMN, DISTRIBUTED
from tests import sources

ROOT = Path(__file__).parents[2]
PACKAGES = [folder.name for folder in sources.PACKAGES if folder.name != "bench"]

_TABLES = "|".join(DISTRIBUTED)
_WORDS = "USING|ON|WHERE|SET|JOIN|LEFT|CROSS|GROUP|ORDER|SELECT|DO|VALUES|FOR|LIMIT|UNION|WINDOW"
REACHED = re.compile(
    rf"\b(?P<how>FROM|JOIN|UPDATE|INTO)\s+(?:public\.)?(?P<table>{_TABLES})\b"
    rf"(?:\s+(?:AS\s+)?(?!(?:{_WORDS})\b)(?P<alias>[a-z_]+))?(?P<rest>[^\n]*)"
)
LOCKING = re.compile(r"\bFOR (?:NO KEY )?(?:UPDATE|KEY SHARE|SHARE)\b")


def apart(text: str) -> str:
    """The statement without what is read before it and held as a result."""
    return ASIDE.sub("", text)


def statements() -> dict[str, str]:
    """`package/name` to text without its comments; the service's own, no migrations."""
    return {
        name: "\n".join(line for line in text.splitlines() if not line.startswith("--"))
        for name, text in sources.all_statements().items()
    }


def fans_out(text: str) -> list[str]:
    """The distributed tables this statement asks on every node: nothing in it names a part of theirs."""
    return [
        match["table"]
        for match in REACHED.finditer(text)
        if not (_is_inserted(match, text) or _is_routed(match, text))
    ]


def in_python() -> Iterator[tuple[str, str]]:
    """(module, line) of each statement on a distributed table that is no file of its own."""
    for room in PACKAGES:
        for path in sorted((ROOT / room).rglob("*.py")):
            for line in path.read_text().splitlines():
                if REACHED.search(line) and '"""' not in line and not line.lstrip().startswith("#"):
                    yield str(path.relative_to(ROOT)), line.strip()


def _is_inserted(match: re.Match[str], text: str) -> bool:
    columns = text[match.end("table") :].partition(")")[0]
    return match["how"] == "INTO" and re.search(rf"\b{COLUMN}\b", columns) is not None


def _is_routed(match: re.Match[str], text: str) -> bool:
    """By a condition on its part, a join on it, or USING it."""
    if re.match(rf"\s*USING\s*\([^)]*\b{COLUMN}\b", match["rest"]):
        return True
    behind = text[match.end("table") :]
    if re.match(rf"(?:\s+\w+)?\s+JOIN (?:{_TABLES}) \w+ USING \({COLUMN}\b", behind):
        return True  # each of the two is where the other is
    name = match["alias"] or match["table"]
    column = rf"\b{name}\.{COLUMN}" if match["alias"] else rf"(?:\b{name}\.|(?<![.\w])){COLUMN}"
    other = rf"(?:%\({COLUMN}\)s|\w+\.{COLUMN}|\w+\.ordinal)"
    return re.search(rf"{column}\s*=\s*{other}|{other}\s*=\s*{column}\b", text) is not None
