"""docs/semantics.md explains every column of the tables that are folded from a user's events."""

import re

import pytest

from projections.tables.registry import TABLES
from tests.sources import ROOT

TEXT = (ROOT / "docs" / "semantics.md").read_text()
NAMED = set(re.findall(r"`([a-z_0-9*]+)`", TEXT))
COLUMNS = [(table, column) for table in TABLES for column in TABLES[table].columns]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_each_column_is_explained(table: str, column: str) -> None:
    families = {name.rstrip("*") for name in NAMED if name.endswith("*")}

    assert column in NAMED or any(column.startswith(family) for family in families), table


def test_each_table_has_a_section() -> None:
    assert set(re.findall(r"^## (\w+)", TEXT, re.MULTILINE)) >= set(TABLES)
