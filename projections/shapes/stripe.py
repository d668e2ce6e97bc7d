"""Stripe's objects as webhooks render them, from 2016 to today, to the bodies of facts.

An endpoint's API version determines the shape of its bodies, and a log has many versions: each reader
accepts all forms and never reads the version.
"""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field
from msgspec.json import Decoder

from events.text import REPLACEMENT
from projections.facts import (
    Body,
    Checkout,
    CustomerFact,
    FactAddress,
    InvoicePaid,
    PaymentMethodFact,
    PlanHint,
    SubscriptionFact,
)
from projections.shapes.decoding import convert, decode
from projections.shapes.user_ids import USER_KEYS, usable_id

Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799)]
Small = Annotated[int, Meta(ge=0, le=32_767)]
Amount = Annotated[int, Meta(ge=-9_223_372_036_854_775_808, le=9_223_372_036_854_775_807)]
Metadata = dict[str, Any] | None  # Any: hostile until proven text

# The limit of the indexed columns that store ids and words.
Word = Annotated[str, Meta(max_length=500)]

PLAN_KEYS = ("plan_key", "planId")
MOST_ITEMS = 100

# Types of Checkout events whose session was completed; metadata of other sessions sets no plan.
BOUGHT = ("session.completed", "session.async_payment_succeeded")

# Source: https://docs.stripe.com/api/cards/object and https://docs.stripe.com/api/payment_methods/object
BRANDS = {
    "american express": "amex",
    "cartes bancaires": "cartes_bancaires",
    "diners club": "diners",
    "eftpos australia": "eftpos_au",
    "union pay": "unionpay",
}


class Expanded(Struct):
    id: Word


Reference = Word | Expanded | None


class AddressShape(Struct):
    city: str | None = None
    country: str | None = None
    postal_code: str | None = None


class RecurringShape(Struct):
    usage_type: str | None = None


class PriceShape(Struct):
    """A price, or a plan of older API versions, which has its own usage type."""

    id: str | None = None
    lookup_key: str | None = None
    metadata: Metadata = None
    recurring: RecurringShape | None = None
    usage_type: str | None = None


class CurrentTrialShape(Struct):
    """A trial offer on an item.

    Source: https://docs.stripe.com/api/product-catalog/trial-offer,
    https://docs.stripe.com/payments/checkout/trial-offers
    """

    start_date: Seconds | None = None
    end_date: Seconds | None = None


class ItemShape(Struct):
    price: PriceShape | str | None = None
    plan: PriceShape | str | None = None
    current_period_end: Seconds | None = None
    current_trial: CurrentTrialShape | None = None
    deleted: bool | None = None


class ItemsShape(Struct):
    data: list[ItemShape] = field(default_factory=list)


class SubscriptionShape(Struct):
    id: Word
    customer: Reference
    status: Word
    created: Seconds = 0
    items: ItemsShape | None = None
    plan: PriceShape | str | None = None
    metadata: Metadata = None
    current_period_end: Seconds | None = None
    cancel_at: Seconds | None = None
    cancel_at_period_end: bool | None = None
    canceled_at: Seconds | None = None
    ended_at: Seconds | None = None
    trial_start: Seconds | None = None
    trial_end: Seconds | None = None
    default_payment_method: Reference = None
    default_source: Reference = None


class InvoiceSettingsShape(Struct):
    default_payment_method: Reference = None


class CustomerShape(Struct):
    id: Word
    created: Seconds = 0
    deleted: bool = False
    metadata: Metadata = None
    address: AddressShape | None = None
    invoice_settings: InvoiceSettingsShape | None = None
    default_source: Reference = None


class CardShape(Struct):
    last4: str | None = None
    brand: str | None = None
    exp_month: Small | None = None
    exp_year: Small | None = None


class BillingDetailsShape(Struct):
    address: AddressShape | None = None


class PaymentMethodShape(Struct):
    id: Word
    type: str | None = "card"
    customer: Reference = None
    card: CardShape | None = None
    billing_details: BillingDetailsShape | None = None


class SourceShape(Struct):
    """A card of API versions before payment methods, a source with a card, or a bank account."""

    id: Word
    object: str | None = "card"
    customer: Reference = None
    card: CardShape | None = None
    last4: str | None = None
    brand: str | None = None
    exp_month: Small | None = None
    exp_year: Small | None = None
    address_city: str | None = None
    address_country: str | None = None
    address_zip: str | None = None


