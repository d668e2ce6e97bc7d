"""/api/users/…/trial, /plan, /link, /admin: operators' commands, each with a reason and undoable."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from flask import Blueprint, Response
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.auth import REASON_LIMIT, requires
from api.decisions import WHOLE, command, decided
from api.models import Instant
from api.openapi import documented
from api.responses import answer
from events.domain.base import Key
from handlers.admins import grant_admin, revoke_admin
from handlers.decision import Decided
from handlers.entitlements import grant_plan, revoke_plan
from handlers.errors import AlreadySo
from handlers.links import link_customer, unlink_customer
from handlers.trials import MAX_DAYS, Length, end_trial, extend_trial, start_or_extend, start_trial

operator = Blueprint("operator", __name__, url_prefix="/api/users")

_TAGS = ("operator",)
_CODES: dict[str, Any] = {f"HTTP_{code}": None for code in (404, 409, 415, 503)}  # Any: a model or None

Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=REASON_LIMIT, pattern=r"\S"),
    Field(description="Kept with the event."),
]


class ActionBody(BaseModel):
    """Base of all commands: an unknown field is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason


_LENGTHS = ("days", "until", "plan_key")
_ENDS = {"properties": {"action": {"const": "end"}}, "required": ["action"]}
_TRIAL_SCHEMA: dict[str, Any] = {  # Any: JSON schema
    "allOf": [
        {"not": {"required": ["days", "until"]}},
        {"if": _ENDS, "then": {"not": {"anyOf": [{"required": [name]} for name in _LENGTHS]}}},
    ]
}


class TrialOrder(ActionBody):
    """`days` from now for a start, from its end for an extension, or from now if it is over.

    Without a length the default.
    """

    model_config = ConfigDict(json_schema_extra=_TRIAL_SCHEMA)

    action: Literal["start", "extend", "end", "start_or_extend"] = "start_or_extend"
    days: Annotated[int, Field(ge=1, le=MAX_DAYS), WHOLE] | None = None
    until: Instant | None = None
    plan_key: Key | None = Field(None, description="What a new trial tries; else the intended plan.")

    @model_validator(mode="after")
    def _makes_sense(self) -> "TrialOrder":
        if {"days", "until"} <= self.model_fields_set:
            raise ValueError("expected days or until, found both")
        if self.action == "end" and self.model_fields_set & set(_LENGTHS):
            raise ValueError("expected no length and no plan to end a trial, found one")
        return self


class PlanOrder(ActionBody):
    """A plan to grant; null revokes the grant."""

    plan_key: Key | None
    until: Instant | None = Field(None, description="In force until then; null is for ever.")


class LinkOrder(ActionBody):
    """`linked`: false unlinks the customer from this user, even if a provider links them."""

    customer_id: Key
    linked: bool = True


class AdminOrder(ActionBody):
    is_admin: bool


class ActionResult(BaseModel):
    """The decision and its event; no event when nothing changed."""

    model_config = ConfigDict(extra="allow")

    user_id: str
    event_id: str | None
    changed: bool = Field(description="False: already in force, so nothing was appended.")


@operator.post("/<key:user_id>/trial")
@requires("operator")
@documented(json=TrialOrder, tags=_TAGS, HTTP_200=ActionResult, **_CODES)
def trial(user_id: str, json: TrialOrder) -> Response:
    """Start, extend or end one of Tenure's trials; Stripe's trials are changed at Stripe.

    A start returns the trial's `plan`, with a `warning` when there is none; the others return the previous
    end as `was`, so that an extension `until` then undoes them.
    """
    length = Length(days=json.days, until=json.until)
    issued = command(user_id, "operator.trial", json.reason)
    if json.action == "end":
        return _respond(lambda conn: end_trial(conn, issued))
    if json.action == "extend":
        return _respond(lambda conn: extend_trial(conn, issued, length))
    begin = start_trial if json.action == "start" else start_or_extend
    return _respond(lambda conn: begin(conn, issued, length, plan_key=json.plan_key))


@operator.post("/<key:user_id>/plan")
@requires("operator")
@documented(json=PlanOrder, tags=_TAGS, HTTP_200=ActionResult, **_CODES)
def plan(user_id: str, json: PlanOrder) -> Response:
    """Grant a plan, until an instant or for good; a plan of null revokes it."""
    issued = command(user_id, "operator.plan", json.reason)
    plan_key = json.plan_key
    if plan_key is None:
        return _respond(lambda conn: revoke_plan(conn, issued))
    return _respond(lambda conn: grant_plan(conn, issued, plan_key, until=json.until))


@operator.post("/<key:user_id>/link")
@requires("operator")
@documented(json=LinkOrder, tags=_TAGS, HTTP_200=ActionResult, **_CODES)
def link(user_id: str, json: LinkOrder) -> Response:
    """Link or unlink a Stripe customer; its history is folded in or out at once."""
    issued = command(user_id, "operator.link", json.reason)
    do = link_customer if json.linked else unlink_customer
    return _respond(lambda conn: do(conn, issued, json.customer_id))


@operator.post("/<key:user_id>/admin")
@requires("operator")
@documented(json=AdminOrder, tags=_TAGS, HTTP_200=ActionResult, **_CODES)
def admin(user_id: str, json: AdminOrder) -> Response:
    """Grant or revoke a user's administrator rights on the platform."""
    issued = command(user_id, "operator.admin", json.reason)
    do = grant_admin if json.is_admin else revoke_admin
    return _respond(lambda conn: do(conn, issued))


def _respond(decision: Callable[[Connection[Any]], Decided]) -> Response:  # Any: as `decided`
    try:
        outcome = decided(decision)
    except AlreadySo as same:
        return _outcome({**same.answer, "event_id": None, "changed": False})
    return _outcome({**outcome.answer, "event_id": outcome.event_id, "changed": True})


def _outcome(fields: dict[str, Any]) -> Response:  # Any: JSON values
    return answer(dict(sorted(fields.items())))
