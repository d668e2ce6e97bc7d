"""credit_notes: what an invoice was reduced by after it was final."""

from projections.money.declaration import MoneyColumn, MoneyTable, ObjectSource
from projections.money.values import CURRENCY, CUSTOMER, INSTANT, JSON, MINOR, REFERENCE, TEXT, WORD

CREDIT_NOTES = MoneyTable(
    "credit_notes",
    sources=(ObjectSource("credit_note", events=("stripe.credit_note.*",), final=frozenset({"void"})),),
    columns=(
        MoneyColumn("customer_id", CUSTOMER, "customer"),
        MoneyColumn("invoice_id", REFERENCE, "invoice"),
        MoneyColumn("number", WORD),
        MoneyColumn("status", WORD),
        MoneyColumn("type", WORD),
        MoneyColumn("reason", WORD),
        MoneyColumn("currency", CURRENCY),
        MoneyColumn("subtotal", MINOR),
        MoneyColumn("total", MINOR),
        MoneyColumn("amount", MINOR),
        MoneyColumn("pre_payment_amount", MINOR),
        MoneyColumn("post_payment_amount", MINOR),
        MoneyColumn("out_of_band_amount", MINOR),
        MoneyColumn("refund_id", REFERENCE, "refund", "refunds.0.refund"),
        MoneyColumn("effective_at", INSTANT),
        MoneyColumn("voided_at", INSTANT),
        MoneyColumn("memo", TEXT),
        MoneyColumn("metadata", JSON),
    ),
)
