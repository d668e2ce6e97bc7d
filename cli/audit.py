"""`tenure audit`: verify the log, and create and check proofs of its events."""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.audit_evidence import evidence
from cli.audit_files import as_json_file, write_out
from cli.audit_offline import check, key_option, read_keys
from cli.caller import person
from cli.errors import DifferenceFound, Failure
from cli.output import console, emit_json, emit_pairs, json_option
from cli.parameters import FILLED_TEXT
from cli.terminal import echo_exactly
from database.pool import Connection
from events.seals.event_proof import check_proof
from events.seals.json_shape import LARGEST_FILE_BYTES
from events.seals.keys import VerifierKey
from events.seals.note import NOT_TRUSTED
from handlers.tokens import note_reads
from queries.findings import PartReport, VerificationReport
from queries.pluralize import counted
from queries.sealed_leaves import part_sizes
from queries.seals import (
    NoCheckpoint,
    checkpoint_numbered,
    event_proof,
    grown,
    heads_of,
    latest_checkpoint,
    origin_of,
)
from queries.verify import verify as verify_log
from service.decision_clocks import decision_now
from service.signing_keys import connecting, public_keys, sealer_of, verified_file, where_from
from service.wiring import command_settings, server, session
from settings import Settings


@click.group()
def audit() -> None:
    """Verify the log; create and check proofs."""


audit.add_command(check)
audit.add_command(evidence)

out_option = click.option(
    "--out", type=click.Path(path_type=Path), help="Write to this file instead of stdout."
)


@audit.command()
@click.option("--full", is_flag=True, help="Verify every event; the default.")
@click.option(
    "--since-checkpoint", is_flag=True, help="Verify only events after the last verified checkpoint."
)
@click.option("--workers", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default=True)
@click.option(
    "--kept",
    type=click.File("r"),
    multiple=True,
    help="Check the log against this checkpoint from another place; repeatable.",
)
@key_option
@json_option
def verify(
    *,
    full: bool,
    since_checkpoint: bool,
    workers: int,
    kept: tuple[TextIO, ...],
    keys: tuple[str, ...],
    as_json: bool,
) -> None:
    """Verify the whole log against its signed checkpoints.

    Digests, leaves, trees, roots and signatures are derived again, and no position may be missing.

    Exit 1 with the first wrong row if there is one.
    """
    if full and since_checkpoint:
        raise click.UsageError("choose --full or --since-checkpoint.")
    settings = command_settings()
    since = _last_verified(settings) if since_checkpoint else None
    notes = [file.read(LARGEST_FILE_BYTES) for file in kept]
    with server(settings) as conninfo:
        connect = connecting(conninfo)
        with connect() as conn:
            trusted = read_keys(keys) or _own_keys(settings, conn)
            total = sum(size.head for size in part_sizes(conn))
        with _progress(total) as progress:
            task = progress.add_task("verifying", total=total)

            def advance(part: PartReport) -> None:
                progress.advance(task, part.events)

            report = verify_log(
                connect, trusted=trusted, since=since, kept=notes, workers=workers, progress=advance
            )
    if not report.findings and report.note is not None:
        _keep_verified(settings, report.note)
    unknown_key = any(NOT_TRUSTED in finding.what for finding in report.findings)
    _print_report(report, as_json, hint=where_from(settings) if unknown_key else None)


@audit.command()
@click.argument("event", metavar="EVENT")
@click.option("--no-payload", is_flag=True, help="Leave the body out; the proof holds without it.")
@click.option("--reason", type=FILLED_TEXT, help="Reason for the read, stored in the access log.")
@key_option
@out_option
def prove(
    *, event: str, no_payload: bool, reason: str | None, keys: tuple[str, ...], out: Path | None
) -> None:
    """Create the proof file of one event. EVENT is its id or its provider's id (evt_…, msg_…)."""
    settings = command_settings()
    with session(settings) as conn:
        proof = event_proof(conn, event, payload=not no_payload)
        trusted = read_keys(keys) or _own_keys(settings, conn)
        check_proof(proof, trusted)  # never write a proof that verification would refuse
        subject = str(proof["event"]["route_key"])
        fields = ["events"] if no_payload else ["events", "event_data"]
        note_reads(conn, person(), subjects=[subject], fields=fields, reason=reason or "tenure audit prove")
    write_out(out, as_json_file(proof))


