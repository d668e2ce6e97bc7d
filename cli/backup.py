"""`tenure backup` and `tenure restore`: the whole database in one file, and back into an empty one."""

from contextlib import closing
from pathlib import Path

import click

from archive.drafts import draft_of
from archive.dump import write_dump
from archive.errors import ArchiveDiffers
from archive.pg_tools import find
from archive.restore import read_backup
from archive.restore import restore as load
from archive.signature import Sign, require_signature, signer, unsigned
from archive.tables import kept
from archive.verify_restore import verify_restored
from archive.writer import write_archive
from cli.audit_offline import key_option, read_keys
from cli.errors import Failure
from cli.output import console, emit_json, emit_pairs, json_option
from cli.progress import bar, stages
from database import migrations, pooler, restore_marker
from database.pool import connect
from service.wiring import command_settings, server
from settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--portable",
    is_flag=True,
    help="Rows as text for any PostgreSQL version; replay builds the other tables.",
)
@json_option
def backup(*, file: Path, portable: bool, as_json: bool) -> None:
    """Write the whole database into one verifiable file. FILE is new, of mode 0600, and shows one instant.

    It is written by pg_dump if the server's version of it is installed, else it is portable. It does not
    contain the signing key, but is signed with it if the key is here; `tenure restore --key` checks that.
    """
    settings = command_settings()
    draft_of(file)
    with server(settings) as conninfo:
        with closing(connect(conninfo, application_name="tenure-backup")) as conn:
            major = conn.info.server_version // 10_000
        program = None if portable else find("pg_dump", major)
        sign = signer(conninfo, settings)
        if program is None:
            if not portable:
                _print_note(f"no pg_dump of PostgreSQL {major} found, so the backup is portable")
            summary = _portable(conninfo, file, settings, sign)
        else:
            with stages(_size(conninfo)) as advance:
                trailer = write_dump(
                    conninfo,
                    file,
                    program,
                    extra={"live_only": settings.livemode},
                    on_progress=lambda done: advance("dumping", done),
                    sign=sign,
                )
            summary = {"file": str(file), "form": "pg_dump", "events": trailer["events"]}
    summary |= {"signed": sign is not unsigned, "bytes": file.stat().st_size}
    if as_json:
        emit_json(summary)
    else:
        emit_pairs("backed up", summary)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@key_option
@json_option
def restore(*, file: Path, keys: tuple[str, ...], as_json: bool) -> None:
    """Restore a backup into an empty database and verify it.

    Until it is verified the database is marked as half restored and is read-only. The same command
    resumes an interrupted restore, and changes nothing after a finished one. With --key, a FILE that
    none of these keys signed is refused before anything is changed.
    """
    settings, trusted = command_settings(), read_keys(keys)
    with stages(file.stat().st_size) as advance:
        source = read_backup(file, on_progress=advance)
    signed_by = require_signature(file, source.checksum, source.signature, trusted) if trusted else ()
    with server(settings, may_begin=True, locks=True) as conninfo:
        pooler.refuse_pooler(conninfo)
        writing = restore_marker.writing(conninfo)
        with restore_marker.only_one(conninfo):
            if restore_marker.restored_from(conninfo, source.sha256):
                _print_note(f"{file} is restored here already; nothing was changed")
                return
            with stages(file.stat().st_size) as advance:
                load(conninfo, source, on_progress=advance, report=_print_note)
            try:
                summary = verify_restored(writing, settings, source, report=_print_note, keys=trusted)
            except ArchiveDiffers as problem:
                restore_marker.move_on(writing, f"not what was backed up: {problem!s}")
                raise
            newer = migrations.up(writing, report=_print_note)
            restore_marker.end(writing, source.sha256)
    summary = {"file": str(file), "signed_by": list(signed_by), **summary, "migrated": len(newer)}
    if as_json:
        emit_json(summary)
    else:
        emit_pairs("restored and verified", summary)


def _portable(conninfo: str, file: Path, settings: Settings, sign: Sign) -> dict[str, object]:
    if file.suffix != ".gz":
        raise Failure(f"a portable backup is compressed; name it {file}.gz")
    with bar("writing", None) as advance:
        extra: dict[str, object] = {"live_only": settings.livemode}
        rows = write_archive(
            conninfo, file, kept(), kind="backup", extra=extra, on_progress=advance, sign=sign
        )
    return {"file": str(file), "form": "portable", "events": rows.get("events", 0)}


def _size(conninfo: str) -> int:
    with closing(connect(conninfo, application_name="tenure-backup")) as conn:
        row = conn.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) // 4 if row else 0  # rows compress to about a quarter


def _print_note(text: str) -> None:
    console(stderr=True).print(text, markup=False)
