"""The `tenure` command as people call it, in a process of its own, on a test's database."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def environment(conninfo: str, data_dir: Path, **more: str) -> dict[str, str]:
    """Nothing of the machine's own settings reaches the command."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ours = {"DATABASE_URL": _url(conninfo), "TENURE_DATA_DIR": str(data_dir), "LOG_FORMAT": "json"}
    return kept | ours | {"PYTHONPATH": str(ROOT)} | more


def tenure(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """What came of one command."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *words],
        env=env,
        cwd=env["TENURE_DATA_DIR"],
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def answer(env: dict[str, str], *words: str) -> Any:  # Any: the command's own JSON
    """What a command that has to succeed says with --json."""
    done = tenure(env, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def serving(env: dict[str, str], log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs until it is told to stop; its log goes to a file."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", *words], env=env, cwd=env["TENURE_DATA_DIR"], stderr=out, stdout=out
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def logged(log: Path) -> list[dict[str, Any]]:  # Any: what was logged
    """The lines of a JSON log."""
    lines = log.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def _url(conninfo: str) -> str:
    """The settings take a URL."""
    from urllib.parse import quote, urlencode

    from psycopg.conninfo import conninfo_to_dict

    parameters = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
    name = parameters.pop("dbname")
    return f"postgresql:///{quote(name)}?{urlencode(parameters)}"
