"""Subscriptions and invoices: the objects whose fields basil (2025-03-31) moved about."""

from demo.changes import Json
from demo.objects import Invoice, Line, StripeSubscription, SubscriptionItem
from demo.prices import Price
from demo.versions import Generation

PRE_BASIL, LATER = Generation.PRE_BASIL, Generation.LATER
_PRICES_MADE = 1_700_000_000


def price(stripe_price: Price) -> Json:
    return {
        "id": stripe_price.id,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": _PRICES_MADE,
        "currency": stripe_price.currency,
        "custom_unit_amount": None,
        "livemode": True,
        "lookup_key": stripe_price.lookup_key,
        "metadata": stripe_price.metadata,
        "nickname": None,
        "product": stripe_price.product,
        "recurring": {
            "interval": stripe_price.interval,
            "interval_count": 1,
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        },
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring",
        "unit_amount": stripe_price.amount_minor,
        "unit_amount_decimal": str(stripe_price.amount_minor),
    }


def plan(stripe_price: Price) -> Json:
    """The price in its older form, still sent beside it."""
    return {
        "id": stripe_price.id,
        "object": "plan",
        "active": True,
        "amount": stripe_price.amount_minor,
        "amount_decimal": str(stripe_price.amount_minor),
        "billing_scheme": "per_unit",
        "created": _PRICES_MADE,
        "currency": stripe_price.currency,
        "interval": stripe_price.interval,
        "interval_count": 1,
        "livemode": True,
        "metadata": stripe_price.metadata,
        "nickname": None,
        "product": stripe_price.product,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def item(subscription_item: SubscriptionItem, generation: Generation, *, subscription_id: str) -> Json:
    shape: Json = {
        "id": subscription_item.id,
        "object": "subscription_item",
        "created": subscription_item.created,
        "metadata": {},
        "plan": plan(subscription_item.price),
        "price": price(subscription_item.price),
        "quantity": 1,
        "subscription": subscription_id,
        "tax_rates": [],
    }
    if generation > PRE_BASIL:
        shape["current_period_start"] = subscription_item.period_start
        shape["current_period_end"] = subscription_item.period_end
    return shape


def subscription(stripe_subscription: StripeSubscription, generation: Generation) -> Json:
    shape: Json = {
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False},
        "billing_cycle_anchor": stripe_subscription.billing_cycle_anchor,
        "cancel_at": stripe_subscription.cancel_at,
        "cancel_at_period_end": stripe_subscription.cancel_at_period_end,
        "canceled_at": stripe_subscription.canceled_at,
        "cancellation_details": {
            "comment": None,
            "feedback": None,
            "reason": stripe_subscription.cancel_reason,
        },
        "collection_method": "charge_automatically",
        "created": stripe_subscription.created,
        "currency": "usd",
        "customer": stripe_subscription.customer,
        "days_until_due": None,
        "default_payment_method": stripe_subscription.default_payment_method,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "ended_at": stripe_subscription.ended_at,
        "items": {
            "object": "list",
            "data": [
                item(subscription_item, generation, subscription_id=stripe_subscription.id)
                for subscription_item in stripe_subscription.items
            ],
            "has_more": False,
            "total_count": len(stripe_subscription.items),
            "url": f"/v1/subscription_items?subscription={stripe_subscription.id}",
        },
        "latest_invoice": stripe_subscription.latest_invoice,
        "metadata": stripe_subscription.metadata,
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": (
            {"behavior": "void", "resumes_at": None} if stripe_subscription.collection_paused else None
        ),
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": stripe_subscription.created,
        "status": stripe_subscription.status,
        "test_clock": None,
        "transfer_data": None,
        "trial_end": stripe_subscription.trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": stripe_subscription.missing_method}},
        "trial_start": stripe_subscription.trial_start,
    }
    return shape | _subscription_by_generation(stripe_subscription, generation)


def _subscription_by_generation(stripe_subscription: StripeSubscription, generation: Generation) -> Json:
    if generation is PRE_BASIL:
        return {
            "billing_thresholds": None,
            "current_period_end": stripe_subscription.items[0].period_end,
            "current_period_start": stripe_subscription.items[0].period_start,
            "discount": None,
            "plan": plan(stripe_subscription.items[0].price) if len(stripe_subscription.items) == 1 else None,
            "quantity": 1 if len(stripe_subscription.items) == 1 else None,
        }
    shape: Json = {"discounts": []}
    if generation is LATER:
        shape |= {"billing_mode": {"type": "flexible"}, "customer_account": None}
    return shape


