"""How Stripe writes each object, in the shape of the API version the endpoint is pinned to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demo import shapes_billing as billing
from demo import shapes_payments as payments
from demo.changes import Json
from demo.objects import (
    Charge,
    CheckoutSession,
    Customer,
    Invoice,
    InvoicePayment,
    PaymentIntent,
    PaymentMethod,
    SetupIntent,
    StripeAddress,
    StripeObject,
    Subscription,
)
from demo.versions import Generation


@dataclass(frozen=True)
class Rendering:
    """Everything about a snapshot that is not the object itself."""

    generation: Generation
    livemode: bool = True


def render(thing: StripeObject, rendering: Rendering) -> Json:
    """The object as it stands in `data.object`, `livemode` included."""
    snapshot = RENDERERS[type(thing)](thing, rendering.generation)
    identity: Json = {"id": thing.id} if thing.id else {}  # an upcoming invoice has no id
    return identity | snapshot | {"livemode": rendering.livemode}


def address(value: StripeAddress | None) -> Json | None:
    if value is None:
        return None
    return {
        "city": value.city,
        "country": value.country,
        "line1": value.line1,
        "line2": None,
        "postal_code": value.postal_code,
        "state": value.state,
    }


NO_ADDRESS: Json = dict.fromkeys(
    ("city", "country", "line1", "line2", "postal_code", "state"),
)


def billing_details(method: PaymentMethod) -> Json:
    return {
        "address": address(method.address) or NO_ADDRESS,
        "email": None,
        "name": method.name,
        "phone": None,
    }


def customer(thing: Customer, generation: Generation) -> Json:
    return {
        "object": "customer",
        "address": address(thing.address),
        "balance": 0,
        "created": thing.created,
        "currency": thing.currency,
        "default_source": None,
        "delinquent": thing.delinquent,
        "description": None,
        "discount": None,
        "email": thing.email,
        "invoice_prefix": thing.id[-12:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": thing.default_payment_method,
            "footer": None,
            "rendering_options": None,
        },
        "metadata": thing.metadata,
        "name": thing.name,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": ["en"],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    } | _later(generation, customer_account=None)


def payment_method(thing: PaymentMethod, generation: Generation) -> Json:
    return {
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing_details(thing),
        "card": {
            "brand": thing.card.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": "pass" if thing.address else None,
                "cvc_check": "pass",
            },
            "country": "US",
            "exp_month": thing.card.exp_month,
            "exp_year": thing.card.exp_year,
            "fingerprint": thing.id[-16:],
            "funding": "credit",
            "generated_from": None,
            "last4": thing.card.last4,
            "networks": {"available": [thing.card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": thing.created,
        "customer": thing.customer,
        "metadata": {},
        "type": "card",
    } | _later(generation, customer_account=None)


def setup_intent(thing: SetupIntent, generation: Generation) -> Json:
    return {
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{thing.id}_secret_redacted",
        "created": thing.created,
        "customer": thing.customer,
        "description": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "payment_method": thing.payment_method,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "status": thing.status,
        "usage": "off_session",
    } | _later(generation, customer_account=None)


def checkout_session(thing: CheckoutSession, generation: Generation) -> Json:
    return {
        "object": "checkout.session",
        "after_expiration": None,
        "allow_promotion_codes": True,
        "amount_subtotal": thing.amount,
        "amount_total": thing.amount,
        "automatic_tax": {"enabled": False, "status": None},
        "billing_address_collection": "auto",
        "cancel_url": "https://app.example.com/pricing",
        "client_reference_id": thing.client_reference_id,
        "consent": None,
        "created": thing.created,
        "currency": "usd",
        "custom_fields": [],
        "customer": thing.customer,
        "customer_creation": None,
        "customer_details": {
            "address": None,
            "email": thing.email,
            "name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
        "customer_email": None,
        "expires_at": thing.created + 86_400,
        "invoice": thing.invoice,
        "locale": "en",
        "metadata": thing.metadata,
        "mode": "subscription",
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "always",
        "payment_method_types": ["card"],
        "payment_status": "paid" if thing.amount else "no_payment_required",
        "recovered_from": None,
        "setup_intent": thing.setup_intent,
        "shipping_options": [],
        "status": "complete",
        "submit_type": None,
        "subscription": thing.subscription,
        "success_url": "https://app.example.com/welcome?session_id={CHECKOUT_SESSION_ID}",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "url": None,
    } | _later(generation, customer_account=None, origin_context=None, ui_mode="hosted")


def _later(generation: Generation, **fields: Any) -> Json:  # Any: JSON values
    """Fields only the later versions have."""
    return fields if generation is Generation.LATER else {}


# Any: each renderer takes its own type, which is the key.
RENDERERS: dict[type, Callable[[Any, Generation], Json]] = {
    Customer: customer,
    PaymentMethod: payment_method,
    SetupIntent: setup_intent,
    CheckoutSession: checkout_session,
    Subscription: billing.subscription,
    Invoice: billing.invoice,
    InvoicePayment: payments.invoice_payment,
    PaymentIntent: payments.payment_intent,
    Charge: payments.charge,
}
