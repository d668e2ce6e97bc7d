"""`tenure audit check`: verify a proof with the public key alone, without database and settings."""

from pathlib import Path
from typing import Any

import click

from cli.errors import Failure
from cli.output import emit_json, emit_pairs, json_option
from events.seals.event_proof import Checked, check_proof
from events.seals.growth_proof import Growth, check_growth
from events.seals.json_shape import LARGEST_FILE_BYTES, parse_proof_file
from events.seals.keys import VerifierKey, parse_verifier_key
from queries.pluralize import counted

key_option = click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY",
    help="Trust this public key (name+hash+base64) or a file of them; repeatable.",
)


@click.command()
@click.argument("file", type=click.File("rb"))
@key_option
@json_option
def check(*, file: Any, keys: tuple[str, ...], as_json: bool) -> None:  # Any: click's open file
    """Check a proof FILE offline. It proves one event, or the growth between two checkpoints."""
    if not keys:
        raise click.UsageError(
            "--key is required: pass the public key you trust; a proof can't vouch for its own."
        )
    trusted = read_keys(keys)
    proof = parse_proof_file(file.read(LARGEST_FILE_BYTES + 1))
    if "tenure_growth_proof" in proof:
        _print_checked(
            "good: nothing in the older checkpoint was changed",
            _growth(check_growth(proof, trusted)),
            as_json,
        )
    else:
        _print_checked("good: this event was sealed", _event(check_proof(proof, trusted)), as_json)


def read_keys(options: tuple[str, ...]) -> list[VerifierKey]:
    """The keys of the options: each is a key or a file with one key per line. Raises: UnusableKey."""
    keys = []
    for text in options:
        lines = [text]
        if "+" not in text:
            try:
                lines = Path(text).read_text(encoding="utf-8").split()
            except (OSError, UnicodeDecodeError) as problem:
                raise Failure(
                    f"--key {text}: no key and no file of keys ({type(problem).__name__})"
                ) from None
        keys += [parse_verifier_key(line) for line in lines]
    return keys


def _event(checked: Checked) -> dict[str, object]:
    event = checked.event
    return {
        "event_id": event["id"],
        "event_type": event["event_type"],
        "route_key": event["route_key"],
        "part": checked.part,
        "position": checked.position,
        "payload": "matches its digest" if checked.payload_state == "matches" else "not in the file",
        "checkpoint": f"{checked.checkpoint.origin}, {counted(checked.checkpoint.size, 'event')}",
        "signed_at": checked.checkpoint.signed_at,
        "signed_by": [str(key) for key in checked.signed_by],
    }


def _growth(growth: Growth) -> dict[str, object]:
    return {
        "origin": growth.newer.origin,
        "older": growth.older.signed_at,
        "newer": growth.newer.signed_at,
        "older_size": growth.older.size,
        "newer_size": growth.newer.size,
        "new_events": growth.new_events,
    }


def _print_checked(title: str, pairs: dict[str, object], as_json: bool) -> None:
    if as_json:
        emit_json({"good": True, **pairs})
        return
    emit_pairs(title, pairs)
