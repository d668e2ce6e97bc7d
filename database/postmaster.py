"""Initialise, launch and stop one PostgreSQL server."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from database.data_dir import VERSION, remove_socket_directory, socket_directory
from database.errors import EmbeddedServerFailed
from database.file_locks import Lock
from database.system_account import Account
from events import child_processes

_START_LIMIT_S = 120  # recovery after a crash reads the whole write-ahead log since a checkpoint
_STOP_LIMIT_S = 60
_LOG_LIMIT_BYTES = 10_000_000

# Child processes to reap later; a reference also keeps Popen from warning.
_launched: list[child_processes.Process[bytes]] = []


@dataclass(frozen=True)
class Running:
    """The content of a ready server's postmaster.pid."""

    pid: int
    socket_dir: str

    @property
    def url(self) -> str:
        """The maintenance database, over the socket."""
        return f"postgresql://postgres@/postgres?host={quote(self.socket_dir, safe='')}&port=5432"


def initialise(
    pgdata: Path, account: Account, programs: Path, *, sync: bool, report: Callable[[str], None]
) -> None:
    """Create the data directory unless it exists; it gets its name when it is complete."""
    if (pgdata / "PG_VERSION").exists():
        _check_version(pgdata)
        return
    report(f"creating a PostgreSQL data directory in {pgdata}")
    unfinished = pgdata.with_name("postgres.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    account.own(unfinished)
    # Sorting by bytes is the same on every machine, so replay is too.
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command = [str(programs / "initdb"), "--pgdata", str(unfinished), "--username=postgres"]
    command += ["--auth=trust", "--encoding=UTF8", *locale, *([] if sync else ["--no-sync"])]
    done = child_processes.run(
        command,
        cwd="/",
        env=_environment(),
        stdin=child_processes.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **account.popen_options(),
    )
    if done.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise EmbeddedServerFailed(
            f"no database could be created in {pgdata}: {_cause(done.stderr)}; "
            "make room, correct TENURE_DATA_DIR, or set DATABASE_URL"
        )
    unfinished.rename(pgdata)


def launch(
    pgdata: Path, account: Account, programs: Path, options: Mapping[str, str], running: Lock
) -> Running:
    """Start the server, which inherits the `running` lock, and wait until it answers."""
    sockets = socket_directory(pgdata, account)
    command = [str(programs / "postgres"), "-D", str(pgdata)]
    for name, value in {**options, "port": "5432", "unix_socket_directories": str(sockets)}.items():
        command += ["-c", f"{name}={value}"]
    _clear_after_crash(pgdata)
    log = _open_log(pgdata)
    try:
        child = child_processes.start_detached(
            command,
            cwd="/",
            env=_environment(),
            stdin=child_processes.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(running.fileno(),),
            umask=0o077,
            **account.popen_options(),
        )
    finally:
        os.close(log)
    reap_later(child)
    try:
        return _await(pgdata, child)
    except BaseException:
        child.send_signal(signal.SIGQUIT)
        raise


def reap_later(child: child_processes.Process[bytes]) -> None:
    """Remember a process that may end before this one does."""
    _reap()
    _launched.append(child)


def wait_ready(pgdata: Path, running: Lock) -> Running | None:
    """The running server, or None; then this process holds `running`."""
    deadline = time.monotonic() + _START_LIMIT_S
    while not running.try_exclusive():
        server = _read(pgdata)
        if server is not None and _is_server(server.pid, pgdata):
            return server
        if time.monotonic() > deadline:
            raise EmbeddedServerFailed(
                f"a PostgreSQL of another container or user runs in {pgdata} "
                f"and does not answer; its log is {_log_path(pgdata)}"
            )
        time.sleep(0.02)
    return None


def stop(pgdata: Path, running: Lock) -> None:
    """Stop the server cleanly, or at once if it does not end; committed transactions are never lost."""
    server = _read(pgdata)
    for how, limit_s in ((signal.SIGINT, _STOP_LIMIT_S), (signal.SIGQUIT, 10)):
        if server is not None and _is_server(server.pid, pgdata):
            os.kill(server.pid, how)
        if running.try_exclusive_for(limit_s):
            running.release()
            _reap()
            if server is not None:
                remove_socket_directory(Path(server.socket_dir))
            return
    raise EmbeddedServerFailed(f"PostgreSQL in {pgdata} did not stop; its log is {_log_path(pgdata)}")


def _await(pgdata: Path, child: child_processes.Process[bytes]) -> Running:
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise EmbeddedServerFailed(
                f"PostgreSQL did not start: {_last_line(_tail(pgdata))} (its log: {_log_path(pgdata)})"
            )
        server = _read(pgdata)
        if server is not None and server.pid == child.pid:
            return server
        time.sleep(0.01)
    raise EmbeddedServerFailed(
        f"PostgreSQL was not ready after {_START_LIMIT_S} s; its log is {_log_path(pgdata)}"
    )


def _read(pgdata: Path) -> Running | None:
    """The content of postmaster.pid, once the server accepts connections."""
    try:
        lines = (pgdata / "postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return None
    if len(lines) < 8 or lines[7].strip() != "ready":
        return None
    return Running(pid=int(lines[0]), socket_dir=lines[4].strip())


def _is_server(pid: int, pgdata: Path) -> bool:
    """Whether this process is the PostgreSQL of this directory; a pid alone proves nothing."""
    try:
        process = psutil.Process(pid)
        return bool(process.name() == "postgres" and Path(process.cwd()) == pgdata)
    except (psutil.Error, OSError):
        return False


def _clear_after_crash(pgdata: Path) -> None:
    """Remove the lock files of a server that was killed.

    PostgreSQL checks only whether their pid is in use, and in a container every restart uses the
    same few pids. This process holds the `running` lock, so no process of that server is left.
    """
    _reap()
    try:
        lines = (pgdata / "postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return
    if lines[0].isdigit() and _is_server(int(lines[0]), pgdata):
        return  # started manually; PostgreSQL will report it
    if len(lines) > 4:
        remove_socket_directory(Path(lines[4].strip()))
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (pgdata / name).unlink(missing_ok=True)


def _check_version(pgdata: Path) -> None:
    version = (pgdata / "PG_VERSION").read_text().strip()
    if version != str(VERSION):
        raise EmbeddedServerFailed(
            f"{pgdata} was created by PostgreSQL {version}, this installation has {VERSION}; "
            "restore a backup into a new TENURE_DATA_DIR (tenure restore)"
        )


def _environment() -> dict[str, str]:
    """An environment without PG* variables, which would affect the server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _log_path(pgdata: Path) -> Path:
    return pgdata.with_name("postgres.log")


def _open_log(pgdata: Path) -> int:
    path = _log_path(pgdata)
    if path.exists() and path.stat().st_size > _LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _tail(pgdata: Path) -> str:
    text = _log_path(pgdata).read_text(errors="replace")[-4000:]
    fatal = [line for line in text.splitlines() if "FATAL" in line or "PANIC" in line]
    return fatal[-1] if fatal else text


def _cause(text: str) -> str:
    """The line of initdb's output with the cause: a child's message before initdb's summary."""
    lines = [line.strip() for line in text.splitlines()]
    for mark in ("FATAL", "PANIC", "ERROR", "error:"):
        marked = [line for line in lines if mark in line]
        if marked:
            return marked[0]
    return _last_line(text)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no error message"


def _reap() -> None:
    _launched[:] = [child for child in _launched if child.poll() is None]
