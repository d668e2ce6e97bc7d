"""The time of every regular expression grows no faster than its input, which outsiders choose.

Two shapes are quadratic or worse and are refused here: a long repetition followed by something that it could
have matched itself, and a search (not a full match) for a pattern that begins with a long repetition.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from re import _compiler, _parser  # type: ignore[attr-defined]  # the parse tree has no public name
from re import _constants as op
from typing import Any, NamedTuple

import pytest

from tests.sources import MODULES, ROOT

LONG = 256  # repetitions; a shorter one costs little however it is matched
SEARCHES = frozenset({"search", "sub", "subn", "finditer", "findall", "split"})
MATCHES = frozenset({"match", "fullmatch", "compile"})
CHARACTERS = frozenset(range(256))

Item = tuple[Any, Any]  # Any: an opcode and its argument


class Pattern(NamedTuple):
    """A pattern in the source, and whether it is searched for at every place of a text."""

    place: str
    text: str
    searched: bool


def patterns_in(path: Path) -> Iterator[Pattern]:
    """Every literal pattern of a module; a named one is searched for where its name is."""
    tree = ast.parse(path.read_text())
    searched = {
        call.func.value.id
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in SEARCHES
        and isinstance(call.func.value, ast.Name)
    }
    names = {
        statement.value: target.id
        for statement in ast.walk(tree)
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(tree):
        function = call.func if isinstance(call, ast.Call) else None
        if (
            isinstance(call, ast.Call)
            and isinstance(function, ast.Attribute)
            and isinstance(function.value, ast.Name)
            and function.value.id == "re"
            and function.attr in SEARCHES | MATCHES
        ):
            name = names.get(call)
            # A compiled pattern without a name stands in a table, where a loop may search for it.
            everywhere = function.attr in SEARCHES or name in searched
            everywhere |= function.attr == "compile" and name is None
            text = literal(call.args[0])
            if text is not None:
                yield Pattern(f"{path.relative_to(ROOT)}:{call.lineno}", text, everywhere)


def literal(node: ast.expr) -> str | None:
    """The pattern; a value that an f-string puts in stands as one word."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
        return "".join(map(str, parts))
    if not isinstance(node, ast.Constant):
        return None
    return node.value.decode("latin-1") if isinstance(node.value, bytes) else str(node.value)


def first_of(items: Iterable[Item], after: frozenset[int]) -> frozenset[int]:
    """Which characters a match of these can begin with, `after` being what follows them."""
    first: frozenset[int] = frozenset()
    for code, argument in items:
        characters, may_be_empty = first_of_one(code, argument)
        first |= characters
        if not may_be_empty:
            return first
    return first | after


def first_of_one(code: Any, argument: Any) -> tuple[frozenset[int], bool]:
    """The characters one item can begin with, and whether it can match nothing."""
    if code is op.LITERAL:
        return frozenset({argument} & CHARACTERS), False
    if code in (op.NOT_LITERAL, op.ANY, op.IN, op.CATEGORY):
        return characters_of(code, argument), False
    if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        least, _, body = argument
        return first_of(body, frozenset()), least == 0
    if code is op.SUBPATTERN:
        return first_of(argument[3], frozenset()), all(first_of_one(*item)[1] for item in argument[3])
    if code is op.ATOMIC_GROUP:
        return first_of(argument, frozenset()), all(first_of_one(*item)[1] for item in argument)
    if code is op.BRANCH:
        firsts = [first_of(branch, frozenset()) for branch in argument[1]]
        empty = any(all(first_of_one(*item)[1] for item in branch) for branch in argument[1])
        return frozenset().union(*firsts), empty
    return frozenset(), True  # an anchor or a look-around matches no character


def characters_of(code: Any, argument: Any) -> frozenset[int]:
    """The characters below 256 that a class matches, as the engine itself answers it."""
    state = _parser.State()
    tree = _parser.SubPattern(state, [(code, argument)])
    state.str = ""
    compiled = _compiler.compile(tree)
    return frozenset(number for number in CHARACTERS if compiled.fullmatch(chr(number)))


def ambiguities(items: list[Item], after: frozenset[int]) -> Iterator[str]:
    """Each long repetition that what follows it could continue."""
    for number, (code, argument) in enumerate(items):
        follows = first_of(items[number + 1 :], after)
        if code in (op.MAX_REPEAT, op.MIN_REPEAT):
            least, most, body = argument
            inside = first_of(body, frozenset())
            if most > LONG and most > least and inside & follows:
                common = chr(min(inside & follows))
                yield f"a repetition and what follows it both match {common!r}"
            yield from ambiguities(list(body), follows | (inside if most > 1 else frozenset()))
        elif code is op.SUBPATTERN:
            yield from ambiguities(list(argument[3]), follows)
        elif code is op.BRANCH:
            for branch in argument[1]:
                yield from ambiguities(list(branch), follows)


def begins_long(items: list[Item]) -> bool:
    """Whether a match begins with a long repetition and something else has to follow."""
    if not items:
        return False
    code, argument = items[0]
    if code is op.SUBPATTERN:
        return begins_long([*argument[3], *items[1:]])
    if code not in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return False
    return argument[1] > LONG and len(items) > 1


def faults(pattern: Pattern) -> list[str]:
    tree = list(_parser.parse(pattern.text))
    texts = list(ambiguities(tree, frozenset()))
    if pattern.searched and begins_long(tree):
        texts.append("a search that begins with a long repetition starts it again at every place")
    return texts


@pytest.mark.parametrize(
    ("text", "searched", "slow"),
    [
        (r"([a-z]+):[ \t]*((?:[!-~](?:[ -~\t]*[!-~])?)?)[ \t]*", False, True),  # blanks, then a NUL
        (r"(a+)+b", False, True),
        (r"[^@]+@", True, True),
        (r"[^@]{1,64}@", True, False),
        (r"[a-z]+=", False, False),
        (r"a*+a?", False, False),
    ],
)
def test_the_rule_knows_slow_patterns(text: str, searched: bool, slow: bool) -> None:
    assert bool(faults(Pattern("", text, searched))) is slow


# Read only from our own files and our own database's schema.
OWN_INPUT = ("cli/schema_diff.py", "database/migration_files.py", "database/rights.py")
PATTERNS = [
    pattern for path in MODULES for pattern in patterns_in(path) if not pattern.place.startswith(OWN_INPUT)
]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.place)
def test_no_pattern_backtracks_over_its_input(pattern: Pattern) -> None:
    assert faults(pattern) == []
