"""`python -m bench` runs benchmarks only, and knows them all."""

from importlib.util import find_spec
from pathlib import Path

import pytest

import bench
from bench.__main__ import HELPERS, benchmarks

MODULES = sorted(path.stem for path in Path(bench.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("name", sorted(benchmarks()))
def test_what_is_no_helper_can_be_run(name: str) -> None:
    spec = find_spec(f"bench.{name}.__main__" if name not in MODULES else f"bench.{name}")

    assert spec is not None
    assert "\ndef main(" in Path(str(spec.origin)).read_text()


def test_the_comparison_with_other_projects_is_a_benchmark() -> None:
    assert "peers" in benchmarks()


def test_each_helper_is_there() -> None:
    assert set(MODULES) >= HELPERS
