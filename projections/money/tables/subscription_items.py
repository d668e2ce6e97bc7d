"""subscription_items: what a subscription consists of, with the price as the subscription shows it."""

from projections.money.declaration import Children, MoneyColumn
from projections.money.values import CURRENCY, CUSTOMER, DECIMAL, INSTANT, JSON, MINOR, REFERENCE, WORD

SUBSCRIPTION_ITEMS = Children(
    "subscription_items",
    parent="subscription_id",
    lists=("items",),
    columns=(
        MoneyColumn("customer_id", CUSTOMER, "^customer"),
        MoneyColumn("price_id", REFERENCE, "price", "plan"),
        MoneyColumn("product_id", REFERENCE, "price.product", "plan.product"),
        MoneyColumn("currency", CURRENCY, "price.currency", "plan.currency", "^currency"),
        MoneyColumn("quantity", MINOR),
        MoneyColumn("unit_amount", MINOR, "price.unit_amount", "plan.amount"),
        MoneyColumn("unit_amount_decimal", DECIMAL, "price.unit_amount_decimal", "plan.amount_decimal"),
        MoneyColumn("interval", WORD, "price.recurring.interval", "plan.interval"),
        MoneyColumn("interval_count", MINOR, "price.recurring.interval_count", "plan.interval_count"),
        MoneyColumn("usage_type", WORD, "price.recurring.usage_type", "plan.usage_type"),
        MoneyColumn("billing_scheme", WORD, "price.billing_scheme", "plan.billing_scheme"),
        MoneyColumn("tiers_mode", WORD, "price.tiers_mode", "plan.tiers_mode"),
        MoneyColumn("tiers", JSON, "price.tiers", "plan.tiers"),
        MoneyColumn("transform_quantity", JSON, "price.transform_quantity", "plan.transform_usage"),
        MoneyColumn("current_period_start", INSTANT, "current_period_start", "^current_period_start"),
        MoneyColumn("current_period_end", INSTANT, "current_period_end", "^current_period_end"),
        MoneyColumn("discounts", JSON),
        MoneyColumn("metadata", JSON),
    ),
)
