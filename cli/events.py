"""`tenure events`: list, show, export and import events."""

from datetime import datetime
from uuid import UUID

import click
import orjson

from cli.caller import person
from cli.errors import Failure
from cli.log_commands import export_log, import_events
from cli.output import console, emit_json, emit_pairs, emit_table, json_option
from cli.parameters import FILLED_TEXT, INSTANT
from cli.terminal import echo
from cli.user_argument import require_found, user_id_of
from database.pool import Connection
from events.statements import Row
from handlers.tokens import note_reads
from queries.deliveries import conflicts, set_aside, unreadable
from queries.events import EventFilter, EventPage, EventRow, one_event, search
from queries.profile import profile
from service.escapes import printable
from service.wiring import command_settings, session

_limit = click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
_COLUMNS = ("recorded_at", "occurred_at", "source_system", "event_type", "aggregate_id", "id")


@click.group()
def events() -> None:
    """List, show, export and import events."""


events.add_command(export_log)
events.add_command(import_events)


@events.command("list")
@click.option(
    "--user",
    "user",
    type=FILLED_TEXT,
    metavar="ID_OR_EMAIL",
    help="Events of this user and of the customers linked to them.",
)
@click.option("--type", "type_", metavar="TYPE", help="Event type, or a prefix followed by *.")
@click.option("--source", type=click.Choice(["stripe", "clerk", "tenure"]))
@click.option(
    "--aggregate", "aggregate_id", metavar="ID", help="Id of the object: sub_…, cus_…, user_… and so on."
)
@click.option("--occurred-after", type=INSTANT, help="Only events that happened at TIME or later.")
@click.option("--occurred-before", type=INSTANT, help="Only events that happened before TIME.")
@click.option("--recorded-after", type=INSTANT, help="Only events recorded at TIME or later.")
@click.option("--recorded-before", type=INSTANT, help="Only events recorded before TIME.")
@_limit
@click.option("--after", metavar="CURSOR", help="Start after this cursor (the `next` of the previous page).")
@click.option("--data", "bodies", is_flag=True, help="Include event bodies (only with --json).")
@json_option
def list_events(
    *,
    user: str | None,
    type_: str | None,
    limit: int,
    after: str | None,
    bodies: bool,
    as_json: bool,
    **filters: str | datetime | None,
) -> None:
    """List events, newest first, page by page."""
    with session(command_settings()) as conn:
        user_id = user_id_of(conn, user) if user is not None and "@" in user else user
        chosen = EventFilter(user_id=user_id, type=type_, **filters)  # type: ignore[arg-type]  # click checked them
        page = search(conn, chosen, limit=limit, after=after, bodies=bodies and as_json)
        subjects = {row["route_key"] for row in page.items}
        fields = ["events", *(["event_data"] if bodies else [])]
        note_reads(conn, person(), subjects=sorted(subjects), fields=fields, reason="tenure events list")
        if user_id is not None and not page.items:
            require_found(profile(conn, user_id), user_id)
    if as_json:
        emit_json({"items": [_with_body(row) for row in page.items], "next": page.next})
    else:
        _print_page(page)


@events.command()
@click.argument("identifier", metavar="ID", type=FILLED_TEXT)
@json_option
def show(*, identifier: str, as_json: bool) -> None:
    """Show one event with its body. ID is its id or its provider's id (evt_…, msg_…).

    `conflicts` and `unreadable` list ids of deliveries kept beside the log; they can be shown too.
    """
    with session(command_settings()) as conn:
        event = one_event(conn, identifier)
        aside = _set_aside(conn, identifier) if event is None else None
        subject = identifier if event is None else event["route_key"]
        note_reads(conn, person(), subjects=[subject], fields=["event_data"], reason="tenure events show")
    if event is not None:
        _print_one(event["event_type"], event, "event_data", as_json=as_json)
    elif aside is not None:
        _print_one(aside["kind"], aside, "body", as_json=as_json)
    else:
        raise Failure(f"no event {identifier}; tenure events list shows the events")


@events.command("conflicts")
@_limit
@json_option
def list_conflicts(*, limit: int, as_json: bool) -> None:
    """List deliveries that repeat a key with another body. They are never projected."""
    with session(command_settings()) as conn:
        rows = conflicts(conn, limit=limit)
    columns = ("recorded_at", "source_system", "event_type", "idempotency_key", "event_id", "id")
    _print_some(rows, columns, "no conflicts", as_json=as_json)


@events.command("unreadable")
@_limit
@json_option
def list_unreadable(*, limit: int, as_json: bool) -> None:
    """List signed deliveries whose body is not a JSON object. They are kept as evidence."""
    with session(command_settings()) as conn:
        rows = unreadable(conn, limit=limit)
    columns = ("recorded_at", "source_system", "reason", "bytes", "id")
    _print_some(rows, columns, "no unreadable deliveries", as_json=as_json)


def _set_aside(conn: Connection, identifier: str) -> Row | None:
    try:
        row = set_aside(conn, UUID(identifier))
    except ValueError:
        return None
    if row is not None and row["body"] is not None:
        row["body"] = row["body"].decode("utf-8", "backslashreplace")
    return row


def _print_one(title: str, row: Row, body_column: str, *, as_json: bool) -> None:
    if as_json:
        emit_json(_with_body(row))
        return
    body = row.pop(body_column)
    emit_pairs(title, row)
    echo("body")
    for line in ["erased"] if body is None else body.splitlines():
        echo(f"  {printable(line)}")


def _print_some(rows: list[Row], columns: tuple[str, ...], empty: str, *, as_json: bool) -> None:
    if as_json:
        emit_json(rows)
    else:
        emit_table(rows, columns, empty=empty)


def _with_body(row: EventRow) -> EventRow:
    """The row with its body embedded as JSON: the signed text, not rewritten."""
    body = row.get("event_data")
    return row if body is None else row | {"event_data": orjson.Fragment(body)}


def _print_page(page: EventPage) -> None:
    emit_table(page.items, _COLUMNS, empty="no events")
    if page.next is not None:
        console().print(f"more: --after {page.next}", markup=False)
