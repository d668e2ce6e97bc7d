"""The version before the newest migration, out of this repository's own history."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from database import migrations
from tests.cli.processes import ROOT
from tests.faults.service import NotPermitted


@contextmanager
def older() -> Iterator[tuple[Path, str]]:
    """(a checkout of the commit before the newest migration, the migration that was its newest).

    Raises: NotPermitted where there is no history, as in an archive or a shallow clone.
    """
    path = f"migrations/{_newest(migrations.DIRECTORY)}.sql"
    added = _git("log", "--diff-filter=A", "--format=%H", "-1", "--", path).decode().strip()
    if not added:
        raise NotPermitted(f"no commit here added {path}: the history is not there")
    with tempfile.TemporaryDirectory(prefix="tenure-older-") as folder:
        with tarfile.open(fileobj=io.BytesIO(_git("archive", "--format=tar", f"{added}^"))) as tree:
            tree.extractall(folder, filter="data")
        assert not (Path(folder) / path).exists()
        Path(folder).chmod(0o755)
        yield Path(folder), _newest(Path(folder) / "migrations")


def _newest(directory: Path) -> str:
    names = (path.name for path in directory.glob("*.sql") if not path.name.endswith(".rollback.sql"))
    return max(names).removesuffix(".sql")


def _git(*words: str) -> bytes:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
    except FileNotFoundError:
        raise NotPermitted("git is not installed, so there is no older version to run") from None
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise NotPermitted(f"no older version in this history: {' '.join(reason)}")
    return done.stdout
