"""`tenure import stripe`: import an account that is older than this installation."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from cli.import_legacy import legacy
from cli.output import console, emit_json, emit_pairs, json_option
from cli.reconcile import one_line_errors, progress_spinner
from database.pool import Connection, connect
from events.clock import utc_now
from providers.imports.plans import as_toml, propose_plans
from providers.imports.stripe import WORKERS, import_stripe
from providers.reconcile.rate_limit import RATE
from service.providers import stripe_api
from service.unsigned_events import fetched_stripe_event
from service.wiring import as_service, command_settings, server


@click.group("import")
def import_() -> None:
    """Import an existing Stripe account or old tables."""


import_.add_command(legacy)


@import_.command()
@click.option("--account", help="Read a connected account (acct_…).")
@click.option("--workers", type=click.IntRange(1, 32), default=WORKERS, show_default=True)
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 1000),
    default=RATE,
    show_default=True,
    help="Send at most this many requests per second.",
)
@click.option(
    "--again", is_flag=True, help="Start from the beginning, even if an import finished or was interrupted."
)
@click.option(
    "--plans",
    "plans_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write proposed plans to this file; import nothing.",
)
@json_option
def stripe(
    *, account: str | None, workers: int, rate: float, again: bool, plans_file: Path | None, as_json: bool
) -> None:
    """Import customers, subscriptions and payment methods.

    Each is a snapshot event; an interrupted run is resumed.

    A key of another account than the log's changes nothing. `tenure reconcile stripe --dry-run` lists
    what an import would append, and appends nothing.
    """
    settings = command_settings()
    api = stripe_api(settings, clock=utc_now, account=account, rate=rate)
    if plans_file is not None:
        with one_line_errors():
            proposed = propose_plans(api)
        plans_file.write_text(as_toml(proposed), encoding="utf-8")
        shown: dict[str, object] = {"file": str(plans_file), "plans": [plan.key for plan in proposed]}
    else:
        with server(settings, locks=True) as conninfo, progress_spinner() as observe, one_line_errors():

            @contextmanager
            def worker() -> Iterator[Connection]:
                opened = connect(conninfo, application_name="tenure-import", autocommit=True)
                with closing(opened) as conn:
                    as_service(conn)
                    yield conn

            imported = import_stripe(
                worker,
                api,
                envelope=fetched_stripe_event,
                clock=utc_now,
                workers=workers,
                again=again,
                observe=observe,
            )
        shown = imported.as_json()
    if as_json:
        emit_json(shown)
        return
    emit_pairs("Import", shown)
    if plans_file is not None:
        console().print(f"check the limits, then: tenure plans publish {plans_file}", markup=False)
