"""Each SQL statement is whole, named once in its package, described, and used."""

import re

import pytest

from tests.sources import MODULES, ROOT, all_statements

STATEMENTS = all_statements()
# Names that the code makes: of a table, or of what is owned.
MADE = re.compile(r"(clear|delete)_[a-z_]+|(campaign|job|list)_standing")
BEGINNINGS = (
    "SELECT",
    "WITH",
    "INSERT",
    "UPDATE",
    "DELETE",
    "SET",
    "COPY",
    "DO",
    "CREATE",
    "DROP",
    "LOCK",
    "(SELECT",
)
SOURCE = "\n".join(path.read_text() for path in MODULES)


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_whole_described_and_used(name: str) -> None:
    comment = re.match(r"(--[^\n]*\n)+", STATEMENTS[name])
    short = name.rpartition("/")[2]

    assert comment
    assert STATEMENTS[name][comment.end() :].lstrip().upper().startswith(BEGINNINGS)
    assert f'"{short}"' in SOURCE or MADE.fullmatch(short)


def test_no_upsert_repeats_the_columns_of_a_table() -> None:
    """A projected table's upsert is made of the columns of its rows, by `projections.upserts`."""
    repeating = [
        name
        for name, text in STATEMENTS.items()
        if name.startswith("projections/") and len(re.findall(r"= EXCLUDED\.", text, re.IGNORECASE)) > 2
    ]

    assert repeating == []


def test_a_connection_with_any_row_factory_is_defined_once() -> None:
    paths = [*MODULES, *(path for folder in ("tests", "bench") for path in (ROOT / folder).rglob("*.py"))]
    defining = [
        str(path.relative_to(ROOT))
        for path in paths
        if re.search(r"^AnyConnection\b.*=", path.read_text(), re.MULTILINE)
    ]

    assert defining == ["events/statements.py"]


def test_there_are_few_files() -> None:
    files = {
        path for path in ROOT.glob("*/**/*.sql") if path.parts[len(ROOT.parts)] not in ("migrations", ".venv")
    }

    assert len(files) <= 70
