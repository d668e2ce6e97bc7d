"""products: what the shop sells."""

from projections.money.declaration import MoneyColumn, MoneyTable, ObjectSource
from projections.money.values import FLAG, JSON, REFERENCE, TEXT, WORD

PRODUCTS = MoneyTable(
    "products",
    sources=(ObjectSource("product", events=("stripe.product.*",), is_deletable=True),),
    columns=(
        MoneyColumn("name", TEXT),
        MoneyColumn("description", TEXT),
        MoneyColumn("active", FLAG),
        MoneyColumn("type", WORD),
        MoneyColumn("unit_label", TEXT),
        MoneyColumn("default_price_id", REFERENCE, "default_price"),
        MoneyColumn("tax_code", REFERENCE),
        MoneyColumn("metadata", JSON),
    ),
)
