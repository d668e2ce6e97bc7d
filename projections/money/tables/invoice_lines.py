"""invoice_lines: what an invoice consists of; of a long invoice the lines that its last event shows."""

from projections.money.declaration import Children, MoneyColumn
from projections.money.values import CURRENCY, CUSTOMER, DECIMAL, FLAG, INSTANT, JSON, MINOR, REFERENCE, TEXT

_ITEM = "parent.subscription_item_details"
_INVOICE_ITEM = "parent.invoice_item_details"

INVOICE_LINES = Children(
    "invoice_lines",
    parent="invoice_id",
    lists=("lines",),
    columns=(
        MoneyColumn("customer_id", CUSTOMER, "^customer"),
        MoneyColumn(
            "subscription_id",
            REFERENCE,
            f"{_ITEM}.subscription",
            f"{_INVOICE_ITEM}.subscription",
            "subscription",
        ),
        MoneyColumn("subscription_item_id", REFERENCE, f"{_ITEM}.subscription_item", "subscription_item"),
        MoneyColumn("invoice_item_id", REFERENCE, f"{_INVOICE_ITEM}.invoice_item", "invoice_item"),
        MoneyColumn("price_id", REFERENCE, "pricing.price_details.price", "price", "plan"),
        MoneyColumn(
            "product_id", REFERENCE, "pricing.price_details.product", "price.product", "plan.product"
        ),
        MoneyColumn("currency", CURRENCY, "currency", "^currency"),
        MoneyColumn("amount", MINOR),
        MoneyColumn("quantity", MINOR),
        MoneyColumn(
            "unit_amount_decimal",
            DECIMAL,
            "pricing.unit_amount_decimal",
            "price.unit_amount_decimal",
            "plan.amount_decimal",
        ),
        MoneyColumn("proration", FLAG, f"{_ITEM}.proration", f"{_INVOICE_ITEM}.proration", "proration"),
        MoneyColumn("period_start", INSTANT, "period.start"),
        MoneyColumn("period_end", INSTANT, "period.end"),
        MoneyColumn("description", TEXT),
        MoneyColumn("discount_amounts", JSON),
        MoneyColumn("taxes", JSON, "taxes", "tax_amounts"),
        MoneyColumn("metadata", JSON),
    ),
)
