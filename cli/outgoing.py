"""`tenure outgoing`: webhooks that Tenure sends to other services."""

from datetime import timedelta
from uuid import UUID

import click

from cli.errors import Failure
from cli.output import console, emit_json, emit_table, json_option
from cli.parameters import FILLED_TEXT
from events.clock import utc_now
from outbound.webhooks import destinations
from outbound.webhooks.errors import OutgoingError
from service.wiring import command_settings, session

_COLUMNS = ("id", "url", "event_types", "include_data", "disabled_at", "disabled_reason", "description")


class Outgoing(click.Group):
    """Prints a refusal as one line."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except OutgoingError as refused:
            raise Failure(str(refused)) from None


@click.group(cls=Outgoing)
def outgoing() -> None:
    """Manage signed webhooks to other services (standardwebhooks.com)."""


@outgoing.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List all destinations."""
    with session(command_settings()) as conn:
        rows = [destination.as_json() for destination in destinations.all_destinations(conn)]
    if as_json:
        emit_json(rows)
    else:
        emit_table(rows, _COLUMNS, empty="no destinations; tenure outgoing add URL --type 'trial.*'")


@outgoing.command()
@click.argument("url")
@click.option(
    "--type",
    "types",
    multiple=True,
    required=True,
    help="Send this event type, or with a final * every type with this prefix; repeatable.",
)
@click.option("--include-data", is_flag=True, help="Send bodies too, personal data included.")
@click.option("--test-events", is_flag=True, help="Send test-mode events too.")
@click.option("--from-start", is_flag=True, help="Send the whole log first.")
@click.option("--description", default="")
@json_option
def add(
    *,
    url: str,
    types: tuple[str, ...],
    include_data: bool,
    test_events: bool,
    from_start: bool,
    description: str,
    as_json: bool,
) -> None:
    """Subscribe an https:// URL; its secret is shown once."""
    with session(command_settings()) as conn:
        destination, secret = destinations.subscribe(
            conn,
            url,
            event_types=types,
            now=utc_now(),
            include_data=include_data,
            live_only=not test_events,
            description=description,
            from_start=from_start,
        )
    if as_json:
        emit_json(destination.as_json() | {"secret": secret})
    else:
        console().print(f"{destination.id}\n{secret}", markup=False)


@outgoing.command()
@click.argument("destination", type=click.UUID)
@click.option("--overlap-hours", type=click.IntRange(0, 24 * 30), default=24, show_default=True)
@json_option
def rotate(*, destination: UUID, overlap_hours: int, as_json: bool) -> None:
    """Create a new secret, shown once. Earlier secrets also sign for some hours."""
    with session(command_settings()) as conn:
        secret = destinations.rotate(conn, destination, now=utc_now(), overlap=timedelta(hours=overlap_hours))
    if as_json:
        emit_json({"id": destination, "secret": secret})
    else:
        console().print(secret, markup=False)


@outgoing.command()
@click.argument("destination", type=click.UUID)
@click.option("--reason", type=FILLED_TEXT, required=True)
def disable(*, destination: UUID, reason: str) -> None:
    """Stop sending to a destination. Its deliveries wait until it is enabled."""
    with session(command_settings()) as conn:
        destinations.disable(conn, destination, now=utc_now(), reason=reason)


@outgoing.command()
@click.argument("destination", type=click.UUID)
def enable(*, destination: UUID) -> None:
    """Resume sending to a destination where it stopped."""
    with session(command_settings()) as conn:
        destinations.enable(conn, destination)


@outgoing.command()
@click.argument("destination", type=click.UUID)
@click.confirmation_option(prompt="Its waiting deliveries are dropped. Remove?")
def remove(*, destination: UUID) -> None:
    """Remove a destination, its secrets and its waiting deliveries."""
    with session(command_settings()) as conn:
        destinations.remove(conn, destination)
