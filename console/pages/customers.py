"""Stripe customers without a user, their likely users, and linking them."""

from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from console.access import caller, noted, operator_only
from console.deps import deps, now
from console.errors import sentence
from console.form_commands import command, decided
from console.inputs import LIMIT, field, text
from console.path_ids import key
from console.person import user_meant
from handlers.errors import AlreadySo
from handlers.links import link_customer
from queries.customers import unlinked_customers

customers = Blueprint("customers", __name__, url_prefix="/customers")


@customers.get("")
def show() -> str:
    """A page of customers. A user with the same address is a hint for the operator, never a link."""
    with deps().pool.connection() as conn:
        page = unlinked_customers(conn, limit=LIMIT, after=text("after"))
        noted(conn, subjects=page.customers(), fields=["email", "name"])
        noted(conn, subjects=page.suggested(), fields=["email", "full_name"])
    return render_template(
        "console/customers.html",
        items=page.items, next=page.next, can_link=caller().may(()), new_key=uuid4, now=now(),
    )  # fmt: skip


@customers.post("/<path:customer_id>/link")
@operator_only
def link(customer_id: str) -> Response:
    """Link the customer to that user. The form's key makes a second click the same command."""
    customer_id, user_id = key(customer_id, "customer"), user_meant(field("user_id"))
    issued = command(user_id, "link")
    try:
        outcome = decided(
            lambda conn: link_customer(conn, issued, customer_id),
            otherwise="It was not linked",
        )
        flash(f"{customer_id} is linked; its history is now this user's.")
        if "warning" in outcome.answer:
            flash(sentence(outcome.answer["warning"]))
    except AlreadySo as same:
        flash(sentence(same))
    return redirect(url_for("console.users.show", user_id=user_id), 303)
