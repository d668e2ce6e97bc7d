"""An operator's commands on a user's page; the table at the foot maps each form to its command."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from console.access import operator_only
from console.errors import FormRefused, bad_input, not_found, sentence
from console.form_commands import command, decided
from console.inputs import field, optional_field, optional_instant, optional_number
from console.path_ids import key
from console.person import PageRefusal, person_page
from events.statements import AnyConnection
from handlers.admins import grant_admin, revoke_admin
from handlers.decision import Command, Decided
from handlers.entitlements import grant_plan, revoke_plan
from handlers.errors import AlreadySo
from handlers.links import link_customer, unlink_customer
from handlers.trials import MAX_DAYS, Length, end_trial, extend_trial, start_trial

actions = Blueprint("actions", __name__, url_prefix="/<user_id>/actions")

Decision = Callable[[AnyConnection, Command], Decided]


@dataclass(frozen=True, slots=True)
class FormAction:
    """`done` is the message after the decision."""

    decision: Decision
    done: str


@actions.post("/<action>")
@operator_only
def act(user_id: str, action: str) -> Response | tuple[str, int]:
    """Decide as the API and the command line do; the user's page shows a refusal."""
    user_id = key(user_id, "user")
    if action not in ACTIONS:
        raise not_found("action")
    try:
        order = ACTIONS[action]()
        issued = command(user_id, action)
        outcome = decided(lambda conn: order.decision(conn, issued), otherwise="Nothing was changed")
        flash(order.done)
        if "warning" in outcome.answer:
            flash(sentence(outcome.answer["warning"]))
    except AlreadySo as same:
        flash(sentence(same))
    except FormRefused as refused:
        return person_page(user_id, refusal=PageRefusal(action, refused.detail, request.form)), refused.status
    return redirect(url_for("console.users.show", user_id=user_id), 303)


def _start_trial() -> FormAction:
    length, plan = _length(), optional_field("plan_key", most=100)
    return FormAction(
        lambda conn, issued: start_trial(conn, issued, length, plan_key=plan),
        "The trial has begun.",
    )


def _extend_trial() -> FormAction:
    length = _length()
    return FormAction(
        lambda conn, issued: extend_trial(conn, issued, length),
        "The end of the trial was changed.",
    )


def _end_trial() -> FormAction:
    return FormAction(
        end_trial,
        "The trial is over.",
    )


def _grant_plan() -> FormAction:
    plan, until = field("plan_key", most=100), optional_instant("until")
    return FormAction(
        lambda conn, issued: grant_plan(conn, issued, plan, until=until),
        f"{plan} is granted.",
    )


def _revoke_plan() -> FormAction:
    return FormAction(
        revoke_plan,
        "The grant is revoked.",
    )


def _link() -> FormAction:
    customer = field("customer_id")
    return FormAction(
        lambda conn, issued: link_customer(conn, issued, customer),
        f"{customer} is linked; its history is now this user's.",
    )


def _unlink() -> FormAction:
    customer = field("customer_id")
    return FormAction(
        lambda conn, issued: unlink_customer(conn, issued, customer),
        f"{customer} is no longer linked to this user; its history waits for another link.",
    )


def _grant_admin() -> FormAction:
    return FormAction(
        grant_admin,
        "The user is an administrator now.",
    )


def _revoke_admin() -> FormAction:
    return FormAction(
        revoke_admin,
        "The user is no longer an administrator.",
    )


def _length() -> Length:
    days, until = optional_number("days", most=MAX_DAYS), optional_instant("until")
    if days is not None and until is not None:
        raise bad_input("Expected days or an end, found both.")
    return Length(days=days, until=until)


ACTIONS: dict[str, Callable[[], FormAction]] = {
    "start-trial": _start_trial,
    "extend-trial": _extend_trial,
    "end-trial": _end_trial,
    "grant-plan": _grant_plan,
    "revoke-plan": _revoke_plan,
    "link": _link,
    "unlink": _unlink,
    "grant-admin": _grant_admin,
    "revoke-admin": _revoke_admin,
}
