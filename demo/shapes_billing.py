"""Subscriptions and invoices: the objects whose fields basil (2025-03-31) moved about."""

from demo.changes import Json
from demo.objects import Invoice, Line, Subscription, SubscriptionItem
from demo.prices import Price
from demo.versions import Generation

PRE_BASIL, LATER = Generation.PRE_BASIL, Generation.LATER
_PRICES_MADE = 1_700_000_000


def price(thing: Price) -> Json:
    return {
        "id": thing.id,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": _PRICES_MADE,
        "currency": thing.currency,
        "custom_unit_amount": None,
        "livemode": True,
        "lookup_key": thing.lookup_key,
        "metadata": thing.metadata,
        "nickname": None,
        "product": thing.product,
        "recurring": {
            "interval": thing.interval,
            "interval_count": 1,
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        },
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring",
        "unit_amount": thing.amount_minor,
        "unit_amount_decimal": str(thing.amount_minor),
    }


def plan(thing: Price) -> Json:
    """The price in its older form, still sent beside it."""
    return {
        "id": thing.id,
        "object": "plan",
        "active": True,
        "amount": thing.amount_minor,
        "amount_decimal": str(thing.amount_minor),
        "billing_scheme": "per_unit",
        "created": _PRICES_MADE,
        "currency": thing.currency,
        "interval": thing.interval,
        "interval_count": 1,
        "livemode": True,
        "metadata": thing.metadata,
        "nickname": None,
        "product": thing.product,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def item(thing: SubscriptionItem, generation: Generation, *, subscription_id: str) -> Json:
    shape: Json = {
        "id": thing.id,
        "object": "subscription_item",
        "created": thing.created,
        "metadata": {},
        "plan": plan(thing.price),
        "price": price(thing.price),
        "quantity": 1,
        "subscription": subscription_id,
        "tax_rates": [],
    }
    if generation > PRE_BASIL:
        shape["current_period_start"] = thing.period_start
        shape["current_period_end"] = thing.period_end
    return shape


def subscription(thing: Subscription, generation: Generation) -> Json:
    shape: Json = {
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False},
        "billing_cycle_anchor": thing.billing_cycle_anchor,
        "cancel_at": thing.cancel_at,
        "cancel_at_period_end": thing.cancel_at_period_end,
        "canceled_at": thing.canceled_at,
        "cancellation_details": {
            "comment": None,
            "feedback": None,
            "reason": thing.cancel_reason,
        },
        "collection_method": "charge_automatically",
        "created": thing.created,
        "currency": "usd",
        "customer": thing.customer,
        "days_until_due": None,
        "default_payment_method": thing.default_payment_method,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "ended_at": thing.ended_at,
        "items": {
            "object": "list",
            "data": [item(each, generation, subscription_id=thing.id) for each in thing.items],
            "has_more": False,
            "total_count": len(thing.items),
            "url": f"/v1/subscription_items?subscription={thing.id}",
        },
        "latest_invoice": thing.latest_invoice,
        "metadata": thing.metadata,
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": ({"behavior": "void", "resumes_at": None} if thing.collection_paused else None),
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": thing.created,
        "status": thing.status,
        "test_clock": None,
        "transfer_data": None,
        "trial_end": thing.trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": thing.missing_method}},
        "trial_start": thing.trial_start,
    }
    return shape | _subscription_by_generation(thing, generation)


def _subscription_by_generation(thing: Subscription, generation: Generation) -> Json:
    if generation is PRE_BASIL:
        return {
            "billing_thresholds": None,
            "current_period_end": thing.items[0].period_end,
            "current_period_start": thing.items[0].period_start,
            "discount": None,
            "plan": plan(thing.items[0].price) if len(thing.items) == 1 else None,
            "quantity": 1 if len(thing.items) == 1 else None,
        }
    shape: Json = {"discounts": []}
    if generation is LATER:
        shape |= {"billing_mode": {"type": "flexible"}, "customer_account": None}
    return shape


def invoice(thing: Invoice, generation: Generation) -> Json:
    paid = thing.status == "paid"
    shape: Json = {
        "object": "invoice",
        "account_country": "US",
        "account_name": "Reel Discovery, Inc.",
        "amount_due": thing.amount_due,
        "amount_paid": thing.amount_paid,
        "amount_remaining": thing.amount_due - thing.amount_paid,
        "attempt_count": thing.attempt_count,
        "attempted": thing.attempt_count > 0 or paid,
        "auto_advance": thing.status in ("draft", "open"),
        "billing_reason": thing.billing_reason,
        "collection_method": "charge_automatically",
        "created": thing.created,
        "currency": "usd",
        "customer": thing.customer,
        "customer_address": None,
        "customer_email": thing.customer_email,
        "default_payment_method": None,
        "description": None,
        "due_date": None,
        "ending_balance": None if thing.status == "draft" else 0,
        "hosted_invoice_url": (
            None if thing.status == "draft" else f"https://invoice.stripe.com/i/{thing.number}"
        ),
        "lines": {
            "object": "list",
            "data": [_line(each, thing, generation) for each in thing.lines],
            "has_more": False,
            "total_count": len(thing.lines),
            "url": f"/v1/invoices/{thing.id or 'upcoming'}/lines",
        },
        "metadata": {},
        "next_payment_attempt": thing.next_attempt,
        "number": None if thing.status == "draft" else thing.number,
        "period_end": thing.created,
        "period_start": thing.created,
        "starting_balance": 0,
        "status": thing.status,
        "status_transitions": {
            "finalized_at": thing.finalized_at,
            "marked_uncollectible_at": None,
            "paid_at": thing.paid_at,
            "voided_at": thing.voided_at,
        },
        "subtotal": thing.amount_due,
        "total": thing.amount_due,
    }
    return shape | _invoice_by_generation(thing, generation)


def _invoice_by_generation(thing: Invoice, generation: Generation) -> Json:
    details: Json = {"metadata": thing.subscription_metadata}
    if generation is PRE_BASIL:
        return {
            "charge": thing.charge,
            "paid": thing.status == "paid",
            "payment_intent": thing.payment_intent,
            "subscription": thing.subscription,
            "subscription_details": details,
        }
    details["subscription"] = thing.subscription
    return {
        "amount_overpaid": 0,
        "parent": {
            "quote_details": None,
            "subscription_details": details,
            "type": "subscription_details",
        },
    }


def _line(thing: Line, parent: Invoice, generation: Generation) -> Json:
    shape: Json = {
        "id": thing.id,
        "object": "line_item",
        "amount": thing.amount_minor,
        "currency": "usd",
        "description": f"1 × {thing.price.plan_key}",
        "invoice": parent.id,
        "period": {"end": thing.period_end, "start": thing.period_start},
        "quantity": 1,
    }
    if generation is PRE_BASIL:
        return shape | {
            "plan": plan(thing.price),
            "price": price(thing.price),
            "subscription": parent.subscription,
            "subscription_item": thing.subscription_item,
            "type": "subscription",
        }
    return shape | {
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": parent.billing_reason == "subscription_update",
                "subscription": parent.subscription,
                "subscription_item": thing.subscription_item,
            },
            "type": "subscription_item_details",
        },
        "pricing": {
            "price_details": {"price": thing.price.id, "product": thing.price.product},
            "type": "price_details",
            "unit_amount_decimal": str(thing.price.amount_minor),
        },
    }
