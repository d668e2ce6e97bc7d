"""`tenure audit evidence`: one zip about one person that anyone can verify with the public key alone."""

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
from jinja2 import Environment, StrictUndefined

from cli.audit_files import as_json_file, write_out
from cli.audit_offline import key_option, read_keys
from cli.caller import person
from cli.output import console
from cli.parameters import FILLED_TEXT, INSTANT
from cli.person_export import dumped, event_json
from cli.user_argument import user_argument, user_id_of
from database.pool import Connection
from events.clock import utc_now
from events.seals.event_proof import check_proof
from events.seals.keys import VerifierKey
from handlers.tokens import note_reads
from queries.instants import iso
from queries.person import PersonFile, person_file
from queries.pluralize import counted
from queries.seals import NoCheckpoint, NotSealedYet, StoredCheckpoint, latest_checkpoint, origin_of, proof_at
from service.signing_keys import public_keys
from service.wiring import command_settings, session

Json = dict[str, Any]  # Any: JSON values


@dataclass(frozen=True, slots=True)
class EvidenceZip:
    """The content of the zip. `proofs`: event id to proof file; an event without one is not sealed yet."""

    file: PersonFile
    checkpoint: StoredCheckpoint
    keys: list[VerifierKey]
    proofs: dict[str, Json]
    made_at: datetime
    since: datetime | None
    until: datetime | None
    reason: str


@click.command()
@user_argument
@click.option("--from", "since", type=INSTANT, help="Include events that occurred at this time or later.")
@click.option("--to", "until", type=INSTANT, help="Include events that occurred before this time.")
@click.option(
    "--reason", type=FILLED_TEXT, required=True, help="Reason for the export, stored in the access log."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Write the zip to this file.")
@key_option
def evidence(
    *,
    identifier: str,
    since: datetime | None,
    until: datetime | None,
    reason: str,
    out: Path,
    keys: tuple[str, ...],
) -> None:
    """Export evidence about a user into one zip.

    It holds events, proofs, a checkpoint, the access log and a readable report.
    """
    if since is not None and until is not None and since >= until:
        raise click.UsageError("expected --from before --to.")
    settings = command_settings()
    with session(settings) as conn:
        user_id = user_id_of(conn, identifier)
        fields = ["events", "event_data", "history", "access_log"]
        note_reads(conn, person(), subjects=[user_id], fields=fields, reason=reason)
        conn.commit()
        file = person_file(conn, user_id, since=since, until=until)
        checkpoint, origin = latest_checkpoint(conn), origin_of(conn)
        if checkpoint is None or origin is None:
            raise NoCheckpoint
        trusted = read_keys(keys) or public_keys(settings, origin)
        proofs = _proofs(conn, file, checkpoint, trusted)
        conn.rollback()
    evidence_zip = EvidenceZip(file, checkpoint, trusted, proofs, utc_now(), since, until, reason)
    write_out(out, zipped(evidence_zip))
    bare = len(file.events) - len(proofs)
    note = (
        f"; {counted(bare, 'is', 'are')} younger than the checkpoint and without a proof yet" if bare else ""
    )
    console(stderr=True).print(
        f"{counted(len(file.events), 'event')}, {counted(len(proofs), 'proof')}{note}", markup=False
    )


def zipped(evidence: EvidenceZip) -> bytes:
    """The zip's bytes."""
    holder = io.BytesIO()
    with zipfile.ZipFile(holder, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents(evidence).items():
            entry = zipfile.ZipInfo(name, evidence.made_at.timetuple()[:6])
            entry.external_attr = 0o600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return holder.getvalue()


def contents(evidence: EvidenceZip) -> dict[str, bytes]:
    """Name to bytes of every file in the zip."""
    file = evidence.file
    members = {
        "README.txt": _rendered("evidence_readme.txt", evidence, escape=False),
        "report.html": _rendered("evidence.html", evidence, escape=True),
        "checker.py": files("cli").joinpath("templates", "checker.py.txt").read_bytes(),
        "public-keys.txt": "".join(f"{key}\n" for key in evidence.keys).encode(),
        "checkpoint.txt": evidence.checkpoint.note.encode(),
        "events.jsonl": b"".join(dumped(event_json(row)) for row in file.events),
        "history.json": dumped(file.history, indent=1),
        "profile.json": dumped(file.profile, indent=1),
        "access_log.jsonl": b"".join(dumped(row) for row in file.reads),
    }
    return members | {f"proofs/{name}.json": as_json_file(proof) for name, proof in evidence.proofs.items()}


def _proofs(
    conn: Connection, file: PersonFile, checkpoint: StoredCheckpoint, keys: list[VerifierKey]
) -> dict[str, Json]:
    proofs = {}
    for row in file.events:
        try:
            proof = proof_at(conn, row["part"], row["position"], under=checkpoint)
        except NotSealedYet:
            continue
        check_proof(proof, keys)  # never export evidence from a changed log
        proofs[str(row["id"])] = proof
    return proofs


def _rendered(name: str, evidence: EvidenceZip, *, escape: bool) -> bytes:
    """Render a template; pages are escaped, since every value in them came from outside."""
    environment = Environment(
        autoescape=escape,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["when"] = lambda at: "–" if at is None else iso(at)
    environment.filters["value"] = value_text
    template = environment.from_string(files("cli").joinpath("templates", name).read_text(encoding="utf-8"))
    return template.render(e=evidence, f=evidence.file).encode("utf-8", "replace")


def value_text(value: object) -> str:
    """A column's value as text for people."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return iso(value)
    is_json = isinstance(value, dict | list | tuple)
    return json.dumps(value, default=str, ensure_ascii=False) if is_json else str(value)
