"""payments: one row per PaymentIntent, or per charge without one.

A charge adds to the row of its PaymentIntent, the newest charge where there were several attempts. Since
2025-03-31.basil only an `invoice_payment` says which invoice was paid.
"""

from projections.money.declaration import MoneyColumn, MoneyTable, ObjectSource
from projections.money.values import CURRENCY, CUSTOMER, FLAG, INSTANT, JSON, MINOR, REFERENCE, TEXT, WORD

PAYMENTS = MoneyTable(
    "payments",
    sources=(
        ObjectSource(
            "payment_intent",
            events=("stripe.payment_intent.*",),
            final=frozenset({"succeeded", "canceled"}),
        ),
        ObjectSource(
            "charge",
            events=("stripe.charge.*",),
            row=("payment_intent", "id"),
            payments={"payment_intent": "payment_intent"},
        ),
        ObjectSource(
            "invoice_payment",
            events=("stripe.invoice_payment.*",),
            row=("payment.payment_intent", "payment.charge"),
            makes_row=False,
            payments={"payment_intent": "payment.payment_intent", "charge": "payment.charge"},
        ),
    ),
    columns=(
        MoneyColumn("customer_id", CUSTOMER, payment_intent="customer", charge="customer"),
        MoneyColumn(
            "invoice_id", REFERENCE, invoice_payment="invoice", payment_intent="invoice", charge="invoice"
        ),
        MoneyColumn("charge_id", REFERENCE, payment_intent="latest_charge", charge="id"),
        MoneyColumn("status", WORD, payment_intent="status", charge="status"),
        MoneyColumn("currency", CURRENCY, payment_intent="currency", charge="currency"),
        MoneyColumn("amount", MINOR, payment_intent="amount", charge="amount"),
        MoneyColumn("amount_received", MINOR, payment_intent="amount_received", charge="amount_captured"),
        MoneyColumn("amount_capturable", MINOR, payment_intent="amount_capturable"),
        MoneyColumn("amount_refunded", MINOR, charge="amount_refunded"),
        MoneyColumn("disputed", FLAG, charge="disputed"),
        MoneyColumn("payment_method_id", REFERENCE, payment_intent="payment_method", charge="payment_method"),
        MoneyColumn("payment_method_type", WORD, charge="payment_method_details.type"),
        MoneyColumn("failure_code", WORD, payment_intent="last_payment_error.code", charge="failure_code"),
        MoneyColumn(
            "decline_code",
            WORD,
            payment_intent="last_payment_error.decline_code",
            charge="outcome.reason",
        ),
        MoneyColumn(
            "failure_message", TEXT, payment_intent="last_payment_error.message", charge="failure_message"
        ),
        MoneyColumn("cancellation_reason", WORD, payment_intent="cancellation_reason"),
        MoneyColumn("canceled_at", INSTANT, payment_intent="canceled_at"),
        MoneyColumn("description", TEXT, payment_intent="description", charge="description"),
        MoneyColumn("metadata", JSON, payment_intent="metadata", charge="metadata"),
    ),
)
