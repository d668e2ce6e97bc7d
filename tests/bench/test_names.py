"""`python -m bench` runs benchmarks only, and knows them all."""

from pathlib import Path

import pytest

import bench
from bench.__main__ import HELPERS

MODULES = sorted(path.stem for path in Path(bench.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("name", sorted({*MODULES} - HELPERS))
def test_a_module_that_is_no_helper_can_be_run(name: str) -> None:
    assert "\ndef main(" in (Path(bench.__file__).parent / f"{name}.py").read_text()


def test_each_helper_is_there() -> None:
    assert set(MODULES) >= HELPERS
