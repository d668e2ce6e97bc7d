"""/api/users/…/entitlements: what a user may do, what they used, and why."""

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
    """The plan in force, what puts it in force, until when if that is known, and the event that said so."""

    plan: str
    source: Literal["grant", "subscription", "legacy", "own_trial", "free"]
    subscription_status: str
    until: datetime | None
    event_id: str | None


class Entitlements(BaseModel):
    """Null limits are unlimited. `stale`: an event of theirs can't be folded, so this is older."""

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
    """What the user may do now, or at `as_of`, as known at `known_at`.

    What time has ended counts as ended, whether the scheduler has said so yet or not.
    """
    held = deps()
    refuse_future(held.clock(), as_of=query.as_of, known_at=query.known_at)
    with held.pool.connection() as conn:
        found = ask(
            conn,
            user_id,
            now=held.clock(),
            as_of=query.as_of,
            known_at=query.known_at,
            live_only=held.live_only,
        )
        if found is None:
            raise not_found("user")
        noted(conn, subjects=[user_id], fields=["entitlements"])
    return answer(found)
