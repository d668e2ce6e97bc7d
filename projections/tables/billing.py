"""user_billing: whose Stripe customer, which subscription, which card, which address."""

from projections.facts import Address, PaymentMethod
from projections.state import NO_ADDRESS, Core, State
from projections.stripe_objects import current_subscription

COLUMNS = (
    "stripe_customer_id",
    "stripe_subscription_id",
    "payment_method_id",
    "card_last4",
    "card_brand",
    "card_exp_month",
    "card_exp_year",
    "billing_address_city",
    "billing_address_country",
    "billing_address_postal_code",
)


def core(state: State) -> Core:
    current = current_subscription(state)
    customer_id = current.customer if current is not None and current.customer else _last_linked(state)
    customer = state.customers.get(customer_id or "")
    method_id = _method_in_force(state, current.payment_method if current else None, customer_id)
    card = state.payment_methods.get(method_id or "")
    address = _address(customer.address if customer and not customer.deleted else NO_ADDRESS, card)
    return [
        customer_id,
        current.id if current else None,
        method_id,
        card.last4 if card else None,
        card.brand if card else None,
        card.exp_month if card else None,
        card.exp_year if card else None,
        address.city,
        address.country,
        address.postal_code,
    ]


def _last_linked(state: State) -> str | None:
    return max(state.links, key=lambda customer: (state.links[customer], customer), default=None)


def _method_in_force(state: State, of_subscription: str | None, customer_id: str | None) -> str | None:
    """The subscription's default, then the customer's, then the one attached last; never a detached one."""
    customer = state.customers.get(customer_id or "")
    if customer is not None and customer.deleted:
        return None
    for method_id in (of_subscription, customer.payment_method if customer else None):
        if method_id is not None and not _is_detached(state, method_id):
            return method_id
    for method in reversed(state.payment_methods.values()):
        if not method.detached and method.customer in (None, customer_id):
            return method.id
    return None


def _is_detached(state: State, method_id: str) -> bool:
    method = state.payment_methods.get(method_id)
    return method is not None and method.detached


def _address(of_customer: Address, card: PaymentMethod | None) -> Address:
    if of_customer != NO_ADDRESS:
        return of_customer
    return card.address if card is not None else NO_ADDRESS
