"""Stripe's objects as webhooks render them, from 2016 to today, to the bodies of facts.

An endpoint's API version fixes the shape of its bodies, and a log holds many versions: each reader
takes whichever form it finds and never looks at the version.
"""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field
from msgspec.json import Decoder

from events.text import REPLACEMENT
from projections.facts import (
    Address,
    Body,
    Checkout,
    Customer,
    InvoicePaid,
    PaymentMethod,
    PlanHint,
    Subscription,
)
from projections.shapes.decoding import convert, decode

Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799)]
Small = Annotated[int, Meta(ge=0, le=32_767)]
Metadata = dict[str, Any] | None  # Any: hostile until proven text

# Ids and words stand in indexed columns, which can't hold them longer.
Word = Annotated[str, Meta(max_length=500)]

PLAN_KEYS = ("plan_key", "planId")
USER_KEYS = ("userId", "user_id", "clerk_user_id")


class Expanded(Struct):
    id: Word


Reference = Word | Expanded | None


class AddressShape(Struct):
    city: str | None = None
    country: str | None = None
    postal_code: str | None = None


class PriceShape(Struct):
    id: str | None = None
    lookup_key: str | None = None
    metadata: Metadata = None


class ItemShape(Struct):
    price: PriceShape | str | None = None
    plan: PriceShape | str | None = None
    current_period_end: Seconds | None = None


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
    customer: Reference = None
    card: CardShape | None = None
    billing_details: BillingDetailsShape | None = None


class SourceShape(Struct):
    """A card of the days before payment methods, or a source that holds one."""

    id: str
    customer: Reference = None
    card: CardShape | None = None
    last4: str | None = None
    brand: str | None = None
    exp_month: Small | None = None
    exp_year: Small | None = None
    address_city: str | None = None
    address_country: str | None = None
    address_zip: str | None = None


class InvoiceShape(Struct):
    amount_paid: int = 0


class CheckoutShape(Struct):
    customer: Reference = None
    client_reference_id: str | None = None
    metadata: Metadata = None


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


def subscription(found: Raw | dict[str, Any], account: str, event_type: str) -> Body:
    shape = decode(_SUBSCRIPTION, found) if isinstance(found, Raw) else convert(found, SubscriptionShape)
    items = shape.items.data if shape.items else []
    ends = [item.current_period_end for item in items if item.current_period_end is not None]
    return Subscription(
        id=shape.id,
        customer=account + (_id(shape.customer) or ""),
        status=shape.status,
        created=shape.created,
        hint=_hint(shape, items),
        period_ends=shape.current_period_end
        if shape.current_period_end is not None
        else min(ends, default=None),
        cancel_at=shape.cancel_at,
        cancel_at_period_end=bool(shape.cancel_at_period_end),
        canceled_at=shape.canceled_at,
        ended_at=shape.ended_at,
        trial_start=shape.trial_start,
        trial_end=shape.trial_end,
        payment_method=_id(shape.default_payment_method) or _id(shape.default_source),
        claimed_user=_text(shape.metadata, USER_KEYS),
    )


def customer(found: Raw | dict[str, Any], account: str, event_type: str) -> Body:
    shape = decode(_CUSTOMER, found) if isinstance(found, Raw) else convert(found, CustomerShape)
    settings = shape.invoice_settings
    return Customer(
        id=account + shape.id,
        payment_method=_id(settings.default_payment_method if settings else None)
        or _id(shape.default_source),
        address=_address(shape.address),
        deleted=shape.deleted or event_type.endswith(".deleted"),
        claimed_user=_text(shape.metadata, USER_KEYS),
    )


def payment_method(found: Raw | dict[str, Any], account: str, event_type: str) -> Body:
    shape = decode(_PAYMENT_METHOD, found) if isinstance(found, Raw) else convert(found, PaymentMethodShape)
    card = shape.card or CardShape()
    owner = _id(shape.customer)
    return PaymentMethod(
        id=shape.id,
        customer=account + owner if owner else None,
        last4=card.last4,
        brand=card.brand,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        address=_address(shape.billing_details.address if shape.billing_details else None),
        detached=event_type.endswith(".detached"),
    )


def source(found: Raw | dict[str, Any], account: str, event_type: str) -> Body:
    shape = decode(_SOURCE, found) if isinstance(found, Raw) else convert(found, SourceShape)
    card = shape.card or shape
    owner = _id(shape.customer)
    return PaymentMethod(
        id=shape.id,
        customer=account + owner if owner else None,
        last4=card.last4,
        brand=card.brand.lower() if card.brand else None,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        address=Address(
            city=shape.address_city, country=shape.address_country, postal_code=shape.address_zip
        ),
        detached=event_type.endswith(".deleted"),
    )


def invoice_paid(found: Raw | dict[str, Any], account: str, event_type: str) -> Body:
    shape = decode(_INVOICE, found) if isinstance(found, Raw) else convert(found, InvoiceShape)
    return InvoicePaid(amount_paid_minor=shape.amount_paid)


def checkout(found: Raw | dict[str, Any], account: str, event_type: str) -> Body:
    shape = decode(_CHECKOUT, found) if isinstance(found, Raw) else convert(found, CheckoutShape)
    owner = _id(shape.customer)
    by_metadata = _text(shape.metadata, USER_KEYS)
    return Checkout(
        customer=account + owner if owner else None,
        plan=_text(shape.metadata, PLAN_KEYS),
        claimed_user=by_metadata or _usable(shape.client_reference_id),
        claim_is_metadata=by_metadata is not None,
    )


def _hint(shape: SubscriptionShape, items: list[ItemShape]) -> PlanHint:
    """Price of the first item; in old shapes its plan, or the subscription's own."""
    price = (items[0].price or items[0].plan) if items else None
    price = price or shape.plan
    found = PriceShape(id=price) if isinstance(price, str) else price or PriceShape()
    return PlanHint(
        price_id=found.id,
        lookup_key=found.lookup_key,
        price_plan=_text(found.metadata, PLAN_KEYS),
        subscription_plan=_text(shape.metadata, PLAN_KEYS),
    )


def _id(reference: Reference) -> str | None:
    """An id, whether the field was expanded or not."""
    return reference.id if isinstance(reference, Expanded) else reference or None


def _address(shape: AddressShape | None) -> Address:
    return Address(shape.city, shape.country, shape.postal_code) if shape else Address()


def _text(metadata: Metadata, keys: tuple[str, ...]) -> str | None:
    for key in keys if metadata else ():
        if found := _usable(metadata.get(key) if metadata else None):
            return found
    return None


def _usable(value: object) -> str | None:
    """A key that another party chose: text of a sane length without a NUL (read as U+FFFD), or nothing."""
    if not isinstance(value, str) or REPLACEMENT in value:
        return None
    return value.strip() if 0 < len(value.strip()) <= 200 else None
