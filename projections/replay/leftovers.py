"""Delete leftovers of replays that may contain data of an erased person.

The tables before the last replay, the shadow tables and files of a killed one, and those of a killed check
are copies of personal data. Copies that do not reflect every erasure in the log are dropped.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from events.statements import AnyConnection
from projections.replay.statements import one

FOLDER = "replay-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """The deleted leftovers. `is_replaying`: none, since a running replay deletes its own at its end."""

    is_replaying: bool = False
    schemas: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def delete_leftovers(conn: AnyConnection, work_dir: Path) -> Leftovers:
    """Drop stale tables and delete the files of replays that can't be resumed. Does not commit.

    The replay lock is taken until the caller's transaction ends, so no replay begins meanwhile.
    """
    with conn.transaction():
        is_free, dropped, kept_run = one(conn, "drop_stale_rebuilds")
        if not is_free:
            return Leftovers(is_replaying=True)
        stale = [path for path in work_dir.glob(f"{FOLDER}*") if path.name != f"{FOLDER}{kept_run}"]
        for path in stale:
            shutil.rmtree(path, ignore_errors=True)
    return Leftovers(schemas=tuple(dropped), folders=tuple(path.name for path in stale))
