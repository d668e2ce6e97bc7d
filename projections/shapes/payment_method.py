"""Stripe's payment methods, and the cards and sources of older API versions."""

from msgspec import Struct

from projections.shapes.stripe import (
    AddressShape,
    FactAddress,
    Reference,
    Small,
    StripeObject,
    Word,
    address_of,
    id_of,
)

# Source: https://docs.stripe.com/api/cards/object and https://docs.stripe.com/api/payment_methods/object
BRANDS = {
    "american express": "amex",
    "cartes bancaires": "cartes_bancaires",
    "diners club": "diners",
    "eftpos australia": "eftpos_au",
    "union pay": "unionpay",
}


class PaymentMethodFact(Struct, frozen=True, array_like=True, tag="payment_method"):
    id: str
    customer: str | None
    last4: str | None
    brand: str | None
    exp_month: int | None
    exp_year: int | None
    address: FactAddress
    detached: bool


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


def payment_method(shape: PaymentMethodShape, account: str, event_type: str) -> PaymentMethodFact:
    card = shape.card if shape.card and shape.type == "card" else CardShape()
    owner = id_of(shape.customer)
    return PaymentMethodFact(
        id=shape.id,
        customer=account + owner if owner else None,
        last4=card.last4,
        brand=_brand(card),
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        address=address_of(shape.billing_details.address if shape.billing_details else None),
        detached=event_type.endswith(".detached"),
    )


def source(shape: SourceShape, account: str, event_type: str) -> PaymentMethodFact:
    card = shape.card or (shape if shape.object == "card" else CardShape())
    owner = id_of(shape.customer)
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


def _brand(card: CardShape | SourceShape) -> str | None:
    """A card's brand as payment methods spell it; card objects and sources have display names."""
    if not card.brand:
        return None
    return BRANDS.get(card.brand.lower(), card.brand.lower())


PAYMENT_METHOD = StripeObject(
    "payment_method",
    PaymentMethodShape,
    payment_method,
    events=("stripe.payment_method.*", "stripe.snapshot.payment_method*"),
)
SOURCE = StripeObject(
    "source",
    SourceShape,
    source,
    events=("stripe.customer.source.*", "stripe.customer.card.*"),
)
