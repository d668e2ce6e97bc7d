"""customers: one row per Stripe customer."""

from projections.money.declaration import MoneyColumn, MoneyTable, ObjectSource
from projections.money.values import CURRENCY, CUSTOMER, FLAG, JSON, MINOR, REFERENCE, TEXT, WORD

CUSTOMERS = MoneyTable(
    "customers",
    sources=(
        ObjectSource(
            "customer",
            events=("stripe.customer.created", "stripe.customer.updated", "stripe.customer.deleted"),
            is_deletable=True,
        ),
    ),
    columns=(
        MoneyColumn("customer_id", CUSTOMER, "id"),
        MoneyColumn("currency", CURRENCY),
        MoneyColumn("balance", MINOR, "balance", "account_balance"),
        MoneyColumn("delinquent", FLAG),
        MoneyColumn("email", TEXT),
        MoneyColumn("name", TEXT),
        MoneyColumn("description", TEXT),
        MoneyColumn("country", WORD, "address.country"),
        MoneyColumn("tax_exempt", WORD),
        MoneyColumn("default_payment_method_id", REFERENCE, "invoice_settings.default_payment_method"),
        MoneyColumn("default_source_id", REFERENCE, "default_source"),
        MoneyColumn("metadata", JSON),
    ),
)
