"""Text is replaced in values, never in encoded JSON, and rows are never copied by position.

In encoded JSON the escape of a NUL and six typed characters differ only by the backslashes before them.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import MODULES, ROOT, all_statements

TEXT = ROOT / "events" / "text.py"
SURGERY = frozenset(
    {"replace", "sub", "subn", "split", "partition", "rpartition", "translate", "removeprefix"}
)
STATEMENTS = all_statements()
# Bodies of our own events, whose text is storable before it is appended.
OWN_BODIES = frozenset({"erased_among", "grants_to_end", "replay_receipts", "verify_results"})
OPERATOR = re.compile(r"event_data\)?(?:::jsonb|\s*(?:->|#>))")
READABLE = re.compile(r"readable_json\([\w.]{1,99}\)")


def surgery_in(source: str, *, is_text_module: bool = False) -> Iterator[int]:
    """Lines that replace an escape, or the character that text.py alone replaces."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr not in SURGERY:
            continue
        for argument in call.args[:1]:
            value = argument.value if isinstance(argument, ast.Constant) else None
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            if isinstance(text, str) and ("\\u" in text or ("\x00" in text and not is_text_module)):
                yield call.lineno


def raising_in(statement: str) -> list[str]:
    """JSON operators on bodies as providers send them."""
    return OPERATOR.findall(READABLE.sub("", statement))


def positional_in(source: str) -> Iterator[int]:
    """Lines of a module that copies rows where a row's values are taken in the row's own order."""
    tree = ast.parse(source)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    if not any(node.attr == "write_row" for node in names):
        return
    for node in names:
        if node.attr == "values" and isinstance(node.value, ast.Name) and node.value.id in ("row", "cells"):
            yield node.lineno


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_replaces_escapes_or_copies_rows_by_position(path: Path) -> None:
    source = path.read_text()

    assert list(surgery_in(source, is_text_module=path == TEXT)) == []
    assert list(positional_in(source)) == []


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_reads_a_providers_body_with_an_operator_that_raises(name: str) -> None:
    if name.rpartition("/")[2] not in OWN_BODIES:
        assert raising_in(STATEMENTS[name]) == []


@pytest.mark.parametrize(
    "source",
    ['a.replace(b"\\\\u0000", b"\\\\ufffd")', 're.sub(r"\\u0000", "", a)', 'a.replace("\\0", "")'],
)
def test_surgery_is_found(source: str) -> None:
    assert list(surgery_in(source)) == [1]


def test_rows_by_position_are_found() -> None:
    assert list(positional_in("copy.write_row(row.values())")) == [1]


@pytest.mark.parametrize("text", ["e.event_data ->> 'a'", "(e.event_data)::jsonb", "event_data #> '{a}'"])
def test_operators_that_raise_are_found(text: str) -> None:
    assert raising_in(text)
    assert not raising_in(
        text.replace("e.event_data", "event_data").replace("event_data", "readable_json(event_data)")
    )
