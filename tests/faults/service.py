"""The whole service for fault tests: its own Postgres, web server and workers, and the means to kill them."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict

from database import embedded, migrations
from tests.cli.processes import ROOT
from tests.faults.wire import Wire

STRIPE_SECRET = "whsec_faults_0123456789abcdef0123456789ab"
PATIENCE_S = 30.0
STOP_S = 10.0
# Commits are durable: an answered event must survive the server's death.
TUNING = {"max_wal_size": "64MB", "min_wal_size": "32MB"}


class NotPermitted(Exception):
    """This machine lacks what a fault needs; the message says what."""


class House:
    """The running service. What a fault breaks it also mends, or `mend` does.

    `source` is the checkout that runs, `schema` the migration its database is at; else the newest.
    """

    def __init__(self, folder: Path, *, source: Path = ROOT, schema: str | None = None) -> None:
        self.folder = folder
        self.source = source
        self.stopped_in_s: float | None = None
        self.port = free_port()
        self._data = folder / "database"
        self._server = embedded.start(self._data, tuning=TUNING)
        migrations.up(self.conninfo, target=schema)
        self.wire = Wire(str(conninfo_to_dict(self.conninfo)["host"]) + "/.s.PGSQL.5432")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def conninfo(self) -> str:
        """The database as its owner, past the wire that a fault may cut."""
        return self._server.conninfo

    @property
    def url(self) -> str:
        """As the service reaches it: through the wire."""
        parameters = {name: str(value) for name, value in conninfo_to_dict(self.conninfo).items()}
        parameters |= {"host": "127.0.0.1", "port": str(self.wire.port)}
        return f"postgresql:///{quote(parameters.pop('dbname'))}?{urlencode(parameters)}"

    def process(self, name: str) -> psutil.Process:
        """One of `serve`, `work-1`, `work-2`."""
        return psutil.Process(self._processes[name].pid)

    def web_workers(self) -> list[psutil.Process]:
        """The processes that answer; their parent keeps their number."""
        workers: list[psutil.Process] = self.process("serve").children()
        return workers

    def start(self, name: str, *, port: int | None = None) -> None:
        """Start one that does not run, of the version that `source` is now."""
        words = ["work"]
        if name.startswith("serve"):
            words = ["serve", "--port", str(port or self.port), "--threads", "8"]
        log = (self.folder / f"{name}.log").open("ab")
        self._processes[name] = subprocess.Popen(
            [sys.executable, "-m", "cli", *words],
            env=self._environment(),
            cwd=self.folder,
            stdout=log,
            stderr=log,
        )
        log.close()

    def command(self, *words: str) -> None:
        """Run `tenure …` of the version that `source` is now, to its end."""
        command = [sys.executable, "-m", "cli", *words]
        done = subprocess.run(
            command, env=self._environment(), cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"tenure {' '.join(words)}: {done.stderr[-2000:]}"

    def kill(self, name: str) -> None:
        """kill -9, with all its children."""
        parent = self.process(name)
        family = [parent, *parent.children(recursive=True)]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        self._processes[name].wait()

    def stop(self, name: str) -> float:
        """SIGTERM; seconds until it was gone. Who takes longer than allowed is killed."""
        process, began = self._processes.pop(name), time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return time.monotonic() - began

    def kill_postgres(self) -> None:
        """kill -9 of the server and all its backends at once."""
        postmaster = psutil.Process(self._server.pid)
        for member in [postmaster, *postmaster.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                member.kill()

    def restart_postgres(self) -> None:
        """Clean stop when it runs, recovery when it was killed."""
        self._server.close()
        self._server = embedded.start(self._data, tuning=TUNING)

    def mend(self) -> None:
        """Everything runs again."""
        self.wire.mend()
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.conninfo, connect_timeout=3).close()
            return self._mend_processes()
        self.restart_postgres()
        return self._mend_processes()

    def _mend_processes(self) -> None:
        for name in ("serve", "work-1", "work-2"):
            process = self._processes.get(name)
            if process is None or process.poll() is not None:
                self.start(name)
        self.await_doors()

    def await_doors(self, port: int | None = None) -> None:
        """Until somebody answers."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with (
                suppress(OSError),
                socket.create_connection(("127.0.0.1", port or self.port), timeout=1) as sock,
            ):
                sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if sock.recv(64).startswith(b"HTTP/1.1 200"):
                    return
            time.sleep(0.05)
        raise AssertionError(
            f"no answer in {PATIENCE_S} s:\n{(self.folder / 'serve.log').read_text()[-4000:]}"
        )

    def close(self) -> None:
        """Nobody is left."""
        for name in list(self._processes):
            self.stop(name)
        self.wire.close()
        self._server.close()

    def _environment(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "PYTHONPATH": str(self.source),
            "DATABASE_URL": self.url,
            "TENURE_DATA_DIR": str(self.folder / "tenure"),
            "TENURE_SECRET_KEY": "faults" * 8,
            "STRIPE_WEBHOOK_SECRETS": STRIPE_SECRET,
            "LOG_FORMAT": "json",
        }


@contextmanager
def house(within: Path | None = None, *, source: Path = ROOT, schema: str | None = None) -> Iterator[House]:
    """A service that runs; `within` is a folder to put its database in, a small file system perhaps."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="tenure-faults-", dir=within))
        folder.chmod(0o711)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        opened = House(folder, source=source, schema=schema)
        stack.callback(opened.close)
        (folder / "tenure").mkdir()
        opened.mend()
        yield opened


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
