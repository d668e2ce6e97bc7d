"""/api/users/…/usage: count usage, once and never past the limit."""

from typing import Annotated, Literal

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.auth import actor, requires
from api.decisions import WHOLE, refusals_as_answers
from api.deps import deps
from api.openapi import documented
from api.request_id import request_id
from api.responses import answer
from events.tracing import carried
from handlers.usage import MeteredUsage, UsageCommand

usage = Blueprint("usage", __name__, url_prefix="/api/users")

REPEATED = "Idempotent-Replayed"


class UsageToCount(BaseModel):
    """The key identifies this usage among all of the user's, permanently."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: Literal["campaigns", "creators", "enrichments"]
    quantity: Annotated[int, Field(ge=1, le=1_000_000_000), WHOLE]
    idempotency_key: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Limits(BaseModel):
    """By metric; null is unlimited."""

    campaigns: int | None
    creators: int | None
    enrichments: int | None


class UsedQuantities(BaseModel):
    campaigns: int
    creators: int
    enrichments: int


class UsageTotals(BaseModel):
    """The totals after the usage was counted; the next profile read shows the same."""

    user_id: str
    event_id: str
    metric: str
    quantity: int
    limits: Limits
    used: UsedQuantities
    remaining: Limits


@usage.post("/<key:user_id>/usage")
@requires("service")
@documented(
    json=UsageToCount,
    tags=("usage",),
    HTTP_200=UsageTotals,
    HTTP_404=None,
    HTTP_409=None,
    HTTP_415=None,
    HTTP_503=None,
)
def record(user_id: str, json: UsageToCount) -> Response:
    """Count usage, all of it or none.

    409 `limit-exceeded` gives the remainder. The same key again counts nothing and returns the same
    response, with the header `Idempotent-Replayed`; with another body it is a 409 `idempotency-conflict`.
    A refusal is not stored: the same key may succeed once more remains.
    """
    usage_command = UsageCommand(
        user_id=user_id,
        usage=MeteredUsage(metric=json.metric, quantity=json.quantity),
        key=json.idempotency_key,
        now=deps().decision_clock(),
        actor=actor(),
        request_id=request_id(),
        trace=carried(),
    )
    with refusals_as_answers():
        counted = deps().usage.record(usage_command)
    response = answer(
        {
            "user_id": user_id,
            "event_id": counted.event_id,
            "metric": counted.metric,
            "quantity": counted.quantity,
            "limits": counted.limits,
            "used": counted.used,
            "remaining": counted.remaining,
        }
    )
    if counted.repeated:
        response.headers[REPEATED] = "true"
    return response
