"""When mail is due, and when its reason is gone: one row per kind of mail, at the foot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from events.payload import parse
from events.statements import AnyConnection
from outbound.email.recipient import Recipient, is_settled
from queries.instants import iso, read_iso

Json = Mapping[str, Any]  # Any: JSON values


class DueMail(NamedTuple):
    """One message to send: `instance` distinguishes this occasion from the next of its kind.

    `about` contains what the text needs and the tables do not have; nothing in it names a person.
    """

    instance: str
    about: dict[str, Any]  # Any: JSON values


@dataclass(frozen=True, slots=True)
class Occasion:
    """`read` returns the mail due for an event of `event_type`, from its payload and instant, or None.

    `gone` returns why the message must not be sent any more, or None while its reason remains.
    """

    name: str
    event_type: str
    subject: str
    read: Callable[[Json, datetime], DueMail | None]
    gone: Callable[[AnyConnection, Recipient, Json, datetime], str | None]


def due_in(occasion: Occasion, payload: str | None, *, occurred_at: datetime) -> DueMail | None:
    """The mail due for an event; None when its body lacks a field."""
    return occasion.read({} if payload is None else parse(payload), occurred_at)


def _ending(body: Json, _at: datetime) -> DueMail | None:
    ends_at, days = body.get("ends_at"), body.get("days")
    if not isinstance(ends_at, str) or not isinstance(days, int):
        return None
    return DueMail(f"{ends_at}:{days}", {"ends_at": ends_at, "days": days})


def _expired(body: Json, at: datetime) -> DueMail | None:
    """The trial may have ended before its planned end."""
    planned = body.get("ends_at")
    if not isinstance(planned, str):
        return None
    try:
        ended_at = iso(min(read_iso(planned), at))
    except ValueError:
        return None
    return DueMail(ended_at, {"ends_at": ended_at})


def _failed(body: Json, _at: datetime) -> DueMail | None:
    """Stripe tries a card several times: one message per invoice."""
    data = body.get("data")
    invoice = data.get("object") if isinstance(data, dict) else None
    if not isinstance(invoice, dict) or not isinstance(invoice.get("id"), str):
        return None
    about = {"invoice_id": invoice["id"][:200]}
    amount, currency = invoice.get("amount_due"), invoice.get("currency")
    if type(amount) is int and isinstance(currency, str) and currency.isascii() and currency.isalpha():
        about |= {"amount_minor": amount, "currency": currency[:3].upper()}
    return DueMail(about["invoice_id"], about)


def _welcome(_body: Json, _at: datetime) -> DueMail:
    return DueMail("1", {})


def _trial_goes_on(_conn: AnyConnection, user: Recipient, about: Json, now: datetime) -> str | None:
    ends_at = datetime.fromisoformat(about["ends_at"])
    if user.trial_status != "active":
        return f"the trial is {user.trial_status}"
    if user.trial_end_date != ends_at:
        return "the trial ends at another time now"
    return "the trial has ended" if now >= ends_at else None


def _trial_stays_expired(_conn: AnyConnection, user: Recipient, about: Json, _now: datetime) -> str | None:
    if user.trial_status != "expired":
        return f"the trial is {user.trial_status}"
    same = user.trial_end_date is None or user.trial_end_date <= datetime.fromisoformat(about["ends_at"])
    return None if same else "the trial ends at another time now"


def _still_unpaid(conn: AnyConnection, user: Recipient, about: Json, _now: datetime) -> str | None:
    if user.subscription_status in ("canceled", "incomplete_expired"):
        return f"the subscription is {user.subscription_status}"
    return "the invoice is settled" if is_settled(conn, user, about["invoice_id"]) else None


def _always(_conn: AnyConnection, _user: Recipient, _about: Json, _now: datetime) -> None:
    return None


OCCASIONS: dict[str, Occasion] = {
    occasion.name: occasion
    for occasion in (
        Occasion(
            "welcome",
            "clerk.user.created",
            "Welcome to {product}",
            _welcome,
            _always,
        ),
        Occasion(
            "trial_ending",
            "trial.ending_soon",
            "Your {product} trial ends soon",
            _ending,
            _trial_goes_on,
        ),
        Occasion(
            "trial_expired",
            "trial.expired",
            "Your {product} trial has ended",
            _expired,
            _trial_stays_expired,
        ),
        Occasion(
            "payment_failed",
            "stripe.invoice.payment_failed",
            "We could not take your payment for {product}",
            _failed,
            _still_unpaid,
        ),
    )
}
OF_EVENT = {occasion.event_type: occasion for occasion in OCCASIONS.values()}
