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
    StripeSubscription,
)
from demo.versions import Generation


@dataclass(frozen=True)
class Rendering:
    """Everything about a snapshot that is not the object itself."""

    generation: Generation
    livemode: bool = True


def render(entity: StripeObject, rendering: Rendering) -> Json:
    """The object as it stands in `data.object`, `livemode` included."""
    snapshot = RENDERERS[type(entity)](entity, rendering.generation)
    identity: Json = {"id": entity.id} if entity.id else {}  # an upcoming invoice has no id
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


def customer(stripe_customer: Customer, generation: Generation) -> Json:
    return {
        "object": "customer",
        "address": address(stripe_customer.address),
        "balance": 0,
        "created": stripe_customer.created,
        "currency": stripe_customer.currency,
        "default_source": None,
        "delinquent": stripe_customer.delinquent,
        "description": None,
        "discount": None,
        "email": stripe_customer.email,
        "invoice_prefix": stripe_customer.id[-12:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": stripe_customer.default_payment_method,
            "footer": None,
            "rendering_options": None,
        },
        "metadata": stripe_customer.metadata,
        "name": stripe_customer.name,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": ["en"],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    } | _later(generation, customer_account=None)


def payment_method(method: PaymentMethod, generation: Generation) -> Json:
    return {
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing_details(method),
        "card": {
            "brand": method.card.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": "pass" if method.address else None,
                "cvc_check": "pass",
            },
            "country": "US",
            "exp_month": method.card.exp_month,
            "exp_year": method.card.exp_year,
            "fingerprint": method.id[-16:],
            "funding": "credit",
            "generated_from": None,
            "last4": method.card.last4,
            "networks": {"available": [method.card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": method.created,
        "customer": method.customer,
        "metadata": {},
        "type": "card",
    } | _later(generation, customer_account=None)


def setup_intent(intent: SetupIntent, generation: Generation) -> Json:
    return {
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{intent.id}_secret_redacted",
        "created": intent.created,
        "customer": intent.customer,
        "description": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "payment_method": intent.payment_method,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "status": intent.status,
        "usage": "off_session",
    } | _later(generation, customer_account=None)


def checkout_session(checkout: CheckoutSession, generation: Generation) -> Json:
    return {
        "object": "checkout.session",
        "after_expiration": None,
        "allow_promotion_codes": True,
        "amount_subtotal": checkout.amount,
        "amount_total": checkout.amount,
        "automatic_tax": {"enabled": False, "status": None},
        "billing_address_collection": "auto",
        "cancel_url": "https://app.example.com/pricing",
        "client_reference_id": checkout.client_reference_id,
        "consent": None,
        "created": checkout.created,
        "currency": "usd",
        "custom_fields": [],
        "customer": checkout.customer,
        "customer_creation": None,
        "customer_details": {
            "address": None,
            "email": checkout.email,
            "name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
        "customer_email": None,
        "expires_at": checkout.created + 86_400,
        "invoice": checkout.invoice,
        "locale": "en",
        "metadata": checkout.metadata,
        "mode": "subscription",
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "always",
        "payment_method_types": ["card"],
        "payment_status": "paid" if checkout.amount else "no_payment_required",
        "recovered_from": None,
        "setup_intent": checkout.setup_intent,
        "shipping_options": [],
        "status": "complete",
        "submit_type": None,
        "subscription": checkout.subscription,
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
    StripeSubscription: billing.subscription,
    Invoice: billing.invoice,
    InvoicePayment: payments.invoice_payment,
    PaymentIntent: payments.payment_intent,
    Charge: payments.charge,
}
