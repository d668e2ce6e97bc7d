"""What a fold reads of an event: a few typed fields instead of three kilobytes of JSON.

Kept as arrays, not objects: a state is rewritten with every event, and names would be half of it.
"""

from typing import Literal

from msgspec import Struct

from projections.shapes.checkout import CHECKOUT, Checkout
from projections.shapes.customer import CUSTOMER, CustomerFact
from projections.shapes.invoice import INVOICE, InvoicePaid
from projections.shapes.payment_method import PAYMENT_METHOD, SOURCE, PaymentMethodFact
from projections.shapes.stripe import StripeObject
from projections.shapes.subscription import SUBSCRIPTION, SubscriptionFact

Source = Literal["stripe", "clerk", "tenure"]


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
# The kinds of Stripe object that a table reads; other events are stored and change no table.
STRIPE_OBJECTS: tuple[StripeObject[Body], ...] = (
    SUBSCRIPTION,
    CUSTOMER,
    PAYMENT_METHOD,
    SOURCE,
    INVOICE,
    CHECKOUT,
)


class FactProblem(Struct, frozen=True, array_like=True):
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
    problem: FactProblem | None = None
