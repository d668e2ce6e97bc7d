"""Checkout sessions: often the only objects that link a customer to a user (`client_reference_id`).

A session becomes a `checkout.session.snapshot` event at its creation time, since its link was true
then. Only sessions that name a user whom the customer's events have not named become events.
"""

import msgspec
import structlog
from msgspec import Raw, Struct

from events import livemode
from events.clock import from_micros
from events.statements import AnyConnection
from projections.parse_fact import STRIPE_READERS
from projections.shapes.checkout import Checkout
from providers.reconcile.drift import Drift
from providers.reconcile.logged_objects import logged_customers
from providers.reconcile.objects import ComparisonScope
from providers.reconcile.snapshots import Seen, snapshot
from providers.reconcile.statements import erased_among
from providers.reconcile.stripe_api import ObjectPage

logger = structlog.get_logger(__name__)

LISTED = "checkout/sessions"
TYPE = "checkout.session.snapshot"


class _Head(Struct):
    id: str
    created: int
    livemode: bool = True


_HEAD = msgspec.json.Decoder(_Head)


def read_sessions(page: ObjectPage, judge: ComparisonScope) -> list[Seen]:
    """The sessions that name both a customer and a user."""
    return [
        one
        for body in page.objects
        if (one := _read(body, judge)) is not None and livemode.counts(one.livemode)
    ]


def compare_sessions(conn: AnyConnection, sessions: list[Seen], judge: ComparisonScope) -> list[Drift]:
    """Sessions whose link the log lacks; erased persons are skipped."""
    erased = erased_among(conn, {one.route for one in sessions} | {_user_in(one) for one in sessions})
    sessions = [one for one in sessions if not {one.route, _user_in(one)} & erased]
    ours = logged_customers(conn, {one.route for one in sessions})
    drifts = []
    for one in sessions:
        user = _user_in(one)
        if any(getattr(fact.body, "claimed_user", None) == user for fact in ours[one.route].facts):
            continue
        event = snapshot(
            one,
            after=None,
            cause="import" if judge.importing else "missed event",
            envelope=judge.envelope,
            account=judge.account,
            event_type=TYPE,
        )
        fields = {"claimed_user": (None, user)}
        drifts.append(
            Drift(kind="checkout_session", object_id=one.id, cause="missed event", fields=fields, event=event)
        )
    return drifts


def _user_in(one: Seen) -> str:
    return str(getattr(one.theirs, "claimed_user", ""))


def _read(body: bytes, judge: ComparisonScope) -> Seen | None:
    owner = "" if judge.account is None else f"{judge.account}/"
    try:
        head = _HEAD.decode(body)
        theirs = STRIPE_READERS["checkout"](Raw(body), owner, "")
    except Exception as problem:  # one object that can't be read must not end the run
        logger.warning("reconcile.object_unreadable", error=type(problem).__name__)
        return None
    if not isinstance(theirs, Checkout) or not theirs.customer or not theirs.claimed_user:
        return None
    return Seen(
        kind="checkout_session",
        id=head.id,
        route=theirs.customer,
        body=body,
        theirs=theirs,
        livemode=head.livemode,
        created=head.created,
        observed_at=from_micros(head.created * 1_000_000),
    )
