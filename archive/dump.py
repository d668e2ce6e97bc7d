"""A backup by pg_dump: its custom format, followed by a trailer with the checksum.

`pg_restore` reads the file unchanged; the trailer is one line of JSON after the dump.
"""

import os
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from psycopg.conninfo import make_conninfo

from archive.drafts import drafting
from archive.errors import ArchiveRefused
from archive.format import Damaged
from archive.pg_tools import error_line, login
from archive.signature import Sign, unsigned
from archive.tables import ours
from archive.writer import described, refuse_blind
from database.pool import connect
from database.restore_marker import SESSION
from events import child_processes

MAGIC = b"PGDMP"
MARK = b"\ntenure-backup "
_LONGEST_TRAILER = 1 << 20
_CHUNK = 1 << 20

OnProgress = Callable[[int], None]
Trailer = dict[str, Any]  # Any: JSON values


def write_dump(
    conninfo: str,
    out: Path,
    pg_dump: Path,
    *,
    extra: dict[str, object],
    on_progress: OnProgress,
    sign: Sign = unsigned,
) -> Trailer:
    """Write the dump and return its trailer; rows and heads are of one snapshot. Raises: ArchiveRefused."""
    with drafting(out) as draft:
        with closing(connect(conninfo, application_name="tenure-backup")) as conn:
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            refuse_blind(conn)
            snapshot = conn.execute("SELECT pg_export_snapshot()").fetchone()
            assert snapshot is not None  # the function always returns one row
            facts = described(conn)
            _run(conninfo, draft, [str(pg_dump), f"--snapshot={snapshot[0]}"], on_progress)
        trailer = {"tenure_backup": 1, **facts, **extra, **_sum(draft)}
        if note := sign(checksum_of(trailer)):
            trailer["signature"] = note
        with draft.open("ab") as file:
            file.write(MARK + orjson.dumps(trailer) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    return trailer


def checksum_of(trailer: Trailer) -> str:
    """The checksum that is signed: over the whole trailer, which includes the dump's checksum."""
    facts = {name: value for name, value in trailer.items() if name != "signature"}
    return sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def read_trailer(path: Path, *, on_progress: OnProgress) -> Trailer:
    """The trailer, after checking the dump against its checksum. Raises: Damaged."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _LONGEST_TRAILER))
        ending = file.read()
    _, mark, line = ending.rpartition(MARK)
    if not mark or not line.endswith(b"\n"):
        raise Damaged(path, "it has no trailer, so its end is missing")
    try:
        trailer: Trailer = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise Damaged(path, "its trailer can't be read") from None
    length = size - len(mark) - len(line)
    if trailer.get("bytes") != length:
        raise Damaged(path, f"expected {trailer.get('bytes')} bytes before its trailer, found {length}")
    if _sum(path, length, on_progress)["sha256"] != trailer.get("sha256"):
        raise Damaged(path, "its checksum differs from the one in its trailer")
    return trailer


def load_dump(conninfo: str, path: Path, pg_restore: Path) -> None:
    """Load every row in one transaction into existing, empty tables. Raises: ArchiveRefused."""
    target, environment = login(make_conninfo(conninfo, application_name=SESSION))
    command = [str(pg_restore), "--data-only", "--no-owner", "--exit-on-error", "--single-transaction"]
    done = child_processes.run(
        [*command, f"--dbname={target}", str(path)], env=environment, capture_output=True, check=False
    )
    if done.returncode != 0:
        raise ArchiveRefused(f"pg_restore failed and no row was stored: {error_line(done.stderr)}")


def _run(conninfo: str, draft: Path, command: list[str], on_progress: OnProgress) -> None:
    source, environment = login(conninfo)
    command += ["--format=custom", "--data-only", "--no-owner", "--no-privileges", "--lock-wait-timeout=30s"]
    command += ["--strict-names", *(f"--table=public.{name}" for name in ours())]
    command += [f"--file={draft}", f"--dbname={source}"]
    with child_processes.child(
        command, env=environment, stdout=child_processes.DEVNULL, stderr=child_processes.PIPE
    ) as child:
        while child.poll() is None:
            on_progress(draft.stat().st_size)
            time.sleep(0.1)
        words = child.stderr.read() if child.stderr else b""
    if child.returncode != 0:
        raise ArchiveRefused(f"pg_dump failed: {error_line(words)}")
    draft.chmod(0o600)


def _sum(
    path: Path, length: int | None = None, on_progress: OnProgress = lambda _: None
) -> dict[str, object]:
    digest, done = sha256(), 0
    remaining = path.stat().st_size if length is None else length
    with path.open("rb") as file:
        while remaining and (chunk := file.read(min(_CHUNK, remaining))):
            digest.update(chunk)
            remaining -= len(chunk)
            done += len(chunk)
            on_progress(done)
    return {"bytes": done, "sha256": digest.hexdigest()}
