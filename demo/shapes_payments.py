"""Payments: what lost its `invoice` in basil, and the object that took the link over."""

from demo.changes import Json
from demo.objects import Charge, InvoicePayment, PaymentIntent
from demo.versions import Generation


def invoice_payment(payment: InvoicePayment, _: Generation) -> Json:
    """Since basil the only thread from a payment to its invoice; it names no customer."""
    return {
        "object": "invoice_payment",
        "amount_paid": payment.amount,
        "amount_requested": payment.amount,
        "created": payment.created,
        "currency": "usd",
        "invoice": payment.invoice,
        "is_default": True,
        "payment": {"payment_intent": payment.payment_intent, "type": "payment_intent"},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": payment.created},
    }


def payment_intent(intent: PaymentIntent, generation: Generation) -> Json:
    shape: Json = {
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": 0,
        "amount_received": intent.amount if intent.status == "succeeded" else 0,
        "application": None,
        "capture_method": "automatic",
        "client_secret": f"{intent.id}_secret_redacted",
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": "usd",
        "customer": intent.customer,
        "description": "StripeSubscription update",
        "last_payment_error": _DECLINED if intent.declined else None,
        "latest_charge": intent.charge,
        "metadata": {},
        "next_action": None,
        "payment_method": intent.payment_method,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card", "link"],
        "setup_future_usage": "off_session",
        "status": intent.status,
    }
    return shape | ({"invoice": intent.invoice} if generation is Generation.PRE_BASIL else {})


def charge(stripe_charge: Charge, generation: Generation) -> Json:
    shape: Json = {
        "object": "charge",
        "amount": stripe_charge.amount,
        "amount_captured": stripe_charge.amount if stripe_charge.succeeded else 0,
        "amount_refunded": stripe_charge.refunded,
        "balance_transaction": None,
        "captured": stripe_charge.succeeded,
        "created": stripe_charge.created,
        "currency": "usd",
        "customer": stripe_charge.customer,
        "description": "StripeSubscription update",
        "disputed": False,
        "failure_code": None if stripe_charge.succeeded else "card_declined",
        "failure_message": None if stripe_charge.succeeded else _DECLINED["message"],
        "metadata": {},
        "outcome": {
            "network_status": ("approved_by_network" if stripe_charge.succeeded else "declined_by_network"),
            "risk_level": "normal",
            "seller_message": "Payment complete." if stripe_charge.succeeded else "Declined.",
            "type": "authorized" if stripe_charge.succeeded else "issuer_declined",
        },
        "paid": stripe_charge.succeeded,
        "payment_intent": stripe_charge.payment_intent,
        "payment_method": stripe_charge.payment_method.id,
        "payment_method_details": {
            "card": {
                "brand": stripe_charge.payment_method.card.brand,
                "country": "US",
                "exp_month": stripe_charge.payment_method.card.exp_month,
                "exp_year": stripe_charge.payment_method.card.exp_year,
                "funding": "credit",
                "last4": stripe_charge.payment_method.card.last4,
                "network": stripe_charge.payment_method.card.brand,
            },
            "type": "card",
        },
        "receipt_email": None,
        "refunded": stripe_charge.refunded == stripe_charge.amount,
        "status": "succeeded" if stripe_charge.succeeded else "failed",
    }
    return shape | ({"invoice": stripe_charge.invoice} if generation is Generation.PRE_BASIL else {})


_DECLINED: Json = {
    "code": "card_declined",
    "decline_code": "insufficient_funds",
    "message": "Your card has insufficient funds.",
    "type": "card_error",
}
