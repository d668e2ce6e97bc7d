"""subscription_discounts: what reduces a subscription's invoices; of an unexpanded discount only its id."""

from projections.money.declaration import Children, MoneyColumn
from projections.money.values import CURRENCY, CUSTOMER, DECIMAL, INSTANT, MINOR, REFERENCE, WORD

SUBSCRIPTION_DISCOUNTS = Children(
    "subscription_discounts",
    parent="subscription_id",
    lists=("discounts", "discount"),
    created=("start",),
    columns=(
        MoneyColumn("customer_id", CUSTOMER, "^customer"),
        MoneyColumn("coupon_id", REFERENCE, "source.coupon", "coupon"),
        MoneyColumn("promotion_code_id", REFERENCE, "promotion_code"),
        MoneyColumn("currency", CURRENCY, "source.coupon.currency", "coupon.currency", "^currency"),
        MoneyColumn("amount_off", MINOR, "source.coupon.amount_off", "coupon.amount_off"),
        MoneyColumn("percent_off", DECIMAL, "source.coupon.percent_off", "coupon.percent_off"),
        MoneyColumn("duration", WORD, "source.coupon.duration", "coupon.duration"),
        MoneyColumn("starts_at", INSTANT, "start"),
        MoneyColumn("ends_at", INSTANT, "end"),
    ),
)
