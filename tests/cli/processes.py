"""Real processes for tests: started as a person would, watched, and never left behind."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 40.0


class Running:
    """A started process, what it said so far, and its family."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def address(self) -> str:
        """Where the service is, once it says so."""
        self.until(lambda: re.search(r"is at (http://\S+)", self.text) is not None)
        match = re.search(r"is at (http://\S+)", self.text)
        assert match is not None
        return match[1]

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for it; fails with everything that was said."""
        waited = threading.Event()
        for _ in range(int(PATIENCE_S / 0.05)):
            if true():
                return
            waited.wait(0.05)
        raise AssertionError(f"it did not happen in {PATIENCE_S} s; said:\n{self.text}")

    def family(self) -> list[psutil.Process]:
        """All descendants that are not Postgres."""
        everybody = psutil.Process(self.process.pid).children(recursive=True)
        return [process for process in everybody if process.name() != "postgres"]

    def child(self, word: str) -> psutil.Process:
        """The direct child with that word in its command line."""
        matching = [process for process in self.family() if word in process.cmdline()]
        return next(process for process in matching if process.ppid() == self.process.pid)


def alive(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that still run."""
    return [
        process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """A clean one: no setting of the machine's own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": str(ROOT), "TENURE_DATA_DIR": str(data_dir)} | more


def command(*args: str) -> list[str]:
    """`tenure …` of this very source."""
    return [sys.executable, "-m", "cli", *args]


@contextmanager
def running(
    args: Sequence[str], env: Mapping[str, str], cwd: Path, pass_fds: Sequence[int] = ()
) -> Iterator[Running]:
    """The process inside the block; afterwards nobody of it is left, whatever happened."""
    process = subprocess.Popen(
        args,
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=pass_fds,
    )
    started = Running(process)
    family: list[psutil.Process] = []
    try:
        yield started
        if process.poll() is None:
            family = started.family()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()
        for member in alive(family):
            member.kill()


def healthy(address: str) -> bool:
    """Whether somebody answers there."""
    try:
        return httpx.get(f"{address}/healthz", timeout=1).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
