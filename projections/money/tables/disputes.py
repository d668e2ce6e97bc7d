"""disputes: what a customer's bank demands back; evidence is personal and stays in the log."""

from projections.money.declaration import MoneyColumn, MoneyTable, ObjectSource
from projections.money.values import CURRENCY, FLAG, INSTANT, JSON, MINOR, REFERENCE, WORD

DISPUTES = MoneyTable(
    "disputes",
    sources=(
        ObjectSource(
            "dispute",
            events=("stripe.charge.dispute.*",),
            final=frozenset({"won", "lost"}),
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
        MoneyColumn("evidence_due_by", INSTANT, "evidence_details.due_by", "evidence_due_by"),
        MoneyColumn("is_charge_refundable", FLAG),
        MoneyColumn("metadata", JSON),
    ),
    is_joined=True,
)
