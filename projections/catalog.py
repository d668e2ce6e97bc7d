"""The plan catalog: which plan a price means and what a plan allows, from plan.published and plan.retired."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from events.text import storable_json
from projections.shapes.subscription import PlanHint

UNLIMITED = -1
FREE = "free"


class CatalogPlan(Struct, frozen=True):
    """One plan as of some instant. Prices are minor units of `currency`."""

    plan_key: str
    plan_name: str
    campaigns_limit: int
    creators_limit: int
    features: dict[str, Any]  # Any: the platform's own JSON
    price_monthly: int
    price_yearly: int
    currency: str
    stripe_price_id_monthly: str | None
    stripe_price_id_yearly: str | None
    display_order: int
    is_active: bool
    published_at: int
    changed_at: int
    limits_changed_at: int


class Catalog(Struct):
    """All plans ever published. `prices` includes the price ids of earlier versions: a customer who
    bought at an old price still has the plan."""

    plans: dict[str, CatalogPlan] = field(default_factory=dict)
    prices: dict[str, str] = field(default_factory=dict)
    prices_changed_at: dict[str, int] = field(default_factory=dict)

    def plan_of(self, hint: PlanHint) -> str | None:
        """The plan a price means; None when the catalog knows no field of the hint."""
        if hint.price_id is not None and (plan := self.prices.get(hint.price_id)):
            return plan
        for key in (_without_interval(hint.lookup_key, self.plans), hint.metadata_plan):
            if key is not None and key in self.plans:
                return key
        return None

    def first_known(self, hints: Iterable[PlanHint]) -> tuple[PlanHint, str] | None:
        """The first hint that names a plan, and the plan; None when the catalog knows no hint."""
        return next(((hint, plan) for hint in hints if (plan := self.plan_of(hint))), None)

    def mapped_at(self, hint: PlanHint, plan: str | None) -> int:
        """When the catalog last changed the plan of this hint; microseconds since the epoch."""
        by_price = self.prices_changed_at.get(hint.price_id or "", 0)
        catalog_plan = self.plans.get(plan or "")
        return by_price or (catalog_plan.published_at if catalog_plan else 0)

    def digest(self) -> str:
        """Identifies this catalog: rows written under another digest must be written again."""
        return sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()[:32]


class PlanEvent(Struct):
    """A row of the catalog's route. `at` is microseconds since the epoch."""

    at: int
    type: str
    key: str
    payload: str


# The limits of subscription_plans: a plan beyond them is ignored, and its previous version stays.
Key = Annotated[str, Meta(max_length=200)]
Int4 = Annotated[int, Meta(ge=-2_147_483_648, le=2_147_483_647)]
Int8 = Annotated[int, Meta(ge=-9_223_372_036_854_775_808, le=9_223_372_036_854_775_807)]


class _Published(Struct):
    plan_key: Key
    plan_name: str
    campaigns_limit: Int4
    creators_limit: Int4
    features: dict[str, Any] = field(default_factory=dict)  # Any: the platform's own JSON
    price_monthly: Int8 = 0
    price_yearly: Int8 = 0
    currency: str = "usd"
    stripe_price_id_monthly: str | None = None
    stripe_price_id_yearly: str | None = None
    display_order: Int4 = 0


class _Retired(Struct):
    plan_key: str


_PUBLISHED = msgspec.json.Decoder(_Published)
_RETIRED = msgspec.json.Decoder(_Retired)


def fold_catalog(events: Iterable[PlanEvent]) -> Catalog:
    """The catalog after those events, in any order."""
    catalog = Catalog()
    for event in sorted(events, key=lambda e: (e.at, e.type, e.key)):
        if (rule := RULES.get(event.type)) is None:
            continue
        # An unreadable plan must not stop every user: its previous version stays.
        with suppress(Exception):
            rule(catalog, event)
    return catalog


def _publish(catalog: Catalog, event: PlanEvent) -> None:
    new = _PUBLISHED.decode(storable_json(event.payload))
    old = catalog.plans.get(new.plan_key)
    msgspec.json.encode(new.features)  # raises for numbers that the stored JSON can't represent
    same_limits = old is not None and (old.campaigns_limit, old.creators_limit, old.features) == (
        new.campaigns_limit,
        new.creators_limit,
        new.features,
    )
    catalog.plans[new.plan_key] = CatalogPlan(
        **msgspec.structs.asdict(new),
        is_active=True,
        published_at=old.published_at if old else event.at,
        changed_at=event.at,
        limits_changed_at=old.limits_changed_at if old and same_limits else event.at,
    )
    for price in (new.stripe_price_id_monthly, new.stripe_price_id_yearly):
        if price is not None and catalog.prices.get(price) != new.plan_key:
            catalog.prices[price] = new.plan_key
            catalog.prices_changed_at[price] = event.at


def _retire(catalog: Catalog, event: PlanEvent) -> None:
    key = _RETIRED.decode(storable_json(event.payload)).plan_key
    if plan := catalog.plans.get(key):
        catalog.plans[key] = msgspec.structs.replace(plan, is_active=False, changed_at=event.at)


def _without_interval(lookup_key: str | None, plans: dict[str, CatalogPlan]) -> str | None:
    """`glow_up_monthly` names glow_up: lookup keys are unique to a price, so they carry its interval."""
    if lookup_key is None or lookup_key in plans:
        return lookup_key
    for ending in ("monthly", "yearly", "month", "year", "annual"):
        for joint in ("_", "-"):
            if lookup_key.endswith(joint + ending):
                return lookup_key.removesuffix(joint + ending)
    return None


RULES: dict[str, Callable[[Catalog, PlanEvent], None]] = {
    "plan.published": _publish,
    "plan.retired": _retire,
}
