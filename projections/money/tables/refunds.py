"""refunds: what was paid back; a refund names a payment and belongs to the payment's customer."""

from projections.money.declaration import MoneyColumn, MoneyTable, ObjectSource
from projections.money.values import CURRENCY, JSON, MINOR, REFERENCE, WORD

REFUNDS = MoneyTable(
    "refunds",
    sources=(
        ObjectSource(
            "refund",
            events=("stripe.refund.*", "stripe.charge.refund.*"),
            final=frozenset({"failed", "canceled"}),
            payments={"payment_intent": "payment_intent", "charge": "charge"},
        ),
    ),
    columns=(
        MoneyColumn("charge_id", REFERENCE, "charge"),
        MoneyColumn("payment_intent_id", REFERENCE, "payment_intent"),
        MoneyColumn("status", WORD),
        MoneyColumn("currency", CURRENCY),
        MoneyColumn("amount", MINOR),
        MoneyColumn("reason", WORD),
        MoneyColumn("failure_reason", WORD),
        MoneyColumn("metadata", JSON),
    ),
    is_joined=True,
)
