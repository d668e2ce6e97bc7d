"""`tenure reconcile`: find lost webhooks through the providers' APIs and append their events."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn

from cli.completeness import ledger_command
from cli.errors import DifferenceFound, Failure
from cli.output import console, emit_json, emit_pairs, emit_table, json_option
from cli.parameters import INSTANT
from events.clock import utc_now
from providers.reconcile.clerk import reconcile_clerk
from providers.reconcile.drift import Drift
from providers.reconcile.errors import ReconcileError
from providers.reconcile.rate_limit import RATE
from providers.reconcile.stripe import reconcile_stripe
from service.providers import clerk_api, stripe_api, working_connection
from service.unsigned_events import fetched_clerk_event, fetched_stripe_event
from service.wiring import command_settings

_dry_run = click.option("--dry-run", is_flag=True, help="Print the differences; write nothing.")
_yes_delete = click.option(
    "--yes-delete",
    type=click.IntRange(0),
    metavar="N",
    help="Delete up to N, more than the 10 % that a run may delete unasked.",
)
_COLUMNS = ("kind", "object_id", "cause", "heals", "fields", "advice")
_SHOWN = 50


@click.group()
def reconcile() -> None:
    """Append what the providers have and the log lacks.

    Exit 1 if a difference is left that no event can heal.
    """


@reconcile.command()
@click.option(
    "--since",
    type=INSTANT,
    help="Read events from this time on; default: where the last run ended, or 30 days ago.",
)
@click.option("--account", help="Read a connected account (acct_…).")
@click.option("--events-only", is_flag=True, help="Read events only, no objects.")
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 100),
    default=RATE,
    show_default=True,
    help="Send at most this many requests per second.",
)
@_dry_run
@_yes_delete
@json_option
def stripe(
    *,
    since: datetime | None,
    account: str | None,
    events_only: bool,
    rate: float,
    dry_run: bool,
    yes_delete: int | None,
    as_json: bool,
) -> None:
    """Append missed Stripe events and changes of objects.

    Customers, subscriptions and payment methods are compared with the log, and the tables with its
    projection.

    A key of another account changes nothing, and no object is ended if those of more than 10 % of the known
    customers have ended.
    """
    settings = command_settings()
    api = stripe_api(settings, clock=utc_now, account=account, rate=rate)
    with working_connection(settings) as conn, progress_spinner() as observe, one_line_errors():
        reconciled = reconcile_stripe(
            conn,
            api,
            envelope=fetched_stripe_event,
            clock=utc_now,
            since=since,
            with_objects=not events_only,
            dry_run=dry_run,
            yes_delete=yes_delete,
            observe=observe,
        )
    missed = dict(reconciled.events.missed) if reconciled.events else {}
    _print_drifts(
        "Stripe",
        reconciled.as_json() | {"missed_by_type": missed},
        reconciled.drifts,
        dry_run=dry_run,
        as_json=as_json,
    )


@reconcile.command()
@_dry_run
@_yes_delete
@json_option
def clerk(*, dry_run: bool, yes_delete: int | None, as_json: bool) -> None:
    """Append missed changes and deletions of Clerk users.

    Clerk stops retrying a webhook after about 28 hours.

    A key of another instance changes nothing, and no user is deleted if more than 10 % are missing.
    A user deleted by mistake comes back with `tenure user restore`.
    """
    settings = command_settings()
    with (
        clerk_api(settings, clock=utc_now) as api,
        working_connection(settings) as conn,
        progress_spinner() as observe,
        one_line_errors(),
    ):
        reconciled = reconcile_clerk(
            conn,
            api,
            envelope=fetched_clerk_event,
            clock=utc_now,
            dry_run=dry_run,
            yes_delete=yes_delete,
            observe=observe,
        )
    _print_drifts(
        "Clerk", reconciled.as_json(), reconciled.drifts, dry_run=dry_run, as_json=as_json, heals=True
    )


reconcile.add_command(ledger_command)


def _print_drifts(
    title: str,
    counts: dict[str, Any],  # Any: JSON values
    drifts: list[Drift],
    *,
    dry_run: bool,
    as_json: bool,
    heals: bool = False,
) -> None:
    shown = [drift.as_json() for drift in drifts]
    if heals:
        shown = [row | {"heals": row["cause"] not in ("absorbed", "older page")} for row in shown]
    if as_json:
        emit_json(counts | {"dry_run": dry_run, "drifts": shown})
    else:
        emit_pairs(title, counts)
        emit_table(shown[:_SHOWN], _COLUMNS, empty="no drift")
        if len(shown) > _SHOWN:
            console().print(f"and {len(shown) - _SHOWN} more; --json lists them")
    if counts.get("refused"):
        raise Failure(counts["refused"])
    remaining = [row for row in shown if dry_run or not row["heals"]]
    if remaining or (dry_run and counts.get("events_missed")):
        raise DifferenceFound("differences remain; a run without --dry-run heals those that events can heal")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Print a provider's error as one line."""
    try:
        yield
    except ReconcileError as problem:
        raise Failure(str(problem)) from None


@contextmanager
def progress_spinner() -> Iterator[Callable[[str, int], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,.0f}"))
    out = console(stderr=True)
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        tasks: dict[str, Any] = {}  # Any: rich's task ids

        def observe(stage: str, done: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=None)
            progress.update(tasks[stage], completed=done)

        yield observe
