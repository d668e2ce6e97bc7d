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
        found = quarantined(conn, limit=limit)
    if as_json:
        emit_json(found)
    else:
        emit_table(found, _COLUMNS, empty="no user is quarantined")


@quarantine.command()
@click.argument("asked", metavar="[ID_OR_EMAIL]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Fold them and say who would be freed; write nothing.")
@json_option
def retry(*, asked: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Fold these users again, or all that are quarantined. Exit 1 if one still can't be folded."""
    settings = command_settings()
    with session(settings) as conn:
        user_ids = {user_id_of(conn, each) for each in asked}
        before = {row["user_id"] for row in quarantined(conn, limit=_ALL)}
        if strangers := sorted(user_ids - before):
            raise Failure(f"not quarantined: {', '.join(strangers)}; tenure quarantine list names who is")
        wanted = user_ids or before
        if wanted:
            Projector(live_only=settings.livemode).retry(conn, wanted)
        left = sorted(wanted & {row["user_id"] for row in quarantined(conn, limit=_ALL)})
        if dry_run:
            conn.rollback()
    freed = sorted(wanted.difference(left))
    if as_json:
        emit_json({"freed": freed, "left": left, "dry_run": dry_run})
    else:
        would = "would be " if dry_run else ""
        console().print(f"{len(freed)} {would}freed, {len(left)} left", markup=False)
    if left:
        raise DifferenceFound(
            f"{counted(len(left), 'user')} still can't be folded: tenure quarantine list says why"
        )
