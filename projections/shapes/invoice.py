"""Stripe's paid invoices: what was paid, and for which subscription."""

from msgspec import Struct

from projections.shapes.stripe import Amount, Reference, StripeObject, Word, id_of


class InvoicePaid(Struct, frozen=True, array_like=True, tag="invoice_paid"):
    """`is_first` is true for the invoice that a subscription begins with: a set-up fee, during a trial."""

    amount_paid_minor: int
    id: str | None = None
    subscription: str | None = None
    is_first: bool = False


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


def invoice_paid(shape: InvoiceShape, account: str, event_type: str) -> InvoicePaid:
    details = shape.parent.subscription_details if shape.parent else None
    return InvoicePaid(
        id=shape.id,
        subscription=id_of(details.subscription if details else None) or id_of(shape.subscription),
        amount_paid_minor=shape.amount_paid,
        is_first=shape.billing_reason == "subscription_create",
    )


INVOICE = StripeObject(
    "invoice",
    InvoiceShape,
    invoice_paid,
    events=("stripe.invoice.paid", "stripe.invoice.payment_succeeded"),
)
