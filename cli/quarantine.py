"""`tenure quarantine`: users whose history stops at an event that can't be folded."""

import click

from cli.errors import DifferenceFound, Failure
from cli.output import console, emit_json, emit_table, json_option
from cli.user_argument import user_id_of
from projections.projector import Projector
from queries.pluralize import counted
from queries.quarantine import quarantined
from service.wiring import command_settings, session

_ALL = 1_000_000
_COLUMNS = ("user_id", "event_id", "event_type", "occurred_at", "field", "reason")


@click.group()
def quarantine() -> None:
    """List and retry users whose history stops at an event. Other users are not affected."""


@quarantine.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@json_option
def list_all(*, limit: int, as_json: bool) -> None:
    """List where each history stops and why, the latest first."""
    with session(command_settings()) as conn:
        rows = quarantined(conn, limit=limit)
    if as_json:
        emit_json(rows)
    else:
        emit_table(rows, _COLUMNS, empty="no user is quarantined")


@quarantine.command()
@click.argument("identifiers", metavar="[ID_OR_EMAIL]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="List users that would be freed; write nothing.")
@json_option
def retry(*, identifiers: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Fold these users again, or all that are quarantined. Exit 1 if one still can't be folded."""
    settings = command_settings()
    with session(settings) as conn:
        user_ids = {user_id_of(conn, identifier) for identifier in identifiers}
        before = {row["user_id"] for row in quarantined(conn, limit=_ALL)}
        if strangers := sorted(user_ids - before):
            raise Failure(
                f"not quarantined: {', '.join(strangers)}; tenure quarantine list names the quarantined users"
            )
        selected = user_ids or before
        if selected:
            Projector().retry(conn, selected)
        remaining = sorted(selected & {row["user_id"] for row in quarantined(conn, limit=_ALL)})
        if dry_run:
            conn.rollback()
    freed = sorted(selected.difference(remaining))
    if as_json:
        emit_json({"freed": freed, "left": remaining, "dry_run": dry_run})
    else:
        would = "would be " if dry_run else ""
        console().print(f"{len(freed)} {would}freed, {len(remaining)} left", markup=False)
    if remaining:
        raise DifferenceFound(
            f"{counted(len(remaining), 'user')} still can't be folded: tenure quarantine list shows why"
        )