@audit.command()
@click.option("--now", is_flag=True, help="Seal and sign first instead of waiting for the schedule.")
@click.option("--number", type=click.IntRange(1), help="Print this checkpoint instead of the latest.")
@out_option
def checkpoint(*, now: bool, number: int | None, out: Path | None) -> None:
    """Print the latest signed checkpoint. Publish it where operators of the log have no access."""
    settings = command_settings()
    with server(settings) as conninfo:
        if now:
            with connecting(conninfo)() as conn:
                sealer_of(settings, conninfo, clock=lambda: decision_now(conn)).run()
        with connecting(conninfo)() as conn:
            stored = latest_checkpoint(conn) if number is None else checkpoint_numbered(conn, number)
    if stored is None:
        raise NoCheckpoint if number is None else Failure(f"no checkpoint {number}")
    write_out(out, stored.note.encode())


@audit.command()
@click.argument("older", metavar="OLD")
@click.argument("newer", metavar="NEW", required=False)
@key_option
@out_option
def consistency(*, older: str, newer: str | None, keys: tuple[str, ...], out: Path | None) -> None:
    """Prove that checkpoint NEW contains all of OLD, unchanged. NEW is the latest by default.

    Each is a file with the signed note, or the number of a checkpoint.
    """
    settings = command_settings()
    with session(settings) as conn:
        notes = [_note(conn, name) for name in (older, newer) if name is not None]
        trusted = read_keys(keys) or _own_keys(settings, conn, *notes)
        proof, growth = grown(conn, *notes, trusted=trusted)
    if out is not None:
        write_out(out, as_json_file(proof))
    console().print(
        f"good: {counted(growth.newer.size, 'event')} at {_z(growth.newer.signed_at)} begin with "
        f"the {growth.older.size} at {_z(growth.older.signed_at)}, unchanged"
    )


@audit.command()
@json_option
def key(*, as_json: bool) -> None:
    """Print the public keys that sign now, for auditors."""
    settings = command_settings()
    with session(settings) as conn:
        texts = [str(own_key) for own_key in _own_keys(settings, conn)]
    if as_json:
        emit_json(texts)
    else:
        for text in texts:
            echo_exactly(text)


def _own_keys(settings: Settings, conn: Connection, *notes: str) -> list[VerifierKey]:
    """The public halves of this installation's signing keys. Raises: NoCheckpoint before the first seal."""
    origin = origin_of(conn)
    if origin is None:
        raise NoCheckpoint
    return public_keys(settings, origin)


def _note(conn: Connection, name: str) -> str:
    if name.isdigit():
        stored = checkpoint_numbered(conn, int(name))
        if stored is None:
            raise Failure(f"no checkpoint {name}; expected a number or a file with a signed note")
        return stored.note
    try:
        note = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise Failure(f"{name} can't be read as a signed note ({type(problem).__name__})") from None
    heads_of(note)
    return note


def _last_verified(settings: Settings) -> str:
    try:
        return verified_file(settings).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Failure("nothing is verified yet; run first: tenure audit verify --full") from None


def _keep_verified(settings: Settings, note: str) -> None:
    """Keep the note beside the keys, outside the database. If that fails, only the next run is slower."""
    with suppress(OSError):
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = verified_file(settings).with_suffix(".draft")
        draft.write_text(note, encoding="utf-8")
        draft.replace(verified_file(settings))


def _print_report(report: VerificationReport, as_json: bool, *, hint: str | None) -> None:
    first = report.first
    counts = {
        "good": not report.findings,
        "events": report.events,
        "unsealed": report.unsealed,
        "erased": report.erased,
        "checkpoints": report.checkpoints,
    }
    if as_json:
        findings = [{"part": one.part, "position": one.position, "what": one.what} for one in report.findings]
        emit_json(
            counts
            | {"first": findings[report.findings.index(first)] if first else None, "findings": findings}
        )
    else:
        good, bad = "good: the log matches its signatures", "the log does NOT match its signatures"
        emit_pairs(good if first is None else bad, counts)
        for one in report.findings:
            console().print(f"  {one}", markup=False, soft_wrap=True)
    if first is not None:
        row = f"the first wrong row: {first}" if first.position else str(first)
        raise DifferenceFound(row if hint is None else f"{row}; {hint}")


def _progress(total: int) -> Progress:
    out = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=out, disable=not out.is_terminal or not total, transient=True)


def _z(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
