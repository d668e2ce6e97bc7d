"""The state of one user after some prefix of their canonical history."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field

from projections.errors import StateUnreadable
from projections.facts import Fact
from projections.shapes.customer import CustomerFact
from projections.shapes.payment_method import PaymentMethodFact
from projections.shapes.stripe import FactAddress
from projections.shapes.subscription import PlanHint, SubscriptionFact

Cell = Any  # Any: a column's value: text, integer, boolean, JSON or null
Core = list[Cell]


class Trial(Struct, frozen=True, omit_defaults=True):
    """The user's current or last trial. Instants are microseconds since the epoch.

    `was_trialing`: Stripe showed it running. `is_offer`: it is a trial offer, which may have a price.
    `unpaid`: while nothing was paid for the conversion, the subscription whose status `active` converted
    the trial, and the trial's status before, to go back to.
    """

    status: str = "pending"
    starts_at: int | None = None
    ends_at: int | None = None
    converted_at: int | None = None
    subscription: str | None = None
    plan: str | None = None
    was_trialing: bool = False
    is_offer: bool = False
    unpaid: tuple[str, str] | None = None


class Grant(Struct, frozen=True):
    plan: str
    until: int | None


class Legacy(Struct, frozen=True, omit_defaults=True):
    """Values from before the log began, by column. Instants are microseconds since the epoch."""

    email: str | None = None
    full_name: str | None = None
    business_name: str | None = None
    brand_description: str | None = None
    industry: str | None = None
    onboarding_step: str = "pending"
    is_admin: bool | None = None
    current_plan: str | None = None
    intended_plan: str | None = None
    subscription_status: str | None = None
    subscription_cancel_date: int | None = None
    subscription_renewal_date: int | None = None
    stripe_subscription_id: str | None = None
    payment_method_id: str | None = None
    card_last4: str | None = None
    card_brand: str | None = None
    card_exp_month: int | None = None
    card_exp_year: int | None = None
    billing_address_city: str | None = None
    billing_address_country: str | None = None
    billing_address_postal_code: str | None = None
    signup_timestamp: int | None = None
    last_webhook_event: str | None = None
    last_webhook_timestamp: int | None = None


NO_LEGACY = Legacy()


class Poison(Struct, frozen=True):
    """The event at which this user's history stops."""

    at: int
    id: str
    type: str
    part: int
    position: int
    field: str
    reason: str


class State(Struct, omit_defaults=True):
    """A fold in progress. Only its own dictionaries are mutable, so a copy is shallow."""

    user_id: str
    links: dict[str, int] = field(default_factory=dict)
    first_at: int = 0
    last_at: int = 0
    # the instant of the last domain event; a decision must come after it
    decided_at: int = 0
    has_stripe_fact: bool = False
    # identity
    email: str | None = None
    full_name: str | None = None
    clerk_admin: bool = False
    granted_admin: bool | None = None
    signed_up_at: int | None = None
    deleted_at: int | None = None
    # each deletion in force: id of its event to its instant
    deletions: dict[str, int] = field(default_factory=dict)
    reverted: tuple[str, ...] = ()
    business_name: str | None = None
    brand_description: str | None = None
    industry: str | None = None
    onboarding_step: str = "pending"
    # profile fields that the user has cleared
    cleared: tuple[str, ...] = ()
    # values from before the log began, and whether a Clerk event came since
    legacy: Legacy | None = None
    clerk_said: bool = False
    # Stripe's objects
    subscriptions: dict[str, SubscriptionFact] = field(default_factory=dict)
    customers: dict[str, CustomerFact] = field(default_factory=dict)
    payment_methods: dict[str, PaymentMethodFact] = field(default_factory=dict)
    # method to its last attachment: microseconds, one more for each before it in the instant, since the
    # encoder keeps no dictionary's order
    attached_at: dict[str, int] = field(default_factory=dict)
    # by subscription: all plan hints of its prices, oldest first; the last payment over 0
    hints: dict[str, tuple[PlanHint, ...]] = field(default_factory=dict)
    paid_at: dict[str, int] = field(default_factory=dict)
    # objects that reconciliation found newer at Stripe, until an event shows them
    ahead: tuple[str, ...] = ()
    # decisions of the service
    trial: Trial = Trial()
    intended_plan: str | None = None
    grant: Grant | None = None
    # usage
    campaigns: int = 0
    creators: int = 0
    enrichments: int = 0
    period_starts_at: int | None = None
    # e-mails sent, and the last provider event
    emails: dict[str, dict[str, Cell]] = field(default_factory=dict)
    last_webhook: str | None = None
    last_webhook_at: int | None = None
    # the five rows without the catalog's columns, and when each last changed
    cores: dict[str, Core] = field(default_factory=dict)
    changed_at: dict[str, int] = field(default_factory=dict)
    # when each cell last changed, for the rows that change with most events
    cells_at: dict[str, list[int]] = field(default_factory=dict)
    poison: Poison | None = None

    def copy(self) -> State:
        """A state that can be folded on without touching this one."""
        twin = msgspec.structs.replace(self)
        for name in (
            "links",
            "subscriptions",
            "customers",
            "payment_methods",
            "attached_at",
            "hints",
            "paid_at",
            "emails",
            "deletions",
            "cores",
            "changed_at",
            "cells_at",
        ):
            setattr(twin, name, dict(getattr(self, name)))
        return twin


class Folded(Struct, omit_defaults=True):
    """A user's fold as stored: the state before the last instant, and the facts of that instant by rank.

    Another fact of that instant may still arrive and belong between them, so they are sorted again until
    a later fact arrives. An instant with very many facts is `crowded`: they are folded and stay only in
    the log, and another fact of that instant is late.
    """

    settled: State
    tail: list[Fact]
    crowded: int | None = None


_FOLDED = msgspec.json.Decoder(Folded)
_STATE = msgspec.json.Decoder(State)
_ENCODER = msgspec.json.Encoder(order="deterministic")

NO_ADDRESS = FactAddress()


def encode(folded: Folded) -> bytes:
    """JSON of the fold: the one encoding that is stored, compared and tested. Equal folds, equal bytes."""
    return _ENCODER.encode(folded)


def decode(text: str | bytes) -> Folded:
    """The fold from its JSON."""
    return _FOLDED.decode(text)


def read_stored(user_id: str, text: str) -> Folded:
    """The user's fold from its JSON. Raises: StateUnreadable."""
    try:
        return decode(text)
    except (msgspec.MsgspecError, RecursionError):
        raise StateUnreadable(user_id) from None


def encode_state(state: State) -> bytes:
    """JSON of a settled state; equal states, equal bytes."""
    return _ENCODER.encode(state)


def decode_state(text: bytes) -> State:
    """The settled state from its JSON."""
    return _STATE.decode(text)
