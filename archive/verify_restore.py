"""Verify a restore: all events are present, every seal is valid, and the tables match the log."""

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from archive.errors import ArchiveDiffers
from archive.restore import Backup
from database.pool import connect
from database.restore_marker import SESSION
from events import livemode
from events.seals.keys import VerifierKey, parse_verifier_key
from projections.replay import Options, compare, replay_due
from projections.runner import Runner
from queries.pluralize import counted
from queries.sealed_leaves import part_sizes
from queries.seals import latest_checkpoint, origin_of
from queries.verify import verify
from service.signing_keys import connecting, has_signing_key, public_keys, where_from
from service.wiring import projector_connection
from settings import Settings

Summary = dict[str, Any]  # Any: JSON values
Report = Callable[[str], None]


def verify_restored(
    conninfo: str, settings: Settings, backup: Backup, *, report: Report, keys: Sequence[VerifierKey] = ()
) -> Summary:
    """Verify with `keys`, if any; returns what was verified. Raises: ArchiveDiffers at a difference."""
    summary = {"events": _all_there(conninfo, backup), **_sealed(conninfo, settings, report, keys)}
    return summary | _tables(conninfo, settings, backup, report)


def _all_there(conninfo: str, backup: Backup) -> int:
    with closing(connect(conninfo, application_name=SESSION)) as conn:
        promised = sum(size.head for size in part_sizes(conn))
        row = conn.execute("SELECT count(*) FROM events").fetchone()
    stored = int(row[0]) if row else 0
    if not stored == promised == backup.events:
        raise ArchiveDiffers(
            f"expected {counted(backup.events, 'event')} as in the backup, found {stored}, "
            f"and the heads count {promised}"
        )
    return stored


def _sealed(conninfo: str, settings: Settings, report: Report, keys: Sequence[VerifierKey]) -> Summary:
    report("verifying digests, trees and signatures")
    with closing(connect(conninfo, application_name=SESSION)) as conn:
        trusted, whose = (list(keys), "those of --key") if keys else _trusted(conn, settings)
    verification = verify(connecting(conninfo), trusted=trusted, workers=os.cpu_count() or 1)
    if verification.first is not None:
        raise ArchiveDiffers(f"the restored log does not match its signatures: {verification.first}")
    return {"checkpoints": verification.checkpoints, "unsealed": verification.unsealed, "keys": whose}


def _trusted(conn: Any, settings: Settings) -> tuple[list[VerifierKey], str]:  # Any: as queries take it
    """This installation's keys; without them, those that the newest checkpoint names."""
    origin, newest = origin_of(conn), latest_checkpoint(conn)
    if origin is None or newest is None:
        return [], "none: nothing was sealed"
    named = [parse_verifier_key(text) for text in newest.verifiers]
    if has_signing_key(settings):
        own = public_keys(settings, origin)
        if {str(key) for key in own} & {str(key) for key in named}:
            return own, "this installation's"
    return named, f"those the backup names: compare them with the auditors' copies; {where_from(settings)}"


def _tables(conninfo: str, settings: Settings, backup: Backup, report: Report) -> Summary:
    livemode.bind(live_only=bool(backup.facts.get("live_only", settings.livemode)))
    with closing(connect(conninfo, application_name=SESSION)) as conn:
        due = None if backup.portable else replay_due(conn)
    if due is not None:
        return {"tables": f"restored unchanged; {due}"}
    report("building the tables" if backup.portable else "projecting the missing events")
    Runner(partial(projector_connection, conninfo)).drain()
    report("comparing the tables with a rebuild")
    options = Options(work_dir=settings.data_dir / "replay", workers=os.cpu_count() or 1)
    comparison = compare(conninfo, options=options)
    if not comparison.equal:
        first = comparison.differences[0]
        raise ArchiveDiffers(
            f"{len(comparison.differences) + comparison.more} columns differ from a rebuild, first "
            f"{first.table}.{first.column} of {first.user_id}; see them with: tenure replay --diff"
        )
    return {"tables": "built from the log" if backup.portable else "equal to a rebuild"}
