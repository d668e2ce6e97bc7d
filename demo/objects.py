"""Objects of the simulated Stripe, independent of an API version; `shapes` renders them."""

from dataclasses import dataclass, field
from typing import Literal

from demo.prices import Price

SubscriptionStatus = Literal[
    "incomplete",
    "incomplete_expired",
    "trialing",
    "active",
    "past_due",
    "canceled",
    "unpaid",
    "paused",
]
ENDED: frozenset[str] = frozenset({"canceled", "incomplete_expired"})
MissingMethod = Literal["create_invoice", "pause", "cancel"]


@dataclass(frozen=True)
class StripeAddress:
    line1: str
    city: str
    state: str | None
    postal_code: str
    country: str


@dataclass(frozen=True)
class Card:
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True)
class Customer:
    id: str
    created: int
    email: str
    name: str | None = None
    address: StripeAddress | None = None
    currency: str | None = None
    default_payment_method: str | None = None
    delinquent: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    deleted: bool = False


@dataclass(frozen=True)
class PaymentMethod:
    id: str
    created: int
    customer: str | None
    card: Card
    name: str | None = None
    address: StripeAddress | None = None


@dataclass(frozen=True)
class SubscriptionItem:
    id: str
    created: int
    price: Price
    period_start: int
    period_end: int


@dataclass(frozen=True)
class StripeSubscription:
    id: str
    created: int
    customer: str
    status: SubscriptionStatus
    items: tuple[SubscriptionItem, ...]
    billing_cycle_anchor: int
    default_payment_method: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    trial_start: int | None = None
    trial_end: int | None = None
    cancel_at: int | None = None
    cancel_at_period_end: bool = False
    canceled_at: int | None = None
    ended_at: int | None = None
    cancel_reason: str | None = None
    latest_invoice: str | None = None
    collection_paused: bool = False
    missing_method: MissingMethod = "create_invoice"

    @property
    def period_end(self) -> int:
        """The earliest end of its items, when it renews or ends."""
        return min(item.period_end for item in self.items)

    @property
    def ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True)
class Line:
    id: str
    price: Price
    amount_minor: int
    period_start: int
    period_end: int
    subscription_item: str


@dataclass(frozen=True)
class Invoice:
    id: str
    created: int
    customer: str
    subscription: str
    billing_reason: str
    lines: tuple[Line, ...]
    number: str
    subscription_metadata: dict[str, str] = field(default_factory=dict)
    customer_email: str | None = None
    status: str = "draft"
    amount_paid: int = 0
    attempt_count: int = 0
    next_attempt: int | None = None
    payment_intent: str | None = None
    charge: str | None = None
    finalized_at: int | None = None
    paid_at: int | None = None
    voided_at: int | None = None

    @property
    def amount_due(self) -> int:
        return sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True)
class InvoicePayment:
    id: str
    created: int
    invoice: str
    payment_intent: str
    amount: int


@dataclass(frozen=True)
class PaymentIntent:
    id: str
    created: int
    customer: str
    amount: int
    invoice: str
    status: str = "requires_payment_method"
    payment_method: str | None = None
    charge: str | None = None
    declined: bool = False


@dataclass(frozen=True)
class SetupIntent:
    id: str
    created: int
    customer: str
    status: str = "requires_payment_method"
    payment_method: str | None = None


@dataclass(frozen=True)
class Charge:
    id: str
    created: int
    customer: str
    amount: int
    invoice: str
    payment_intent: str
    payment_method: PaymentMethod
    succeeded: bool = True
    refunded: int = 0


@dataclass(frozen=True)
class CheckoutSession:
    id: str
    created: int
    customer: str
    subscription: str
    invoice: str
    email: str
    amount: int
    client_reference_id: str | None = None
    setup_intent: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


StripeObject = (
    Customer
    | PaymentMethod
    | StripeSubscription
    | Invoice
    | InvoicePayment
    | PaymentIntent
    | SetupIntent
    | Charge
    | CheckoutSession
)
