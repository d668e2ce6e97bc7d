"""No variable, parameter or field has a name that says nothing of what it holds."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import MODULES, ROOT

EMPTY = frozenset(
    "said told asked held found wanted each heard known given made left taken thing who".split()  # noqa: SIM905
)
# Public JSON fields, terms of RFC 6962, and a coordinate.
KEPT = {
    "cli/doctor/findings.py": {"found"},
    "cli/schema_diff.py": {"found"},
    "console/timeline_chart.py": {"left"},
    "events/seals/merkle.py": {"left"},
}


def bound_in(source: str) -> Iterator[str]:
    """Every name that the module binds."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname


def defined_in(source: str) -> Iterator[str]:
    """Every function and class that the module defines, and every attribute that it sets."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_binding_is_named_for_what_it_holds(path: Path) -> None:
    kept = KEPT.get(str(path.relative_to(ROOT)), set())

    assert EMPTY & set(bound_in(path.read_text())) <= kept


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_test_module_binds_and_defines_no_empty_name(path: Path) -> None:
    source = path.read_text()

    assert (EMPTY | {"say"}) & {*bound_in(source), *defined_in(source)} == set()
