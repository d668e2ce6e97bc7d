"""A streaming replica for tests: a base backup of an embedded server, started beside it."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from database import data_dir, embedded, postmaster
from database.errors import EmbeddedServerFailed
from database.file_locks import Lock
from database.pool import connect
from database.system_account import server_account

PATIENCE_S = 30.0


class StreamingReplica:
    """It follows its primary until it is paused or stopped."""

    def __init__(self, server: str, dbname: str, pgdata: Path) -> None:
        self.conninfo = make_conninfo(server, dbname=dbname)
        self._pgdata = pgdata

    def pause(self) -> None:
        """It answers, and learns nothing new."""
        self._say("SELECT pg_wal_replay_pause()")
        self._wait("SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def resume(self) -> None:
        self._say("SELECT pg_wal_replay_resume()")

    def caught_up_with(self, primary: str) -> None:
        """Until everything the primary has committed is here."""
        with psycopg.connect(primary, autocommit=True) as conn:
            conn.execute("SET synchronous_commit = on")  # off on throwaway servers: their log lags behind
            conn.execute("SELECT pg_logical_emit_message(true, 'tests', '')")
            row = conn.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
        assert row is not None
        self._wait(f"SELECT pg_last_wal_replay_lsn() >= '{row[0]}'::pg_lsn")

    def stop(self) -> None:
        """Gone, as after a crash. Safe to call twice."""
        with suppress(EmbeddedServerFailed):
            postmaster.stop(self._pgdata, Lock(self._pgdata.with_name("postgres.running")))

    def _say(self, question: str) -> None:
        with closing(connect(self.conninfo, application_name="tests", autocommit=True)) as conn:
            conn.execute(question.encode())

    def _wait(self, question: str) -> None:
        """Asks again and again: one statement that waited would hold up what it waits for."""
        until = time.monotonic() + PATIENCE_S
        with closing(connect(self.conninfo, application_name="tests", autocommit=True)) as conn:
            while conn.execute(question.encode()).fetchone() != (True,):
                assert time.monotonic() < until, question
                time.sleep(0.01)


@contextmanager
def streaming_replica(primary: embedded.EmbeddedServer) -> Iterator[StreamingReplica]:
    """A replica of this server; skips where PostgreSQL's programs can't make one."""
    folder = Path(tempfile.mkdtemp(prefix="tenure-replica-"))
    folder.chmod(0o711)
    try:
        account = server_account()
        programs = data_dir.programs(account, lambda _: None)
        if not (programs / "pg_basebackup").exists():
            pytest.skip(f"no pg_basebackup in {programs}, so no replica can be made")
        pgdata, lock = folder / "postgres", Lock(folder / "postgres.running")
        account.own(folder)
        dbname = str(conninfo_to_dict(primary.conninfo)["dbname"])
        backup = [str(programs / "pg_basebackup"), "-D", str(pgdata), "--write-recovery-conf"]
        backup += ["--checkpoint=fast", "--no-sync", "-d", make_conninfo(primary.conninfo, dbname="postgres")]
        done = subprocess.run(
            backup, cwd="/", capture_output=True, text=True, check=False, **account.popen_options()
        )
        if done.returncode != 0:
            pytest.skip(f"pg_basebackup failed, so no replica can be made: {done.stderr.strip()[-200:]}")
        for copied in pgdata.glob(".s.PGSQL.*"):  # the primary's socket lies in its data
            copied.unlink()
        assert lock.try_exclusive()
        running = postmaster.launch(pgdata, account, programs, _options(), lock)
        lock.release()
        replica = StreamingReplica(running.url, dbname, pgdata)
        try:
            yield replica
        finally:
            replica.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options() -> dict[str, str]:
    return {**embedded.TUNING, **embedded.THROWAWAY, "hot_standby": "on"}
