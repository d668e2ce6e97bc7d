"""Stripe's subscriptions: the prices that name a plan, the period, the trial and the cancellation."""

from msgspec import Struct, field

from projections.shapes.stripe import (
    PLAN_KEYS,
    Metadata,
    Reference,
    Seconds,
    StripeObject,
    Word,
    claimed_user,
    id_of,
    text_of,
)

MAX_ITEMS = 100


class PlanHint(Struct, frozen=True, array_like=True):
    """A subscription price's fields that may name its plan; the catalog resolves them to a plan key."""

    price_id: str | None = None
    lookup_key: str | None = None
    metadata_plan: str | None = None


class SubscriptionFact(Struct, frozen=True, array_like=True, tag="subscription"):
    """A snapshot of a Stripe subscription. Instants are seconds since the epoch, as Stripe gives them.

    `offer_ends` is the end of the trial offer that the first item not billed by usage is on; the status
    may be `active` meanwhile. New fields stand last: states stored by older code are read too.
    `claimed_user` is empty where the metadata names no user, None where there is no metadata.
    """

    id: str
    customer: str
    status: str
    created: int
    hint: PlanHint
    period_ends: int | None
    cancel_at: int | None
    cancel_at_period_end: bool
    canceled_at: int | None
    ended_at: int | None
    trial_start: int | None
    trial_end: int | None
    payment_method: str | None
    claimed_user: str | None
    more_hints: tuple[PlanHint, ...] = ()
    metadata_plan: str | None = None
    offer_ends: int | None = None

    @property
    def hints(self) -> tuple[PlanHint, ...]:
        """The hint of each item's price, in item order."""
        return (self.hint, *self.more_hints)


class RecurringShape(Struct):
    usage_type: str | None = None


class PriceShape(Struct):
    """A price, or a plan of older API versions, which has its own usage type."""

    id: str | None = None
    lookup_key: str | None = None
    metadata: Metadata = None
    recurring: RecurringShape | None = None
    usage_type: str | None = None


class CurrentTrialShape(Struct):
    """A trial offer on an item.

    Source: https://docs.stripe.com/api/product-catalog/trial-offer,
    https://docs.stripe.com/payments/checkout/trial-offers
    """

    start_date: Seconds | None = None
    end_date: Seconds | None = None


class ItemShape(Struct):
    price: PriceShape | str | None = None
    plan: PriceShape | str | None = None
    current_period_end: Seconds | None = None
    current_trial: CurrentTrialShape | None = None
    deleted: bool | None = None


class ItemsShape(Struct):
    data: list[ItemShape] = field(default_factory=list)


class SubscriptionShape(Struct):
    id: Word
    customer: Reference
    status: Word
    created: Seconds = 0
    items: ItemsShape | None = None
    plan: PriceShape | str | None = None
    metadata: Metadata = None
    current_period_end: Seconds | None = None
    cancel_at: Seconds | None = None
    cancel_at_period_end: bool | None = None
    canceled_at: Seconds | None = None
    ended_at: Seconds | None = None
    trial_start: Seconds | None = None
    trial_end: Seconds | None = None
    default_payment_method: Reference = None
    default_source: Reference = None


def subscription(shape: SubscriptionShape, account: str, event_type: str) -> SubscriptionFact:
    items = [item for item in shape.items.data if not item.deleted] if shape.items else []
    hints, offer = _hints(shape, items), _offer(items)
    ends = [item.current_period_end for item in items if item.current_period_end is not None]
    return SubscriptionFact(
        id=shape.id,
        customer=account + (id_of(shape.customer) or ""),
        status=shape.status,
        created=shape.created,
        hint=hints[0],
        period_ends=shape.current_period_end
        if shape.current_period_end is not None
        else min(ends, default=None),
        cancel_at=shape.cancel_at,
        cancel_at_period_end=bool(shape.cancel_at_period_end),
        canceled_at=shape.canceled_at,
        ended_at=shape.ended_at,
        trial_start=shape.trial_start if offer is None else offer.start_date,
        trial_end=shape.trial_end if offer is None else offer.end_date,
        payment_method=id_of(shape.default_payment_method) or id_of(shape.default_source),
        claimed_user=claimed_user(shape.metadata),
        more_hints=tuple(hints[1:]),
        metadata_plan=text_of(shape.metadata, PLAN_KEYS),
        offer_ends=None if offer is None else offer.end_date,
    )


def _hints(shape: SubscriptionShape, items: list[ItemShape]) -> list[PlanHint]:
    """Each item's price, in item order; in old shapes its plan, or the subscription's own. Never empty."""
    prices = [price for item in items[:MAX_ITEMS] if (price := _price(item))]
    if not prices:
        prices = [_as_price(shape.plan) if shape.plan else PriceShape()]
    return [PlanHint(price.id, price.lookup_key, text_of(price.metadata, PLAN_KEYS)) for price in prices]


def _price(item: ItemShape) -> PriceShape | None:
    price = item.price or item.plan
    return _as_price(price) if price else None


def _as_price(price: PriceShape | str) -> PriceShape:
    return PriceShape(id=price) if isinstance(price, str) else price


def _offer(items: list[ItemShape]) -> CurrentTrialShape | None:
    """The trial offer of the first item not billed by usage: an add-on's offer is not a trial of the plan."""
    for item in items:
        price = _price(item) or PriceShape()
        usage_type = price.recurring.usage_type if price.recurring else price.usage_type
        if usage_type != "metered":
            return item.current_trial if item.current_trial and item.current_trial.end_date else None
    return None


SUBSCRIPTION = StripeObject(
    "subscription",
    SubscriptionShape,
    subscription,
    events=("stripe.customer.subscription.*", "stripe.snapshot.subscription*"),
)
