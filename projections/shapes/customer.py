"""Stripe's customers: the default payment method, the address and the user that the metadata names."""

from msgspec import Struct

from projections.shapes.stripe import (
    AddressShape,
    FactAddress,
    Metadata,
    Reference,
    Seconds,
    StripeObject,
    Word,
    address_of,
    claimed_user,
    id_of,
)


class CustomerFact(Struct, frozen=True, array_like=True, tag="customer"):
    """`claimed_user` is empty where the metadata names no user, None where there is no metadata."""

    id: str
    payment_method: str | None
    address: FactAddress
    deleted: bool
    claimed_user: str | None
    created: int = 0


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


def customer(shape: CustomerShape, account: str, event_type: str) -> CustomerFact:
    settings = shape.invoice_settings
    return CustomerFact(
        id=account + shape.id,
        payment_method=id_of(settings.default_payment_method if settings else None)
        or id_of(shape.default_source),
        address=address_of(shape.address),
        deleted=shape.deleted or event_type.endswith(".deleted"),
        claimed_user=claimed_user(shape.metadata),
        created=shape.created,
    )


CUSTOMER = StripeObject(
    "customer",
    CustomerShape,
    customer,
    events=(
        "stripe.customer.created",
        "stripe.customer.updated",
        "stripe.customer.deleted",
        "stripe.snapshot.customer*",
    ),
)
