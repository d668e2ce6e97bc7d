"""A command where there is no database yet."""

import gzip
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data directory that nothing has made, and no DATABASE_URL."""
    home = Path(tempfile.mkdtemp(prefix="tenure-nowhere-"))
    home.chmod(0o711)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("TENURE_DATA_DIR", str(home / "data"))
    monkeypatch.chdir(home)
    yield home / "data"
    shutil.rmtree(home)


def _tenure(*args: str) -> Result:
    return CliRunner().invoke(main, args)


@pytest.mark.parametrize(
    "args", [("status",), ("events", "list"), ("user", "show", "user_x"), ("migrate", "status"), ("work",)]
)
def test_a_command_that_needs_a_database_begins_none(nowhere: Path, args: tuple[str, ...]) -> None:
    result = _tenure(*args)

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "DATABASE_URL is not set" in result.stderr
    assert str(nowhere) in result.stderr
    assert not nowhere.exists()


def test_a_command_that_begins_one_says_where(nowhere: Path) -> None:
    first = _tenure("migrate", "up", "0001_roles")
    again = _tenure("migrate", "up", "0001_roles")

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert f"creating a new, empty database in {nowhere}" in first.stderr
    assert "begins" not in again.stderr


def test_a_backup_that_is_broken_begins_none(nowhere: Path) -> None:
    whole = nowhere.parent / "backup.gz"
    whole.write_bytes(gzip.compress(b'{"kind": "backup"}\n')[:-9])

    result = _tenure("restore", str(whole))

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert not nowhere.exists()
