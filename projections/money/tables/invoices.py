"""invoices: what was billed, what was paid of it and what remains."""

from projections.money.declaration import MoneyColumn, MoneyTable, ObjectSource
from projections.money.tables.invoice_lines import INVOICE_LINES
from projections.money.values import CURRENCY, CUSTOMER, FLAG, INSTANT, JSON, MINOR, REFERENCE, TEXT, WORD

INVOICES = MoneyTable(
    "invoices",
    sources=(
        # Source: https://docs.stripe.com/invoicing/integration/workflow-transitions
        ObjectSource(
            "invoice", events=("stripe.invoice.*",), final=frozenset({"paid", "void"}), is_deletable=True
        ),
    ),
    created=("created", "date"),
    columns=(
        MoneyColumn("customer_id", CUSTOMER, "customer"),
        MoneyColumn("subscription_id", REFERENCE, "parent.subscription_details.subscription", "subscription"),
        MoneyColumn("number", WORD),
        MoneyColumn("status", WORD),
        MoneyColumn("billing_reason", WORD),
        MoneyColumn("collection_method", WORD, "collection_method", "billing"),
        MoneyColumn("currency", CURRENCY),
        MoneyColumn("subtotal", MINOR),
        MoneyColumn("total", MINOR),
        MoneyColumn("amount_due", MINOR),
        MoneyColumn("amount_paid", MINOR),
        MoneyColumn("amount_remaining", MINOR),
        MoneyColumn("amount_overpaid", MINOR),
        MoneyColumn("starting_balance", MINOR),
        MoneyColumn("ending_balance", MINOR),
        MoneyColumn("pre_payment_credit_notes_amount", MINOR),
        MoneyColumn("post_payment_credit_notes_amount", MINOR),
        MoneyColumn("attempt_count", MINOR),
        MoneyColumn("next_payment_attempt", INSTANT),
        MoneyColumn("due_date", INSTANT),
        MoneyColumn("period_start", INSTANT),
        MoneyColumn("period_end", INSTANT),
        MoneyColumn("finalized_at", INSTANT, "status_transitions.finalized_at", "finalized_at"),
        MoneyColumn("paid_at", INSTANT, "status_transitions.paid_at"),
        MoneyColumn("voided_at", INSTANT, "status_transitions.voided_at"),
        MoneyColumn("marked_uncollectible_at", INSTANT, "status_transitions.marked_uncollectible_at"),
        MoneyColumn("description", TEXT),
        MoneyColumn("lines_count", MINOR, "lines.total_count"),
        MoneyColumn("has_more_lines", FLAG, "lines.has_more"),
        MoneyColumn("metadata", JSON),
    ),
    children=(INVOICE_LINES,),
)
