"""/api/customers: Stripe customers that wait for a link."""

from dataclasses import asdict
from datetime import datetime

from flask import Blueprint, Response
from pydantic import BaseModel, Field

from api.auth import noted, requires
from api.models import READ_AT, Cursor, Limit, Question
from api.openapi import documented
from api.replica import head_field, reading
from api.responses import answer
from queries.customers import unlinked_customers

customers = Blueprint("customers", __name__, url_prefix="/api/customers")


class UnlinkedQuestion(Question):
    limit: Limit = 50
    after: Cursor | None = None


class SameAddress(BaseModel):
    """A user with the customer's address: a hint for an operator, not a proof."""

    user_id: str
    email: str
    full_name: str | None
    created_at: datetime


class UnlinkedCustomer(BaseModel):
    """A customer whose events wait for a link to a user."""

    customer_id: str
    since: datetime = Field(description="Of its first event.")
    claimed_by: list[str] = Field(description="Users that claims have named for it.")
    events: int
    last_at: datetime | None
    last_type: str | None
    email: str | None
    name: str | None
    ignored: str | None = Field(
        description="Why a claim is ignored: an id that can't be a user's, an account that is not trusted."
    )
    suggestions: list[SameAddress]


class UnlinkedCustomers(BaseModel):
    items: list[UnlinkedCustomer]
    next: str | None
    head: list[int] | None = READ_AT


@customers.get("/unlinked")
@requires("auditor")
@documented(query=UnlinkedQuestion, tags=("customers",), HTTP_200=UnlinkedCustomers)
def show_unlinked(query: UnlinkedQuestion) -> Response:
    """Stripe customers without a user, by id, except those whose last user was deleted or erased.

    An operator links one with `POST /api/users/{user_id}/link`.
    """
    with reading() as conn:
        page = unlinked_customers(conn, limit=query.limit, after=query.after)
        noted(conn, subjects=page.customers(), fields=["email", "name"])
        noted(conn, subjects=page.suggested(), fields=["email", "full_name"])
    return answer({**asdict(page), **head_field()})
