"""`tenure user create`: create a user that exists in Clerk but not here."""

import getpass
import re
from contextlib import closing
from functools import partial
from typing import Any

import click

from cli.errors import Failure
from cli.output import emit_json, emit_pairs, json_option
from cli.parameters import FILLED_TEXT
from database.pool import connect
from events.clock import utc_now
from events.domain.user import LegacyImported
from handlers.register_user import register_user
from projections.errors import PartBehind, PartBusy
from projections.runner import Runner
from providers.reconcile.clerk import reconcile_user
from providers.reconcile.errors import NotThere, ReconcileError
from queries.profile import profile
from service.decision_clocks import decision_now
from service.providers import clerk_api
from service.unsigned_events import fetched_clerk_event
from service.wiring import as_service, command_settings, projector_connection, server, session
from settings import Settings

_CLERK_ID = re.compile(r"user_[A-Za-z0-9_-]{1,190}")

Outcome = dict[str, Any]  # Any: JSON values


@click.command()
@click.argument("user_id", metavar="USER_ID")
@click.option("--email", help="E-mail address, until an event of Clerk has one.")
@click.option("--full-name", help="Name, until an event of Clerk has one.")
@click.option(
    "--from-clerk/--by-hand",
    "from_clerk",
    default=None,
    help="Read the user from Clerk's API; default if CLERK_SECRET_KEY is set.",
)
@click.option("--reason", type=FILLED_TEXT, help="Reason, stored with the event; required with --by-hand.")
@json_option
def create(
    *,
    user_id: str,
    email: str | None,
    full_name: str | None,
    from_clerk: bool | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Create a user whose webhook was lost. The values come from Clerk's API, or from the options.

    An operator's values apply until an event of Clerk has others. An existing user is not changed.
    """
    if _CLERK_ID.fullmatch(user_id) is None:
        raise click.UsageError("expected a Clerk id (user_…) as USER_ID.")
    settings = command_settings()
    by_hand = email is not None or full_name is not None
    if from_clerk and by_hand:
        raise click.UsageError("--email and --full-name exclude --from-clerk, which reads both from Clerk.")
    ask_clerk = settings.clerk_secret_key is not None and not by_hand if from_clerk is None else from_clerk
    if ask_clerk:
        outcome = _from_clerk(settings, user_id)
    else:
        outcome = _by_hand(settings, user_id, email, full_name, _reason(reason))
    if as_json:
        emit_json(outcome)
    else:
        emit_pairs("created" if outcome["created"] else "exists already", outcome)


def _from_clerk(settings: Settings, user_id: str) -> Outcome:
    """Append the same events as a reconciliation with Clerk, so that neither repeats the other's."""
    with (
        server(settings) as conninfo,
        closing(connect(conninfo, application_name="tenure-cli", autocommit=True)) as conn,
        clerk_api(settings, clock=utc_now) as api,
    ):
        as_service(conn)
        is_present = profile(conn, user_id) is not None
        try:
            reconciled = reconcile_user(conn, api, user_id, envelope=fetched_clerk_event, clock=utc_now)
        except NotThere:
            raise Failure(f"Clerk has no user {user_id}; nothing was changed") from None
        except ReconcileError as problem:
            raise Failure(str(problem)) from None
        Runner(partial(projector_connection, conninfo)).drain()
        row = profile(conn, user_id)
    events = reconciled.created + reconciled.updated
    return {
        "user_id": user_id,
        "created": not is_present,
        "from": "clerk",
        "events": events,
        "email": _email(row),
    }


def _by_hand(settings: Settings, user_id: str, email: str | None, name: str | None, reason: str) -> Outcome:
    values = {key: value for key, value in (("email", email), ("full_name", name)) if value is not None}
    try:
        fact = LegacyImported.model_validate(values)
    except ValueError:
        raise click.UsageError(
            "expected at most 320 characters in the address, 10,000 in the name."
        ) from None
    try:
        with session(settings) as conn:
            event_id = register_user(
                conn,
                user_id,
                fact,
                now=decision_now(conn),
                actor=f"cli:{getpass.getuser()}"[:100],
                reason=reason,
            )
            row = profile(conn, user_id)
    except (PartBehind, PartBusy) as busy:
        raise Failure(str(busy)) from None
    created = event_id is not None
    return {
        "user_id": user_id,
        "created": created,
        "from": "operator",
        "events": int(created),
        "email": _email(row),
    }


def _email(row: Outcome | None) -> str | None:
    return None if row is None else row["email"]


def _reason(reason: str | None) -> str:
    text = (reason or "").strip()
    if not 0 < len(text) <= 500:
        raise click.UsageError("expected --reason with 1 to 500 characters, or --from-clerk.")
    return text