class SubscriptionDetailsShape(Struct):
    subscription: Reference = None


class InvoiceParentShape(Struct):
    subscription_details: SubscriptionDetailsShape | None = None


class InvoiceShape(Struct):
    """`parent` names the subscription since 2025-03-31.basil, `subscription` before."""

    id: Word | None = None
    amount_paid: Amount = 0
    billing_reason: str | None = None
    subscription: Reference = None
    parent: InvoiceParentShape | None = None


class CheckoutShape(Struct):
    id: Word | None = None
    customer: Reference = None
    client_reference_id: str | None = None
    metadata: Metadata = None
    status: str | None = None
    created: Seconds = 0


class DataShape(Struct):
    object: Raw
    previous_attributes: Raw | UnsetType = UNSET


class EventShape(Struct):
    data: DataShape


_EVENT = Decoder(EventShape)
_SUBSCRIPTION = Decoder(SubscriptionShape)
_CUSTOMER = Decoder(CustomerShape)
_PAYMENT_METHOD = Decoder(PaymentMethodShape)
_SOURCE = Decoder(SourceShape)
_INVOICE = Decoder(InvoiceShape)
_CHECKOUT = Decoder(CheckoutShape)


def read_event(payload: str) -> DataShape:
    """The `data` of an event, its object still unread. Raises: Unfoldable."""
    return decode(_EVENT, payload).data


def subscription(raw: Raw | dict[str, Any], account: str, event_type: str) -> Body:
    shape = decode(_SUBSCRIPTION, raw) if isinstance(raw, Raw) else convert(raw, SubscriptionShape)
    items = [item for item in shape.items.data if not item.deleted] if shape.items else []
    hints, offer = _hints(shape, items), _offer(items)
    ends = [item.current_period_end for item in items if item.current_period_end is not None]
    return SubscriptionFact(
        id=shape.id,
        customer=account + (_id(shape.customer) or ""),
        status=shape.status,
        created=shape.created,
        hint=hints[0],
        period_ends=shape.current_period_end
        if shape.current_period_end is not None
        else min(ends, default=None),
        cancel_at=shape.cancel_at,
        cancel_at_period_end=bool(shape.cancel_at_period_end),
        canceled_at=shape.canceled_at,
        ended_at=shape.ended_at,
        trial_start=shape.trial_start if offer is None else offer.start_date,
        trial_end=shape.trial_end if offer is None else offer.end_date,
        payment_method=_id(shape.default_payment_method) or _id(shape.default_source),
        claimed_user=_claimed(shape.metadata),
        more_hints=tuple(hints[1:]),
        metadata_plan=_text(shape.metadata, PLAN_KEYS),
        offer_ends=None if offer is None else offer.end_date,
    )


def customer(raw: Raw | dict[str, Any], account: str, event_type: str) -> Body:
    shape = decode(_CUSTOMER, raw) if isinstance(raw, Raw) else convert(raw, CustomerShape)
    settings = shape.invoice_settings
    return CustomerFact(
        id=account + shape.id,
        payment_method=_id(settings.default_payment_method if settings else None)
        or _id(shape.default_source),
        address=_address(shape.address),
        deleted=shape.deleted or event_type.endswith(".deleted"),
        claimed_user=_claimed(shape.metadata),
        created=shape.created,
    )


def payment_method(raw: Raw | dict[str, Any], account: str, event_type: str) -> Body:
    shape = decode(_PAYMENT_METHOD, raw) if isinstance(raw, Raw) else convert(raw, PaymentMethodShape)
    card = shape.card if shape.card and shape.type == "card" else CardShape()
    owner = _id(shape.customer)
    return PaymentMethodFact(
        id=shape.id,
        customer=account + owner if owner else None,
        last4=card.last4,
        brand=_brand(card),
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        address=_address(shape.billing_details.address if shape.billing_details else None),
        detached=event_type.endswith(".detached"),
    )


