"""What must be true of each person in the end, read off the little providers' own last state.

Nothing of Tenure is used here: this is the hand-made answer the projectors are held against.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from demo.objects import Customer, PaymentMethod, StripeAddress, StripeSubscription
from demo.prices import DEFAULT_PRICES
from demo.world import DemoPerson, DemoWorld

RANK = (
    "active",
    "trialing",
    "past_due",
    "unpaid",
    "paused",
    "incomplete",
    "canceled",
    "incomplete_expired",
)
IN_FORCE = frozenset({"trialing", "active", "past_due", "unpaid", "paused"})
METHOD_COLUMNS = (
    "payment_method_id",
    "card_last4",
    "card_brand",
    "card_exp_month",
    "card_exp_year",
)
ADDRESS_COLUMNS = (
    "billing_address_city",
    "billing_address_country",
    "billing_address_postal_code",
)


@dataclass
class Truth:
    """The expected columns of one user, over all tables.

    `price_id` is no column; it says which price decides the plan. `debatable` names the columns
    whose value SEMANTICS does not force: there the value is one sensible reading of it.
    """

    user_id: str
    columns: dict[str, Any] = field(default_factory=dict)  # Any: column values
    price_id: str | None = None
    debatable: set[str] = field(default_factory=set)

    @property
    def certain(self) -> dict[str, Any]:  # Any: column values
        """The columns every correct reading agrees on."""
        return {key: value for key, value in self.columns.items() if key not in self.debatable}


def truth_of(world: DemoWorld, person: DemoPerson) -> Truth:
    """The expected row values of one person."""
    truth = Truth(person.user_id)
    owned = [
        subscription for customer in person.links for subscription in world.stripe.subscriptions_of(customer)
    ]
    current = current_of(owned)
    truth.price_id = current.items[0].price.id if current else None
    truth.columns |= identity(world, person)
    if truth.columns["deleted_at"] is not None:
        truth.debatable.add("is_admin")
    truth.columns |= subscription_columns(world, person, current, truth.debatable)
    truth.columns |= trial_columns(world, owned, current, truth.debatable)
    truth.columns |= billing_columns(world, person, current, truth.debatable)
    return truth


def identity(world: DemoWorld, person: DemoPerson) -> dict[str, Any]:
    """The row of `users`, and when they signed up."""
    user = world.clerk.users[person.user_id]
    gone = user.deleted_ms is not None
    full_name = f"{user.first_name or ''} {user.last_name or ''}".strip()
    return {
        "user_id": user.id,
        "email": None if gone else user.primary_email,
        "full_name": None if gone else full_name or None,
        "is_admin": any(user.public_metadata.get(key) is True for key in ("is_admin", "isAdmin")),
        "deleted_at": moment_ms(user.deleted_ms),
        "signup_timestamp": moment_ms(user.created_ms),
    }


def current_of(subscriptions: list[StripeSubscription]) -> StripeSubscription | None:
    """Highest status rank, then latest created; the world never makes two in one second."""
    return min(
        subscriptions,
        key=lambda subscription: (RANK.index(subscription.status), -subscription.created),
        default=None,
    )


def subscription_columns(
    world: DemoWorld, person: DemoPerson, current: StripeSubscription | None, debatable: set[str]
) -> dict[str, Any]:
    """What the current subscription says of itself."""
    if current is None:
        return {
            "subscription_status": "none",
            "current_plan": "free",
            "intended_plan": intended_plan(world, person),
            "subscription_cancel_date": None,
            "subscription_renewal_date": None,
            "billing_sync_status": "synced" if person.links else "pending",
        }
    price = current.items[0].price
    is_priced = price in DEFAULT_PRICES or price.lookup_key is not None or bool(price.metadata)
    if not is_priced:
        debatable.add("current_plan")
    if current.status == "incomplete" or current.collection_paused:
        debatable.add("subscription_renewal_date")
    if current.cancel_at is not None and current.cancel_at > current.period_end:
        debatable.add("subscription_renewal_date")
    return {
        "subscription_status": current.status,
        "current_plan": price.plan_key if current.status in IN_FORCE and is_priced else "free",
        "intended_plan": intended_plan(world, person),
        "subscription_cancel_date": moment(cancel_date(current)),
        "subscription_renewal_date": moment(renewal_date(current)),
        "billing_sync_status": "synced" if is_priced else "error",
    }


def cancel_date(current: StripeSubscription) -> int | None:
    if current.ended:
        return current.ended_at or current.canceled_at
    if current.cancel_at is not None:
        return current.cancel_at
    return current.period_end if current.cancel_at_period_end else None


def renewal_date(current: StripeSubscription) -> int | None:
    stops = current.ended or current.status == "paused" or current.cancel_at_period_end
    stops = stops or current.cancel_at is not None
    return None if stops else current.period_end


def intended_plan(world: DemoWorld, person: DemoPerson) -> str | None:
    """The plan of the last checkout that named one."""
    named = [
        session.metadata.get("plan_key") or session.metadata.get("planId")
        for session in world.stripe.sessions()
        if session.customer in person.links
    ]
    return next((plan for plan in reversed(named) if plan), None)


def trial_columns(
    world: DemoWorld,
    owned: list[StripeSubscription],
    current: StripeSubscription | None,
    debatable: set[str],
) -> dict[str, Any]:
    """The trial's dates and fate; with several subscriptions SEMANTICS leaves room."""
    if len(owned) > 1:
        debatable |= {
            "trial_status",
            "trial_start_date",
            "trial_end_date",
            "trial_conversion_date",
        }
    began, converted = trial_moments(world, owned)
    status = "pending"
    if began is not None:
        ended_badly = ("canceled", "incomplete_expired", "paused", "unpaid")
        over = all(subscription.status in ended_badly for subscription in owned)
        status = "converted" if converted is not None else "expired" if over else "active"
    return {
        "trial_status": status,
        "trial_start_date": moment(current.trial_start if current else None),
        "trial_end_date": moment(current.trial_end if current else None),
        "trial_conversion_date": moment(converted),
    }


