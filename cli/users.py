"""`tenure user`: a user's values, history, and the reasons of each value."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

import click

from cli.caller import person
from cli.errors import Failure
from cli.output import cell, console, emit_json, emit_pairs, instant, json_option
from cli.parameters import FILLED_TEXT, INSTANT
from cli.terminal import echo
from cli.user_argument import require_found, user_argument, user_id_of
from cli.user_create import create
from cli.user_restore import restore
from database.pool import Connection
from events.clock import utc_now
from handlers.tokens import note_reads
from queries import profile as profiles
from queries.explain import RULES, explain
from queries.history import history
from queries.instants import refuse_future
from queries.profile import Profile
from queries.timetravel import profile_at
from queries.why import why
from service.wiring import command_settings, session

Json = dict[str, Any]  # Any: JSON values and instants
T = TypeVar("T")


@click.group()
def user() -> None:
    """Show a user's values, history and reasons."""


user.add_command(create)
user.add_command(restore)


def _user_query(command: Callable[..., None]) -> Callable[..., None]:
    """Add the arguments that `show`, `history` and `explain` share: user, times, reason and format.

    The command receives the connection, the user's id, and the two clocks.
    """

    @user_argument
    @click.option("--as-of", type=INSTANT, help="Show the values that were valid at TIME.")
    @click.option("--known-at", type=INSTANT, help="Use only events recorded up to TIME.")
    @click.option("--reason", type=FILLED_TEXT, help="Reason for the read, stored in the access log.")
    @json_option
    @wraps(command)
    def ask(
        *,
        identifier: str,
        as_of: datetime | None,
        known_at: datetime | None,
        reason: str | None,
        **rest: Any,  # Any: the command's own options
    ) -> None:
        settings = command_settings()
        refuse_future(utc_now(), as_of=as_of, known_at=known_at)
        clocks = {"as_of": as_of, "known_at": known_at}
        with session(settings) as conn:
            user_id = user_id_of(conn, identifier)
            why_read = reason or f"tenure user {command.__name__}"
            fields = [rest["column"]] if "column" in rest else profiles.COLUMNS
            note_reads(conn, person(), subjects=[user_id], fields=fields, reason=why_read)
            command(conn, user_id, clocks=clocks, **rest)

    return ask


def _is_past(clocks: Json) -> bool:
    return clocks["as_of"] is not None or clocks["known_at"] is not None


def _require_then(conn: Connection, row: T | None, user_id: str, clocks: Json) -> T:
    """The row. Raises: Failure if it is empty; the message differs if the user exists now."""
    if not row and _is_past(clocks) and profiles.profile(conn, user_id) is not None:
        raise Failure(
            f"no event of {user_id} was recorded and valid by then; tenure user history {user_id} lists them"
        )
    return require_found(row, user_id)


@user.command()
@_user_query
def show(conn: Connection, user_id: str, *, clocks: Json, as_json: bool) -> None:
    """Show the five tables of one user. Accepts a Clerk id, an e-mail address or a Stripe customer."""
    row = profile_at(conn, user_id, **clocks) if _is_past(clocks) else profiles.profile(conn, user_id)
    row = _require_then(conn, row, user_id, clocks)
    if as_json:
        emit_json(row)
    else:
        print_profile(row)


@user.command("history")
@_user_query
def show_history(conn: Connection, user_id: str, *, clocks: Json, as_json: bool) -> None:
    """List a user's events with the values that each changed. The order is canonical."""
    entries = _require_then(conn, history(conn, user_id, **clocks), user_id, clocks)
    if as_json:
        emit_json(entries)
        return
    out = console()
    for entry in entries:
        late = " [yellow](arrived late)[/yellow]" if entry["arrived_late"] else ""
        problem = f" [red]{cell(entry['problem'])}[/red]" if entry["problem"] else ""
        head = f"{instant(entry['occurred_at'])}  [bold]{cell(entry['event_type'])}[/bold]"
        out.print(f"{head}{late}{problem}  [dim]{entry['event_id']}[/dim]{_by(entry)}", soft_wrap=True)
        for change in entry["changes"]:
            values = f"{cell(change['old'])} → {cell(change['new'])}"
            out.print(f"    {change['column']}  {values}", soft_wrap=True)


@user.command("explain")
@_user_query
@click.argument("column", type=click.Choice(sorted(RULES)), metavar="COLUMN")
def show_explanation(conn: Connection, user_id: str, *, column: str, clocks: Json, as_json: bool) -> None:
    """Show what set COLUMN. The event, the rule, the code version, and the earlier values."""
    explanation = _require_then(conn, explain(conn, user_id, column, **clocks), user_id, clocks)
    if as_json:
        emit_json(explanation)
        return
    earlier, is_complete = explanation.pop("earlier"), explanation.pop("earlier_is_complete")
    if not explanation["undecided"]:
        del explanation["undecided"], explanation["undecided_reason"]
    emit_pairs(f"{column} of {user_id}", explanation)
    out = console()
    for step in earlier:
        line = f"{instant(step['occurred_at'])}  {cell(step['value'])}  {step['event_type']}{_by(step)}"
        out.print(f"  [dim]before:[/dim] {line}", soft_wrap=True)
    if not is_complete:
        out.print("  [dim]before:[/dim] more values; use --as-of with a time above to see them")


def _by(step: Json) -> str:
    """The actor and the reason as rich's markup; empty for a provider's event."""
    if step["actor"] is None:
        return ""
    return f"  by {cell(step['actor'])}" + (f": “{cell(step['reason'])}”" if step["reason"] else "")


@user.command("why")
@user_argument
@click.option("--reason", type=FILLED_TEXT, help="Reason for the read, stored in the access log.")
@json_option
def show_why(*, identifier: str, reason: str | None, as_json: bool) -> None:
    """Explain plan and status in one paragraph. Findings and the next command follow."""
    settings = command_settings()
    with session(settings) as conn:
        user_id = user_id_of(conn, identifier)
        fields = ["why", *profiles.COLUMNS]
        note_reads(conn, person(), subjects=[user_id], fields=fields, reason=reason or "tenure user why")
        explanation = require_found(why(conn, user_id, now=utc_now()), user_id)
    if as_json:
        emit_json(explanation)
        return
    echo(explanation["why"])
    echo(f"next: {explanation['next']}")


def print_profile(row: Profile) -> None:
    """The five tables, one block each."""
    if row["stale"]:
        event = row["quarantine"]["event_id"]
        console().print(f"stale: event {event} can't be folded; the values below are outdated", style="red")
    for table, columns in profiles.GROUPS.items():
        emit_pairs(_TITLES[table], {column: row[column] for column in columns})


_TITLES = {
    "users": "user",
    "user_subscriptions": "subscription",
    "user_billing": "billing",
    "user_usage": "usage",
    "user_system_data": "system",
}