def source(raw: Raw | dict[str, Any], account: str, event_type: str) -> Body:
    shape = decode(_SOURCE, raw) if isinstance(raw, Raw) else convert(raw, SourceShape)
    card = shape.card or (shape if shape.object == "card" else CardShape())
    owner = _id(shape.customer)
    return PaymentMethodFact(
        id=shape.id,
        customer=account + owner if owner else None,
        last4=card.last4,
        brand=_brand(card),
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        address=FactAddress(
            city=shape.address_city, country=shape.address_country, postal_code=shape.address_zip
        ),
        detached=event_type.endswith(".deleted"),
    )


def invoice_paid(raw: Raw | dict[str, Any], account: str, event_type: str) -> Body:
    shape = decode(_INVOICE, raw) if isinstance(raw, Raw) else convert(raw, InvoiceShape)
    details = shape.parent.subscription_details if shape.parent else None
    return InvoicePaid(
        id=shape.id,
        subscription=_id(details.subscription if details else None) or _id(shape.subscription),
        amount_paid_minor=shape.amount_paid,
        is_first=shape.billing_reason == "subscription_create",
    )


def checkout(raw: Raw | dict[str, Any], account: str, event_type: str) -> Body:
    shape = decode(_CHECKOUT, raw) if isinstance(raw, Raw) else convert(raw, CheckoutShape)
    owner = _id(shape.customer)
    by_metadata = _user_in(shape.metadata)
    return Checkout(
        id=shape.id,
        customer=account + owner if owner else None,
        plan=_text(shape.metadata, PLAN_KEYS) if _is_bought(shape, event_type) else None,
        claimed_user=by_metadata or usable_id(shape.client_reference_id),
        claim_is_metadata=by_metadata is not None,
        created=shape.created,
    )


def _is_bought(shape: CheckoutShape, event_type: str) -> bool:
    """Whether the session was completed; a reconciliation snapshot shows it in the session's status."""
    return event_type.endswith(BOUGHT) or (event_type.endswith(".snapshot") and shape.status == "complete")


def _hints(shape: SubscriptionShape, items: list[ItemShape]) -> list[PlanHint]:
    """Each item's price, in item order; in old shapes its plan, or the subscription's own. Never empty."""
    prices = [price for item in items[:MOST_ITEMS] if (price := _price(item))]
    if not prices:
        prices = [_as_price(shape.plan) if shape.plan else PriceShape()]
    return [PlanHint(price.id, price.lookup_key, _text(price.metadata, PLAN_KEYS)) for price in prices]


def _price(item: ItemShape) -> PriceShape | None:
    price = item.price or item.plan
    return _as_price(price) if price else None


def _as_price(price: PriceShape | str) -> PriceShape:
    return PriceShape(id=price) if isinstance(price, str) else price


def _offer(items: list[ItemShape]) -> CurrentTrialShape | None:
    """The trial offer of the first item not billed by usage: an add-on's offer is not a trial of the plan."""
    for item in items:
        price = _price(item) or PriceShape()
        usage_type = price.recurring.usage_type if price.recurring else price.usage_type
        if usage_type != "metered":
            return item.current_trial if item.current_trial and item.current_trial.end_date else None
    return None


def _brand(card: CardShape | SourceShape) -> str | None:
    """A card's brand as payment methods spell it; card objects and sources have display names."""
    if not card.brand:
        return None
    return BRANDS.get(card.brand.lower(), card.brand.lower())


def _id(reference: Reference) -> str | None:
    """An id, whether the field was expanded or not."""
    return reference.id if isinstance(reference, Expanded) else reference or None


def _address(shape: AddressShape | None) -> FactAddress:
    return FactAddress(shape.city, shape.country, shape.postal_code) if shape else FactAddress()


def _claimed(metadata: Metadata) -> str | None:
    """The user that the metadata names: empty when it names none, None when there is no metadata."""
    return None if metadata is None else _user_in(metadata) or ""


def _user_in(metadata: Metadata) -> str | None:
    candidates = (usable_id((metadata or {}).get(key)) for key in USER_KEYS)
    return next((user for user in candidates if user is not None), None)


def _text(metadata: Metadata, keys: tuple[str, ...]) -> str | None:
    for key in keys if metadata else ():
        if text := _usable(metadata.get(key) if metadata else None):
            return text
    return None


def _usable(value: object) -> str | None:
    """A key from another party: text of at most 200 characters without a NUL (read as U+FFFD), or None."""
    if not isinstance(value, str) or REPLACEMENT in value:
        return None
    return value.strip() if 0 < len(value.strip()) <= 200 else None
