"""docs/changing.md is true: its edits apply to a copy of the source, and its tests pass there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import Server
from tests.sources import ROOT

TEXT = (ROOT / "docs" / "changing.md").read_text()
BLOCK = re.compile(
    r"^```(?P<kind>diff|python|sql|html) (?P<path>\S+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
RECIPES = {
    title: [(match["kind"], match["path"], match["text"]) for match in BLOCK.finditer(recipe)]
    for title, recipe in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
}
FILES = {
    "A column of user_billing": 6,
    "A Stripe event": 3,
    "A scheduled handler": 4,
    "A page of the console": 4,
}
# What holds for any column and for any object.
LAWS = (
    "tests/test_semantics.py",
    "tests/projections/test_order.py::test_every_object_that_a_table_reads_is_put_in_order",
)
ASIDE = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "node_modules")


def applied(copy: Path, kind: str, path: str, text: str) -> Path:
    """Apply one edit, and return the file. The lines without `+` must stand in it exactly once."""
    target = copy / path.replace("NNNN", next_number(copy, path))
    if kind != "diff":
        assert not target.exists(), f"{path} exists already"
        target.write_text(text)
        return target
    lines = text.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if not line.startswith("+"))
    after = "".join(line[1:] for line in lines if not line.startswith("-"))
    source = target.read_text()
    assert source.count(before) == 1, f"docs/changing.md is stale: {path} has not once\n{before}"
    target.write_text(source.replace(before, after))
    return target


def next_number(copy: Path, path: str) -> str:
    """The number of a new migration; its rollback has the number of the migration."""
    numbers = {int(match.name[:4]) for match in (copy / "migrations").glob("[0-9]*.sql")}
    return f"{max(numbers) + (not path.endswith('.rollback.sql')):04}"


def run(copy: Path, *arguments: str, **env: str) -> str:
    """The output of a Python module run in the copy; pytest names its own databases there."""
    environment = os.environ | {"PYTHONPATH": str(copy)} | env
    for inherited in ("TENURE_TEST_RUN", "PROMETHEUS_MULTIPROC_DIR"):
        environment.pop(inherited, None)
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_edits_few_files(title: str) -> None:
    """The manifest is a file of a migration."""
    paths = {path for _, path, _ in RECIPES[title] if not path.startswith("tests/")}

    assert len(paths) + any("NNNN" in path for path in paths) == FILES[title]


def test_the_recipes_are_true(tmp_path: Path, server: Server) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=ASIDE)
    edited = [applied(copy, *edit) for edits in RECIPES.values() for edit in edits]
    tests = [str(path.relative_to(copy)) for path in edited if "tests" in path.relative_to(copy).parts]

    run(copy, "database.manifest")
    run(copy, "ruff", "check", ".")
    options = ("-q", "-p", "no:cacheprovider", "-n", "0")
    output = run(copy, "pytest", *tests, *LAWS, *options, DATABASE_URL=server.conninfo)

    assert len(tests) == len(RECIPES)
    assert " passed" in output
