"""prices: what a product costs; a plan of older API versions is the same row, since it has the same id."""

from projections.money.declaration import MoneyColumn, MoneyTable, ObjectSource
from projections.money.values import CURRENCY, DECIMAL, FLAG, JSON, MINOR, REFERENCE, TEXT, WORD

PRICES = MoneyTable(
    "prices",
    sources=(
        ObjectSource("price", events=("stripe.price.*",), is_deletable=True),
        ObjectSource("plan", events=("stripe.plan.*",), is_deletable=True),
    ),
    columns=(
        MoneyColumn("product_id", REFERENCE, "product"),
        MoneyColumn("currency", CURRENCY),
        MoneyColumn("unit_amount", MINOR, "unit_amount", "amount"),
        MoneyColumn("unit_amount_decimal", DECIMAL, "unit_amount_decimal", "amount_decimal"),
        MoneyColumn("active", FLAG),
        MoneyColumn("type", WORD),
        MoneyColumn("billing_scheme", WORD),
        MoneyColumn("interval", WORD, "recurring.interval", "interval"),
        MoneyColumn("interval_count", MINOR, "recurring.interval_count", "interval_count"),
        MoneyColumn("usage_type", WORD, "recurring.usage_type", "usage_type"),
        MoneyColumn("meter", REFERENCE, "recurring.meter", "meter"),
        MoneyColumn("lookup_key", WORD),
        MoneyColumn("nickname", TEXT),
        MoneyColumn("tax_behavior", WORD),
        MoneyColumn("tiers_mode", WORD),
        MoneyColumn("tiers", JSON),
        MoneyColumn("transform_quantity", JSON, "transform_quantity", "transform_usage"),
        MoneyColumn("custom_unit_amount", JSON),
        MoneyColumn("metadata", JSON),
    ),
)