def trial_moments(world: DemoWorld, owned: list[StripeSubscription]) -> tuple[int | None, int | None]:
    """When a trial began and converted. `active` converts for as long as no charge fails before a payment."""
    mine = {subscription.id for subscription in owned}
    began: int | None = None
    converted: int | None = None
    is_paid = False
    for delivery in world.deliveries:
        if delivery.provider != "stripe" or delivery.event["object"] != "event":
            continue
        payload, at = delivery.event["data"]["object"], delivery.event["created"]
        if payload.get("id") in mine and payload["object"] == "subscription":
            if began is None and payload["status"] == "trialing":
                began = at
            elif began is not None and converted is None and payload["status"] == "active":
                converted = at
            elif not is_paid and payload["status"] in ("past_due", "unpaid", "paused", "canceled"):
                converted = None
        elif began is not None and pays_for(delivery.event_type, payload) in mine:
            is_paid = True
            converted = at if converted is None else converted
    return began, converted


def pays_for(event_type: str, invoice: dict[str, Any]) -> str | None:  # Any: JSON values
    """The subscription that an invoice was paid for, in either shape; None for a first invoice."""
    if event_type not in ("invoice.paid", "invoice.payment_succeeded") or invoice["amount_paid"] <= 0:
        return None
    if invoice["billing_reason"] == "subscription_create":
        return None
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return invoice.get("subscription") or details.get("subscription")


def billing_columns(
    world: DemoWorld, person: DemoPerson, current: StripeSubscription | None, debatable: set[str]
) -> dict[str, Any]:
    """Customer, payment method, card and address."""
    customer_id = customer_in_force(world, person, current)
    columns: dict[str, Any] = dict.fromkeys((*METHOD_COLUMNS, *ADDRESS_COLUMNS))
    columns["stripe_customer_id"] = customer_id
    columns["stripe_subscription_id"] = current.id if current else None
    if customer_id is None:
        return columns
    customer = world.stripe.log.get(Customer, customer_id)
    method = chosen_method(world, customer, current, debatable)
    if customer.deleted:
        debatable |= {*ADDRESS_COLUMNS}
    if method is not None:
        columns["payment_method_id"] = method.id
        if method.customer is not None:
            columns |= card_columns(method)
    columns |= address_columns(customer.address or (method.address if method else None))
    return columns


def customer_in_force(world: DemoWorld, person: DemoPerson, current: StripeSubscription | None) -> str | None:
    """The current subscription's customer, else the last linked; a deleted one when there is no other."""
    by_rank = [*([current.customer] if current else []), *reversed(person.links)]
    living = [
        customer_id for customer_id in by_rank if not world.stripe.log.get(Customer, customer_id).deleted
    ]
    return next(iter([*living, *by_rank]), None)


def chosen_method(
    world: DemoWorld, customer: Customer, current: StripeSubscription | None, debatable: set[str]
) -> PaymentMethod | None:
    """The subscription's default, else the customer's, else the last one attached."""
    of_current = current and current.customer == customer.id and current.default_payment_method
    default = of_current or customer.default_payment_method
    if default:
        method = world.stripe.log.get(PaymentMethod, default)
        if method.customer is None:
            debatable |= {*METHOD_COLUMNS, *ADDRESS_COLUMNS}
        return method
    attached = world.stripe.cards.attached(customer.id)
    if len(attached) < len(ever_attached(world, customer.id)):
        last_ever = ever_attached(world, customer.id)[-1]
        if not attached or attached[-1].id != last_ever:
            debatable |= {*METHOD_COLUMNS, *ADDRESS_COLUMNS}
    return attached[-1] if attached else None


def ever_attached(world: DemoWorld, customer_id: str) -> list[str]:
    """The ids of all methods this customer ever had, oldest first."""
    return [
        delivery.event["data"]["object"]["id"]
        for delivery in world.deliveries
        if delivery.event_type == "payment_method.attached"
        and delivery.event["data"]["object"]["customer"] == customer_id
    ]


def card_columns(method: PaymentMethod) -> dict[str, Any]:
    return {
        "card_last4": method.card.last4,
        "card_brand": method.card.brand,
        "card_exp_month": method.card.exp_month,
        "card_exp_year": method.card.exp_year,
    }


def address_columns(address: StripeAddress | None) -> dict[str, Any]:
    return {
        "billing_address_city": address.city if address else None,
        "billing_address_country": address.country if address else None,
        "billing_address_postal_code": address.postal_code if address else None,
    }


def moment(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)


def moment_ms(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1_000, UTC)
