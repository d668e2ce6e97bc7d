"""Plans proposed from Stripe's prices: a file for `tenure plans publish`, to be reviewed first."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct
from msgspec import field as named

from events.text import storable
from providers.reconcile.stripe_api import StripeApi

ENDINGS = re.compile(r"[_-](?:monthly|yearly|month|year|annual)$")
COLUMNS = {"month": "monthly", "year": "yearly"}


class _Product(Struct):
    id: str
    name: str = ""
    metadata: dict[str, Any] = named(default_factory=dict)  # Any: the shop's own


class _Recurring(Struct):
    interval: str
    interval_count: int = 1


class _Price(Struct):
    id: str
    product: _Product | str
    currency: str = "usd"
    unit_amount: int | None = None
    recurring: _Recurring | None = None
    lookup_key: str | None = None
    metadata: dict[str, Any] = named(default_factory=dict)  # Any: the shop's own


@dataclass(slots=True)
class Proposal:
    """One plan as its prices suggest it; `notes` list what an operator has to decide."""

    key: str
    name: str
    currency: str
    amounts: dict[str, int] = field(default_factory=dict)
    prices: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def propose_plans(api: StripeApi) -> list[Proposal]:
    """One plan for each product with a recurring price. Raises: ReconcileError's kinds."""
    prices: list[_Price] = []
    for page in api.pages("/v1/prices", active="true", type="recurring", expand=["data.product"]):
        for body in page.objects:
            try:
                prices.append(msgspec.json.decode(body, type=_Price))
            except msgspec.MsgspecError:
                continue
    return proposed(prices)


def proposed(prices: Iterable[_Price]) -> list[Proposal]:
    """The plans those prices suggest, cheapest first; of two prices for one interval the first stays."""
    plans: dict[str, Proposal] = {}
    for price in prices:
        if price.recurring is None:
            continue
        product = price.product if isinstance(price.product, _Product) else _Product(str(price.product))
        key = _key(price, product)
        plan = plans.setdefault(key, Proposal(key, product.name or key, price.currency))
        _add(plan, price, price.recurring)
    return sorted(plans.values(), key=lambda plan: (min(plan.amounts.values(), default=0), plan.key))


def as_toml(plans: Iterable[Proposal]) -> str:
    """The file. Limits are 0 until an operator decides: a guess could grant too much."""
    lines = [
        "# Proposed from Stripe's prices. Stripe knows no limits: decide each, then",
        "# tenure plans publish FILE",
        "",
        "[plans.free]",
        'plan_name = "Free"',
        "campaigns_limit = 0",
        "creators_limit = 0",
        "",
    ]
    for order, plan in enumerate(plans, 1):
        lines += [f"# {note}" for note in plan.notes]
        lines += [f"[plans.{_quoted(plan.key)}]", f"plan_name = {_quoted(plan.name)}"]
        lines += ["campaigns_limit = 0  # decide; -1 is unlimited", "creators_limit = 0  # decide"]
        for column, amount in sorted(plan.amounts.items()):
            lines.append(f"price_{column} = {amount}")
        lines.append(f"currency = {_quoted(plan.currency)}")
        for column, price_id in sorted(plan.prices.items()):
            lines.append(f"stripe_price_id_{column} = {_quoted(price_id)}")
        lines += [f"display_order = {order}", ""]
    return "\n".join(lines)


def _add(plan: Proposal, price: _Price, recurring: _Recurring) -> None:
    column = COLUMNS.get(recurring.interval) if recurring.interval_count == 1 else None
    if column is None:
        plan.notes.append(f"{price.id}: every {recurring.interval_count} {recurring.interval} fits no column")
    elif column in plan.prices:
        plan.notes.append(f"{price.id}: a second {column} price; subscriptions on it need a lookup_key")
    elif price.currency != plan.currency:
        plan.notes.append(f"{price.id}: in {price.currency}, not {plan.currency}")
    else:
        plan.prices[column] = price.id
        plan.amounts[column] = price.unit_amount or 0


def _key(price: _Price, product: _Product) -> str:
    """The plan's key: from metadata, then the lookup key without its interval, then the name."""
    for metadata in (price.metadata, product.metadata):
        for name in ("plan_key", "planId"):
            if isinstance(metadata.get(name), str) and metadata[name].strip():
                return _slug(str(metadata[name]))
    if price.lookup_key:
        return _slug(ENDINGS.sub("", price.lookup_key))
    return _slug(product.name or product.id)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:100] or "plan"


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's, but that DEL must be escaped too."""
    return json.dumps(storable(text), ensure_ascii=False).replace("\x7f", "\\u007f")
