"""`tenure tokens`: create, list and revoke API tokens."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import click

from cli.errors import Failure
from cli.output import console, emit_json, emit_table, json_option
from cli.parameters import FILLED_TEXT, INSTANT
from cli.terminal import echo
from events.clock import utc_now
from handlers.tokens import ROLES, UnusableTokenRequest, create_token, list_tokens, revoke_token
from service.wiring import command_settings, session

_COLUMNS = ("id", "role", "name", "created_at", "last_used_at", "expires_at", "revoked_at")


@click.group()
def tokens() -> None:
    """Create, list and revoke API tokens."""


@tokens.command()
@click.argument("role", type=click.Choice(ROLES))
@click.option(
    "--name", type=FILLED_TEXT, help="Name of the client or person, shown in lists and the access log."
)
@click.option("--expires-at", type=INSTANT, help="Time from which the token is refused; default: never.")
@json_option
def create(*, role: str, name: str | None, expires_at: datetime | None, as_json: bool) -> None:
    """Create a token and print it once; only its digest is stored.

    service: calls of your application (profiles, usage, campaigns, jobs). auditor: reads of
    users, events, exports and proofs, and the console. operator: all of these, and changes such as
    grants, links and erasures.
    """
    try:
        with session(command_settings()) as conn:
            text, token = create_token(conn, role, name=name or role, now=utc_now(), expires_at=expires_at)
    except UnusableTokenRequest as refused:
        raise click.UsageError(str(refused)) from None
    if as_json:
        emit_json({"token": text, **asdict(token)})
        return
    echo(text)
    console(stderr=True).print(f"{role} token {token.id}; it is not shown again", markup=False)


@tokens.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List all tokens, newest first, without their secrets. Revoked and expired ones are included."""
    with session(command_settings()) as conn:
        rows = [asdict(token) for token in list_tokens(conn)]
    if as_json:
        emit_json(rows)
    else:
        emit_table(rows, _COLUMNS, empty="no tokens; create one: tenure tokens create ROLE")


@tokens.command()
@click.argument("token_id", metavar="ID", type=click.UUID)
@json_option
def revoke(*, token_id: UUID, as_json: bool) -> None:
    """Revoke a token at once. Revoking it again changes nothing."""
    with session(command_settings()) as conn:
        token = revoke_token(conn, token_id, now=utc_now())
    if token is None:
        raise Failure(f"no token {token_id}; tenure tokens list shows them")
    if as_json:
        emit_json(asdict(token))
    else:
        console().print(f"revoked {token.role} token {token.id}", markup=False)
