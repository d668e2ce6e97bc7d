"""user_billing: the Stripe customer, subscription, card and address."""

from typing import Annotated

from msgspec import Struct
from msgspec.structs import replace

from projections.shapes.customer import CustomerFact
from projections.shapes.payment_method import PaymentMethodFact
from projections.shapes.stripe import FactAddress
from projections.shapes.subscription import SubscriptionFact
from projections.state import NO_ADDRESS, NO_LEGACY, Legacy, State
from projections.stripe_objects import attached_last, current_subscription
from projections.tables.table import Column, Table

NO_CARD = PaymentMethodFact("", None, None, None, None, None, NO_ADDRESS, False)
OF_THE_METHOD = "the payment method in force, as last attached or updated"
OF_THE_CUSTOMER = "the customer's address, else the payment method's"


class Billing(Struct):
    """A row of user_billing."""

    stripe_customer_id: Annotated[
        str | None,
        Column(
            "the customer of the current subscription, else the one linked last; "
            "a deleted one only if all are"
        ),
    ]
    stripe_subscription_id: Annotated[
        str | None, Column("the current subscription's id, kept after it ended")
    ]
    payment_method_id: Annotated[
        str | None, Column("the subscription's default, then the customer's, then the one attached last")
    ]
    card_last4: Annotated[str | None, Column(OF_THE_METHOD)]
    card_brand: Annotated[
        str | None,
        Column("the payment method in force, in the spelling of PaymentMethod; null if it is no card"),
    ]
    card_exp_month: Annotated[int | None, Column(OF_THE_METHOD)]
    card_exp_year: Annotated[int | None, Column(OF_THE_METHOD)]
    billing_address_city: Annotated[str | None, Column(OF_THE_CUSTOMER)]
    billing_address_country: Annotated[str | None, Column(OF_THE_CUSTOMER)]
    billing_address_postal_code: Annotated[str | None, Column(OF_THE_CUSTOMER)]


def core(state: State) -> Billing:
    current = current_subscription(state)
    customer_id = _customer_in_force(state, current)
    customer = state.customers.get(customer_id or "")
    is_payer = current is not None and current.customer in ("", customer_id)
    method_id = _method_in_force(state, current.payment_method if current and is_payer else None, customer_id)
    card = state.payment_methods.get(method_id or "", NO_CARD)
    address = customer.address if customer and not customer.deleted else NO_ADDRESS
    if address == NO_ADDRESS:
        address = card.address
    before = state.legacy or NO_LEGACY
    if state.legacy is not None and not method_id and not _card_is_known(state):
        method_id, card = before.payment_method_id, _legacy_card(before)
    if state.legacy is not None and customer is None and address == NO_ADDRESS:
        address = _legacy_address(before)
    return Billing(
        stripe_customer_id=customer_id,
        stripe_subscription_id=current.id if current else before.stripe_subscription_id,
        payment_method_id=method_id,
        card_last4=card.last4,
        card_brand=card.brand,
        card_exp_month=card.exp_month,
        card_exp_year=card.exp_year,
        billing_address_city=address.city,
        billing_address_country=address.country,
        billing_address_postal_code=address.postal_code,
    )


def _card_is_known(state: State) -> bool:
    """Whether Stripe's events decide the card: a detached method or a deleted customer removes it."""
    return bool(state.payment_methods) or any(customer.deleted for customer in state.customers.values())


def _legacy_card(before: Legacy) -> PaymentMethodFact:
    return replace(
        NO_CARD,
        last4=before.card_last4,
        brand=before.card_brand,
        exp_month=before.card_exp_month,
        exp_year=before.card_exp_year,
    )


def _legacy_address(before: Legacy) -> FactAddress:
    return FactAddress(
        before.billing_address_city, before.billing_address_country, before.billing_address_postal_code
    )


def _customer_in_force(state: State, current: SubscriptionFact | None) -> str | None:
    """The current subscription's customer, else the one linked last; a deleted one only if all are."""
    own = current.customer if current is not None else ""
    candidates = {own, *state.links} - {""}
    return max(
        candidates,
        key=lambda candidate: (
            not _is_deleted(state, candidate),
            candidate == own,
            state.links.get(candidate, 0),
            candidate,
        ),
        default=None,
    )


def _is_deleted(state: State, customer_id: str) -> bool:
    customer = state.customers.get(customer_id)
    return customer is not None and customer.deleted


def _method_in_force(state: State, of_subscription: str | None, customer_id: str | None) -> str | None:
    """The subscription's default, then the customer's, then the one attached last; never a detached one."""
    customer = state.customers.get(customer_id or "")
    if customer is not None and customer.deleted:
        return None
    for method_id in (of_subscription, customer.payment_method if customer else None):
        if method_id is not None and not _is_detached(state, method_id):
            return method_id
    last = attached_last(state, customer_id)
    return last.id if last is not None else None


def _is_detached(state: State, method_id: str) -> bool:
    method = state.payment_methods.get(method_id)
    return method is not None and method.detached


TABLE = Table("user_billing", Billing, core, reads=(SubscriptionFact, CustomerFact, PaymentMethodFact))
