"""Payments: what lost its `invoice` in basil, and the object that took the link over."""

from demo.changes import Json
from demo.objects import Charge, InvoicePayment, PaymentIntent
from demo.versions import Generation


def invoice_payment(thing: InvoicePayment, _: Generation) -> Json:
    """Since basil the only thread from a payment to its invoice; it names no customer."""
    return {
        "object": "invoice_payment",
        "amount_paid": thing.amount,
        "amount_requested": thing.amount,
        "created": thing.created,
        "currency": "usd",
        "invoice": thing.invoice,
        "is_default": True,
        "payment": {"payment_intent": thing.payment_intent, "type": "payment_intent"},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": thing.created},
    }


def payment_intent(thing: PaymentIntent, generation: Generation) -> Json:
    shape: Json = {
        "object": "payment_intent",
        "amount": thing.amount,
        "amount_capturable": 0,
        "amount_received": thing.amount if thing.status == "succeeded" else 0,
        "application": None,
        "capture_method": "automatic",
        "client_secret": f"{thing.id}_secret_redacted",
        "confirmation_method": "automatic",
        "created": thing.created,
        "currency": "usd",
        "customer": thing.customer,
        "description": "Subscription update",
        "last_payment_error": _DECLINED if thing.declined else None,
        "latest_charge": thing.charge,
        "metadata": {},
        "next_action": None,
        "payment_method": thing.payment_method,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card", "link"],
        "setup_future_usage": "off_session",
        "status": thing.status,
    }
    return shape | ({"invoice": thing.invoice} if generation is Generation.PRE_BASIL else {})


def charge(thing: Charge, generation: Generation) -> Json:
    shape: Json = {
        "object": "charge",
        "amount": thing.amount,
        "amount_captured": thing.amount if thing.succeeded else 0,
        "amount_refunded": thing.refunded,
        "balance_transaction": None,
        "captured": thing.succeeded,
        "created": thing.created,
        "currency": "usd",
        "customer": thing.customer,
        "description": "Subscription update",
        "disputed": False,
        "failure_code": None if thing.succeeded else "card_declined",
        "failure_message": None if thing.succeeded else _DECLINED["message"],
        "metadata": {},
        "outcome": {
            "network_status": ("approved_by_network" if thing.succeeded else "declined_by_network"),
            "risk_level": "normal",
            "seller_message": "Payment complete." if thing.succeeded else "Declined.",
            "type": "authorized" if thing.succeeded else "issuer_declined",
        },
        "paid": thing.succeeded,
        "payment_intent": thing.payment_intent,
        "payment_method": thing.payment_method.id,
        "payment_method_details": {
            "card": {
                "brand": thing.payment_method.card.brand,
                "country": "US",
                "exp_month": thing.payment_method.card.exp_month,
                "exp_year": thing.payment_method.card.exp_year,
                "funding": "credit",
                "last4": thing.payment_method.card.last4,
                "network": thing.payment_method.card.brand,
            },
            "type": "card",
        },
        "receipt_email": None,
        "refunded": thing.refunded == thing.amount,
        "status": "succeeded" if thing.succeeded else "failed",
    }
    return shape | ({"invoice": thing.invoice} if generation is Generation.PRE_BASIL else {})


_DECLINED: Json = {
    "code": "card_declined",
    "decline_code": "insufficient_funds",
    "message": "Your card has insufficient funds.",
    "type": "card_error",
}
