"""Stripe's Checkout sessions: the plan that was bought, and the user who is named."""

from msgspec import Struct

from projections.shapes.stripe import (
    PLAN_KEYS,
    Metadata,
    Reference,
    Seconds,
    StripeObject,
    Word,
    id_of,
    text_of,
    user_in,
)
from projections.shapes.user_ids import usable_id

# Types of Checkout events whose session was completed; metadata of other sessions sets no plan.
BOUGHT = ("session.completed", "session.async_payment_succeeded")


class Checkout(Struct, frozen=True, array_like=True, tag="checkout"):
    """`plan` is what was bought; an expired or failed session names none."""

    customer: str | None
    plan: str | None
    claimed_user: str | None
    claim_is_metadata: bool
    id: str | None = None
    created: int = 0


class CheckoutShape(Struct):
    id: Word | None = None
    customer: Reference = None
    client_reference_id: str | None = None
    metadata: Metadata = None
    status: str | None = None
    created: Seconds = 0


def checkout(shape: CheckoutShape, account: str, event_type: str) -> Checkout:
    owner = id_of(shape.customer)
    by_metadata = user_in(shape.metadata)
    return Checkout(
        id=shape.id,
        customer=account + owner if owner else None,
        plan=text_of(shape.metadata, PLAN_KEYS) if _is_bought(shape, event_type) else None,
        claimed_user=by_metadata or usable_id(shape.client_reference_id),
        claim_is_metadata=by_metadata is not None,
        created=shape.created,
    )


def _is_bought(shape: CheckoutShape, event_type: str) -> bool:
    """Whether the session was completed; a reconciliation snapshot shows it in the session's status."""
    return event_type.endswith(BOUGHT) or (event_type.endswith(".snapshot") and shape.status == "complete")


CHECKOUT = StripeObject("checkout", CheckoutShape, checkout, events=("stripe.checkout.session.*",))
