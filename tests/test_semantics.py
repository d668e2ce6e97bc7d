"""docs/semantics.md explains every column of the tables that are folded from a user's events."""

import re

import pytest

from projections.money.declaration import MoneyColumn
from projections.money.tables.registry import BY_NAME, CHILDREN
from projections.tables.registry import TABLES
from tests.sources import ROOT

TEXT = (ROOT / "docs" / "semantics.md").read_text()
NAMED = set(re.findall(r"`([a-z_0-9*]+)`", TEXT))
COLUMNS = [(table, column) for table in TABLES for column in TABLES[table].columns]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_each_column_is_explained(table: str, column: str) -> None:
    families = {name.rstrip("*") for name in NAMED if name.endswith("*")}

    assert column in NAMED or any(column.startswith(family) for family in families), table


MONEY = dict(re.findall(r"^\| `([a-z_]+)`, [^|]+\| ([^|]+) \|$", TEXT, re.MULTILINE))
MONEY_COLUMNS = [
    *((name, column) for name, table in BY_NAME.items() for column in table.columns),
    *((name, column) for name, children in CHILDREN.items() for column in children.columns),
]


@pytest.mark.parametrize(("table", "column"), MONEY_COLUMNS, ids=lambda one: getattr(one, "name", one))
def test_each_column_of_a_money_table_is_explained(table: str, column: MoneyColumn) -> None:
    explained = next(rule for rule in MONEY[table].split(" · ") if rule.startswith(f"`{column.name}`"))

    assert explained.replace("`", "") in (column.name, f"{column.name} ({column.rule})")


def test_each_table_has_a_section() -> None:
    assert set(re.findall(r"^## (\w+)", TEXT, re.MULTILINE)) >= set(TABLES)
