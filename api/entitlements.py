"""/api/users/…/entitlements: a user's plan, limits and usage, and their source."""

from datetime import datetime
from typing import Any, Literal

from flask import Blueprint, Response
from pydantic import BaseModel

from api.auth import noted, requires
from api.deps import deps
from api.errors import not_found
from api.models import ProfileQuestion
from api.openapi import documented
from api.responses import answer
from api.usage import Limits, UsedQuantities
from queries.entitlements import entitlements as ask
from queries.instants import refuse_future

entitlements = Blueprint("entitlements", __name__, url_prefix="/api/users")


class PlanReason(BaseModel):
    """The plan in force, its source, its end if known, and the event that put it in force."""

    plan: str
    source: Literal["grant", "subscription", "legacy", "own_trial", "free"]
    subscription_status: str
    until: datetime | None
    event_id: str | None


class Entitlements(BaseModel):
    """Null limits are unlimited. `stale`: an event of the user can't be folded, so the values are older."""

    user_id: str
    limits: Limits
    used: UsedQuantities
    remaining: Limits
    features: dict[str, Any]  # Any: JSON
    resets_at: datetime
    stale: bool
    why: PlanReason


@entitlements.get("/<key:user_id>/entitlements")
@requires("service")
@documented(query=ProfileQuestion, tags=("usage",), HTTP_200=Entitlements, HTTP_404=None)
def show(user_id: str, query: ProfileQuestion) -> Response:
    """The user's entitlements now, or at `as_of`, as known at `known_at`.

    What has expired counts as expired, even if the scheduler has not appended its event yet.
    """
    app_deps = deps()
    refuse_future(app_deps.clock(), as_of=query.as_of, known_at=query.known_at)
    with app_deps.pool.connection() as conn:
        entitlements = ask(
            conn,
            user_id,
            now=app_deps.clock(),
            as_of=query.as_of,
            known_at=query.known_at,
        )
        if entitlements is None:
            raise not_found("user")
        noted(conn, subjects=[user_id], fields=["entitlements"])
    return answer(entitlements)
