"""`tenure backup` and `tenure restore`: everything in one file, and back into an empty database."""

from contextlib import closing
from pathlib import Path

import click

from archive.drafts import draft_of
from archive.dump import write_dump
from archive.errors import ArchiveDiffers
from archive.pg_tools import find
from archive.restore import look_at
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
@click.option("--portable", is_flag=True, help="Rows as text, for any PostgreSQL; replay builds the rest.")
@json_option
def backup(*, file: Path, portable: bool, as_json: bool) -> None:
    """Write the whole database into one verifiable file. FILE is new, of mode 0600, and shows one instant.

    pg_dump writes it if one of the server's version is installed, else it is portable. The signing key is not
    in it, but signs it where it is at hand; `tenure restore --key` checks that.
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
                _say(f"no pg_dump of PostgreSQL {major} found, so the backup is portable")
            told = _portable(conninfo, file, settings, sign)
        else:
            with stages(_size(conninfo)) as heard:
                trailer = write_dump(
                    conninfo,
                    file,
                    program,
                    said={"live_only": settings.livemode},
                    heard=lambda done: heard("dumping", done),
                    sign=sign,
                )
            told = {"file": str(file), "form": "pg_dump", "events": trailer["events"]}
    told |= {"signed": sign is not unsigned, "bytes": file.stat().st_size}
    if as_json:
        emit_json(told)
    else:
        emit_pairs("backed up", told)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@key_option
@json_option
def restore(*, file: Path, keys: tuple[str, ...], as_json: bool) -> None:
    """Restore a backup into an empty database and verify it.

    Until it is verified the database is marked as half restored and is read-only. After a kill,
    the same command goes on; after its end it changes nothing. With --key, a FILE that none of these
    keys signed is refused before anything is changed.
    """
    settings, trusted = command_settings(), read_keys(keys)
    with stages(file.stat().st_size) as heard:
        found = look_at(file, heard=heard)
    signed_by = require_signature(file, found.checksum, found.signature, trusted) if trusted else ()
    with server(settings, may_begin=True, locks=True) as conninfo:
        pooler.refuse_pooler(conninfo)
        writing = restore_marker.writing(conninfo)
        with restore_marker.only_one(conninfo):
            if restore_marker.restored_from(conninfo, found.sha256):
                _say(f"{file} was restored here before, to its end; nothing was changed")
                return
            with stages(file.stat().st_size) as heard:
                load(conninfo, found, heard=heard, say=_say)
            try:
                told = verify_restored(writing, settings, found, say=_say, keys=trusted)
            except ArchiveDiffers as problem:
                restore_marker.move_on(writing, f"not what was backed up: {problem!s}")
                raise
            newer = migrations.up(writing, say=_say)
            restore_marker.end(writing, found.sha256)
    told = {"file": str(file), "signed_by": list(signed_by), **told, "migrated": len(newer)}
    if as_json:
        emit_json(told)
    else:
        emit_pairs("restored and verified", told)


def _portable(conninfo: str, file: Path, settings: Settings, sign: Sign) -> dict[str, object]:
    if file.suffix != ".gz":
        raise Failure(f"a portable backup is compressed; name it {file}.gz")
    with bar("writing", None) as heard:
        said: dict[str, object] = {"live_only": settings.livemode}
        rows = write_archive(conninfo, file, kept(), kind="backup", said=said, heard=heard, sign=sign)
    return {"file": str(file), "form": "portable", "events": rows.get("events", 0)}


def _size(conninfo: str) -> int:
    with closing(connect(conninfo, application_name="tenure-backup")) as conn:
        row = conn.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) // 4 if row else 0  # what compresses to about a quarter


def _say(text: str) -> None:
    console(stderr=True).print(text, markup=False)