def invoice(stripe_invoice: Invoice, generation: Generation) -> Json:
    paid = stripe_invoice.status == "paid"
    shape: Json = {
        "object": "invoice",
        "account_country": "US",
        "account_name": "Reel Discovery, Inc.",
        "amount_due": stripe_invoice.amount_due,
        "amount_paid": stripe_invoice.amount_paid,
        "amount_remaining": stripe_invoice.amount_due - stripe_invoice.amount_paid,
        "attempt_count": stripe_invoice.attempt_count,
        "attempted": stripe_invoice.attempt_count > 0 or paid,
        "auto_advance": stripe_invoice.status in ("draft", "open"),
        "billing_reason": stripe_invoice.billing_reason,
        "collection_method": "charge_automatically",
        "created": stripe_invoice.created,
        "currency": "usd",
        "customer": stripe_invoice.customer,
        "customer_address": None,
        "customer_email": stripe_invoice.customer_email,
        "default_payment_method": None,
        "description": None,
        "due_date": None,
        "ending_balance": None if stripe_invoice.status == "draft" else 0,
        "hosted_invoice_url": (
            None
            if stripe_invoice.status == "draft"
            else f"https://invoice.stripe.com/i/{stripe_invoice.number}"
        ),
        "lines": {
            "object": "list",
            "data": [_line(line, stripe_invoice, generation) for line in stripe_invoice.lines],
            "has_more": False,
            "total_count": len(stripe_invoice.lines),
            "url": f"/v1/invoices/{stripe_invoice.id or 'upcoming'}/lines",
        },
        "metadata": {},
        "next_payment_attempt": stripe_invoice.next_attempt,
        "number": None if stripe_invoice.status == "draft" else stripe_invoice.number,
        "period_end": stripe_invoice.created,
        "period_start": stripe_invoice.created,
        "starting_balance": 0,
        "status": stripe_invoice.status,
        "status_transitions": {
            "finalized_at": stripe_invoice.finalized_at,
            "marked_uncollectible_at": None,
            "paid_at": stripe_invoice.paid_at,
            "voided_at": stripe_invoice.voided_at,
        },
        "subtotal": stripe_invoice.amount_due,
        "total": stripe_invoice.amount_due,
    }
    return shape | _invoice_by_generation(stripe_invoice, generation)


def _invoice_by_generation(stripe_invoice: Invoice, generation: Generation) -> Json:
    details: Json = {"metadata": stripe_invoice.subscription_metadata}
    if generation is PRE_BASIL:
        return {
            "charge": stripe_invoice.charge,
            "paid": stripe_invoice.status == "paid",
            "payment_intent": stripe_invoice.payment_intent,
            "subscription": stripe_invoice.subscription,
            "subscription_details": details,
        }
    details["subscription"] = stripe_invoice.subscription
    return {
        "amount_overpaid": 0,
        "parent": {
            "quote_details": None,
            "subscription_details": details,
            "type": "subscription_details",
        },
    }


def _line(invoice_line: Line, parent: Invoice, generation: Generation) -> Json:
    shape: Json = {
        "id": invoice_line.id,
        "object": "line_item",
        "amount": invoice_line.amount_minor,
        "currency": "usd",
        "description": f"1 × {invoice_line.price.plan_key}",
        "invoice": parent.id,
        "period": {"end": invoice_line.period_end, "start": invoice_line.period_start},
        "quantity": 1,
    }
    if generation is PRE_BASIL:
        return shape | {
            "plan": plan(invoice_line.price),
            "price": price(invoice_line.price),
            "subscription": parent.subscription,
            "subscription_item": invoice_line.subscription_item,
            "type": "subscription",
        }
    return shape | {
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": parent.billing_reason == "subscription_update",
                "subscription": parent.subscription,
                "subscription_item": invoice_line.subscription_item,
            },
            "type": "subscription_item_details",
        },
        "pricing": {
            "price_details": {"price": invoice_line.price.id, "product": invoice_line.price.product},
            "type": "price_details",
            "unit_amount_decimal": str(invoice_line.price.amount_minor),
        },
    }
