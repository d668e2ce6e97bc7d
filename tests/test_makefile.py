"""What `make run` runs, for a port and without one."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAKE = shutil.which("make")

pytestmark = pytest.mark.skipif(MAKE is None, reason="no make here")


def recipe(*arguments: str) -> list[str]:
    """The commands of a dry run that believes the dependencies are outdated."""
    assert MAKE is not None
    words = [MAKE, "--dry-run", "--what-if", "setup.cfg", "run", *arguments]
    done = subprocess.run(
        words, cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, text=True, capture_output=True, check=True
    )
    return [line.strip() for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ((), ".venv/bin/tenure run --demo"),
        (("PORT=",), ".venv/bin/tenure run --demo"),
        (("PORT= ",), ".venv/bin/tenure run --demo"),
        (("PORT=8001",), ".venv/bin/tenure run --demo --port '8001'"),
    ],
)
def test_make_run_takes_a_port_and_ignores_an_empty_one(arguments: tuple[str, ...], command: str) -> None:
    assert recipe(*arguments)[-1] == f"exec {command}"


def test_make_announces_the_installation_before_it_begins() -> None:
    lines = recipe()

    (announced,) = (number for number, line in enumerate(lines) if line.startswith('echo "make: installing'))
    assert " -m pip install " in lines[announced + 1]
