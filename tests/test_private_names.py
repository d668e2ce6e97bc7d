"""A private name of a dependency is used only at the version that has it, which setup.cfg pins."""

import ast
import configparser
from itertools import groupby

import pytest

from tests.sources import MODULES, ROOT

DOCUMENTED = {"_asdict", "_exit", "_fields", "_replace"}  # of namedtuple and os
GUNICORN = ("gunicorn.app.base", "gunicorn.config", "gunicorn.glogging")  # its documented modules
PINNED = {
    "gunicorn==27.0.1": {
        "gunicorn.http.body.ChunkedReader",
        "gunicorn.http.errors.ParseException",
        "gunicorn.http.unreader.Unreader",
        "gunicorn.util.http_date",
        "gunicorn.workers.gthread.STOP_KEEPALIVE_LINGER",
        "gunicorn.workers.gthread.TConn",
        "gunicorn.workers.gthread.ThreadWorker",
        "_expected_100_continue",
        "_keepalive_after",
    },
    "prometheus-client==0.26.0": {"_capacity", "_fname", "_positions", "_used"},
}


def private_names(*sources: str) -> set[str]:
    """Of the modules of one package: imported private names, private attributes that no module defines, and
    private methods that none calls, which override a library's."""
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    imported = {
        f"{getattr(node, 'module', '')}.{alias.name}".removeprefix(".")
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    defined |= {node.id for node in nodes if isinstance(node, ast.Name)}
    defined |= {node.attr for node in attributes if isinstance(node.ctx, ast.Store) and _is_self(node.value)}
    used = {node.attr for node in attributes} | {node.id for node in nodes if isinstance(node, ast.Name)}
    overriding = {node.name for node in functions if not node.decorator_list} - used
    private = {
        name for name in {node.attr for node in attributes} - defined | overriding if _is_private(name)
    }
    return private - DOCUMENTED | {name for name in imported if _is_internal(name)}


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _is_internal(name: str) -> bool:
    if name.startswith("gunicorn."):
        return not name.startswith(GUNICORN)
    return any(map(_is_private, name.split(".")))


def test_a_private_name_of_a_dependency_is_listed_with_the_version_that_has_it() -> None:
    packages = groupby(MODULES, lambda path: path.relative_to(ROOT).parts[0])
    names = [private_names(*(path.read_text() for path in modules)) for _, modules in packages]

    assert set().union(*names) == set().union(*PINNED.values())


def test_these_versions_are_pinned() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")

    assert set(PINNED) <= set(setup["options"]["install_requires"].split())


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from library import _inner", {"library._inner"}),
        ("import library._inner", {"library._inner"}),
        ("from gunicorn.sock import create_sockets", {"gunicorn.sock.create_sockets"}),
        ("library._inner()", {"_inner"}),
        ("class Own(Base):\n    def _hook(self): ...", {"_hook"}),
        ("class Own:\n    def run(self): self._step()\n    def _step(self): ...", set()),
        ("class Own:\n    def __init__(self): self._n = 1\n    def n(self): return self._n", set()),
    ],
)
def test_a_private_name_is_seen(source: str, names: set[str]) -> None:
    assert private_names(source) == names
