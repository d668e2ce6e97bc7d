"""API tokens; operators can create and revoke them."""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from console.access import operator_only
from console.deps import deps, now
from console.errors import bad_input, not_found, sentence
from console.inputs import field, optional_number
from handlers.tokens import ROLES, UnusableTokenRequest, create_token, list_tokens, revoke_token

tokens = Blueprint("tokens", __name__, url_prefix="/tokens")

DAYS_LIMIT = 3650


@tokens.get("")
def show() -> str:
    """All tokens, including revoked and expired ones."""
    return _page()


@tokens.post("")
@operator_only
def create() -> str:
    """Create a token, shown on this page and never again."""
    at, days = now(), optional_number("days", most=DAYS_LIMIT)
    expires_at = None if days is None else at + timedelta(days=days)
    try:
        with deps().pool.connection() as conn:
            text, _ = create_token(
                conn, field("role"), name=field("name", most=100), now=at, expires_at=expires_at
            )
    except UnusableTokenRequest as refused:
        raise bad_input(sentence(refused)) from None
    return _page(created=text)


@tokens.post("/<uuid:token_id>/revoke")
@operator_only
def revoke(token_id: UUID) -> Response:
    """Revoke a token; its sessions end."""
    with deps().pool.connection() as conn:
        token = revoke_token(conn, token_id, now=now())
    if token is None:
        raise not_found("token")
    flash(f"Revoked: {token.name} ({token.role}).")
    return redirect(url_for("console.tokens.show"), 303)


def _page(created: str | None = None) -> str:
    with deps().pool.connection() as conn:
        items = list_tokens(conn)
    return render_template("console/tokens.html", items=items, roles=ROLES, created=created, now=now())
