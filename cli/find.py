"""`tenure find`: one search for users, Stripe objects and events."""

from dataclasses import asdict

import click

from cli.caller import person
from cli.errors import Failure
from cli.output import emit_json, emit_table, json_option
from cli.parameters import FILLED_TEXT
from handlers.tokens import note_reads
from queries.find import PERSON, find
from service.wiring import command_settings, session

EXPECTED = "part of a name or an e-mail address, or a whole id (user_…, cus_…, sub_…, in_…, evt_…, msg_…)"


@click.command("find")
@click.argument("text", metavar="TEXT", type=FILLED_TEXT)
@json_option
def find_command(*, text: str, as_json: bool) -> None:
    """Find users and events by name, e-mail address or any id."""
    with session(command_settings()) as conn:
        hits = find(conn, text)
        users = [hit.id for hit in hits if hit.kind == "user"]
        note_reads(conn, person(), subjects=users, fields=PERSON, reason="tenure find")
    if not hits and not as_json:
        raise Failure(f"no match for {text}; expected {EXPECTED}")
    rows = [asdict(hit) for hit in hits]
    if as_json:
        emit_json(rows)
    else:
        emit_table(rows, ("kind", "id", "label", "by"), empty="")
