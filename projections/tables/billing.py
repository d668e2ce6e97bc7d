"""user_billing: the Stripe customer, subscription, card and address."""

from projections.facts import FactAddress, PaymentMethodFact, SubscriptionFact
from projections.state import NO_ADDRESS, NO_LEGACY, Core, State
from projections.stripe_objects import attached_last, current_subscription

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
    customer_id = _customer_in_force(state, current)
    customer = state.customers.get(customer_id or "")
    is_payer = current is not None and current.customer in ("", customer_id)
    method_id = _method_in_force(state, current.payment_method if current and is_payer else None, customer_id)
    card = state.payment_methods.get(method_id or "")
    address = _address(customer.address if customer and not customer.deleted else NO_ADDRESS, card)
    return [
        customer_id,
        current.id if current else (state.legacy or NO_LEGACY).stripe_subscription_id,
        *(_card(method_id, card) if method_id or _card_is_known(state) else _legacy_card(state)),
        *(_address_cells(address) if customer or address != NO_ADDRESS else _legacy_address(state)),
    ]


def _card(method_id: str | None, card: PaymentMethodFact | None) -> Core:
    if card is None:
        return [method_id, None, None, None, None]
    return [method_id, card.last4, card.brand, card.exp_month, card.exp_year]


def _card_is_known(state: State) -> bool:
    """Whether Stripe's events decide the card: a detached method or a deleted customer removes it."""
    return bool(state.payment_methods) or any(customer.deleted for customer in state.customers.values())


def _legacy_card(state: State) -> Core:
    before = state.legacy or NO_LEGACY
    return [
        before.payment_method_id,
        before.card_last4,
        before.card_brand,
        before.card_exp_month,
        before.card_exp_year,
    ]


def _address_cells(address: FactAddress) -> Core:
    return [address.city, address.country, address.postal_code]


def _legacy_address(state: State) -> Core:
    before = state.legacy or NO_LEGACY
    return [
        before.billing_address_city,
        before.billing_address_country,
        before.billing_address_postal_code,
    ]


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


def _address(of_customer: FactAddress, card: PaymentMethodFact | None) -> FactAddress:
    if of_customer != NO_ADDRESS:
        return of_customer
    return card.address if card is not None else NO_ADDRESS
