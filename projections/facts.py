"""What a fold reads of an event: a few typed fields instead of three kilobytes of JSON.

Kept as arrays, not objects: a state is rewritten with every event, and names would be half of it.
"""

from typing import Literal

from msgspec import Struct

Source = Literal["stripe", "clerk", "tenure"]


class FactAddress(Struct, frozen=True, array_like=True):
    city: str | None = None
    country: str | None = None
    postal_code: str | None = None


class PlanHint(Struct, frozen=True, array_like=True):
    """A subscription price's fields that may name its plan; the catalog resolves them to a plan key."""

    price_id: str | None = None
    lookup_key: str | None = None
    metadata_plan: str | None = None


class SubscriptionFact(Struct, frozen=True, array_like=True, tag="subscription"):
    """A snapshot of a Stripe subscription. Instants are seconds since the epoch, as Stripe gives them.

    `offer_ends` is the end of the trial offer that the first item not billed by usage is on; the status
    may be `active` meanwhile. New fields stand last: states stored by older code are read too.
    `claimed_user` is empty where the metadata names no user, None where there is no metadata.
    """

    id: str
    customer: str
    status: str
    created: int
    hint: PlanHint
    period_ends: int | None
    cancel_at: int | None
    cancel_at_period_end: bool
    canceled_at: int | None
    ended_at: int | None
    trial_start: int | None
    trial_end: int | None
    payment_method: str | None
    claimed_user: str | None
    more_hints: tuple[PlanHint, ...] = ()
    metadata_plan: str | None = None
    offer_ends: int | None = None

    @property
    def hints(self) -> tuple[PlanHint, ...]:
        """The hint of each item's price, in item order."""
        return (self.hint, *self.more_hints)


class CustomerFact(Struct, frozen=True, array_like=True, tag="customer"):
    """`claimed_user` is empty where the metadata names no user, None where there is no metadata."""

    id: str
    payment_method: str | None
    address: FactAddress
    deleted: bool
    claimed_user: str | None
    created: int = 0


class PaymentMethodFact(Struct, frozen=True, array_like=True, tag="payment_method"):
    id: str
    customer: str | None
    last4: str | None
    brand: str | None
    exp_month: int | None
    exp_year: int | None
    address: FactAddress
    detached: bool


class InvoicePaid(Struct, frozen=True, array_like=True, tag="invoice_paid"):
    """`is_first` is true for the invoice that a subscription begins with: a set-up fee, during a trial."""

    amount_paid_minor: int
    id: str | None = None
    subscription: str | None = None
    is_first: bool = False


class Checkout(Struct, frozen=True, array_like=True, tag="checkout"):
    """`plan` is what was bought; an expired or failed session names none."""

    customer: str | None
    plan: str | None
    claimed_user: str | None
    claim_is_metadata: bool
    id: str | None = None
    created: int = 0


class ClerkUserFact(Struct, frozen=True, array_like=True, tag="clerk_user"):
    email: str | None
    full_name: str | None
    is_admin: bool
    created_at: int | None


class ClerkUserDeleted(Struct, frozen=True, array_like=True, tag="clerk_user_deleted"):
    pass


class OwnFact(Struct, frozen=True, array_like=True, tag="own"):
    """A domain event: its payload, decoded by the rule that folds it."""

    payload: str


Body = (
    SubscriptionFact
    | CustomerFact
    | PaymentMethodFact
    | InvoicePaid
    | Checkout
    | ClerkUserFact
    | ClerkUserDeleted
    | OwnFact
)


class Problem(Struct, frozen=True, array_like=True):
    """Why the event could not be read; the fold stops at the event, not before."""

    field: str
    reason: str


class Fact(Struct, frozen=True, array_like=True):
    """One event as a fold sees it. `at` is microseconds since the epoch.

    `before` is the same object before this event, where the provider sent previous attributes: it
    orders events within one second.
    """

    at: int
    source: Source
    type: str
    key: str
    id: str
    part: int
    position: int
    body: Body | None = None
    before: Body | None = None
    problem: Problem | None = None
