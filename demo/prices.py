"""The prices the simulated shop sells, as Stripe would list them."""

from dataclasses import dataclass, field
from typing import Literal

Interval = Literal["week", "month", "year"]


@dataclass(frozen=True)
class Price:
    """One recurring price; `plan_key` is the shop's plan, which Stripe does not send."""

    id: str
    plan_key: str
    interval: Interval
    amount_minor: int
    product: str
    lookup_key: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    currency: str = "usd"


def _catalog_price(plan_key: str, interval: Interval, amount_minor: int) -> Price:
    name = f"{plan_key}_{interval}ly"
    return Price(f"price_{name}", plan_key, interval, amount_minor, f"prod_{plan_key}", name)


DEFAULT_PRICES: tuple[Price, ...] = (
    _catalog_price("glow_up", "month", 99_00),
    _catalog_price("glow_up", "year", 990_00),
    _catalog_price("viral_surge", "month", 249_00),
    _catalog_price("viral_surge", "year", 2490_00),
    _catalog_price("fame_flex", "month", 499_00),
    _catalog_price("fame_flex", "year", 4990_00),
)
"""The price ids of the default plans; the plan `free` has no price."""

VARIANT_PRICES: tuple[Price, ...] = (
    Price("price_1QrLookup0GlowUp", "glow_up", "month", 79_00, "prod_glow_up", "glow_up"),
    Price(
        "price_1QrMeta0ViralSurge",
        "viral_surge",
        "month",
        199_00,
        "prod_viral_surge",
        metadata={"plan_key": "viral_surge"},
    ),
    Price(
        "price_1QrMeta0FameFlex",
        "fame_flex",
        "year",
        3990_00,
        "prod_fame_flex",
        metadata={"planId": "fame_flex"},
    ),
)
"""Prices outside the catalog, known only by `lookup_key` or by metadata."""

UNKNOWN_PRICE = Price("price_1QrUnknown0Legacy", "unknown", "month", 19_00, "prod_legacy")
"""A price nothing maps to a plan."""

ADDON_WEEKLY = Price("price_extra_credits_weekly", "addon", "week", 5_00, "prod_extra_credits")
"""A second item with a shorter period: since basil the items of one subscription can differ."""

PRICES: dict[str, Price] = {
    price.id: price for price in (*DEFAULT_PRICES, *VARIANT_PRICES, UNKNOWN_PRICE, ADDON_WEEKLY)
}


def price_of(plan_key: str, interval: Interval = "month") -> Price:
    """The catalog price of a plan.

    Raises: StopIteration for a plan or interval that is not sold.
    """
    return next(p for p in DEFAULT_PRICES if p.plan_key == plan_key and p.interval == interval)
