"""subscriptions: every subscription of every customer, not only the one that decides a plan."""

from projections.money.declaration import MoneyColumn, MoneyTable, ObjectSource
from projections.money.tables.subscription_discounts import SUBSCRIPTION_DISCOUNTS
from projections.money.tables.subscription_items import SUBSCRIPTION_ITEMS
from projections.money.values import (
    CURRENCY,
    CUSTOMER,
    EARLIEST,
    FLAG,
    INSTANT,
    JSON,
    MINOR,
    REFERENCE,
    WORD,
)

SUBSCRIPTIONS = MoneyTable(
    "subscriptions",
    sources=(
        ObjectSource(
            "subscription",
            events=("stripe.customer.subscription.*",),
            final=frozenset({"canceled", "incomplete_expired"}),
        ),
    ),
    columns=(
        MoneyColumn("customer_id", CUSTOMER, "customer"),
        MoneyColumn("currency", CURRENCY, "currency", "items.data.0.price.currency", "plan.currency"),
        MoneyColumn("status", WORD),
        MoneyColumn("collection_method", WORD, "collection_method", "billing"),
        MoneyColumn(
            "current_period_start", EARLIEST, "current_period_start", "items.data.*.current_period_start"
        ),
        MoneyColumn("current_period_end", EARLIEST, "current_period_end", "items.data.*.current_period_end"),
        MoneyColumn("start_date", INSTANT, "start_date", "start"),
        MoneyColumn("billing_cycle_anchor", INSTANT),
        MoneyColumn("trial_start", INSTANT),
        MoneyColumn("trial_end", INSTANT),
        MoneyColumn("cancel_at", INSTANT),
        MoneyColumn("cancel_at_period_end", FLAG),
        MoneyColumn("canceled_at", INSTANT),
        MoneyColumn("ended_at", INSTANT),
        MoneyColumn("cancellation_reason", WORD, "cancellation_details.reason"),
        MoneyColumn("pause_collection", JSON),
        MoneyColumn("latest_invoice_id", REFERENCE, "latest_invoice"),
        MoneyColumn("default_payment_method_id", REFERENCE, "default_payment_method", "default_source"),
        MoneyColumn("schedule_id", REFERENCE, "schedule"),
        MoneyColumn("items_count", MINOR, "items.total_count"),
        MoneyColumn("has_more_items", FLAG, "items.has_more"),
        MoneyColumn("metadata", JSON),
    ),
    children=(SUBSCRIPTION_ITEMS, SUBSCRIPTION_DISCOUNTS),
)
