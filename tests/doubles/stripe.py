"""Stripe's API as documented, over a little Stripe: lists newest first, cursors, filters, expansion.

Source: https://docs.stripe.com/api/pagination, https://docs.stripe.com/api/events/list,
https://docs.stripe.com/api/subscriptions/list, https://docs.stripe.com/api/customers/list
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from demo.objects import Customer, PaymentMethod, StripeObject, StripeSubscription
from demo.prices import PRICES
from demo.shapes_billing import price
from demo.stripe_world import StripeWorld
from tests.doubles.faults import Faults, no_faults
from tests.doubles.http import Asked, Double, Json, Replied

KEPT = timedelta(days=30)
KEY = "rk_live_double"


def stripe_double(world: StripeWorld, *, now: Callable[[], datetime], faults: Faults = no_faults) -> Double:
    """The API of that account; its events are those of the world's journal."""
    return Double(_Stripe(world, now).answer, now, faults)


class _Stripe:
    def __init__(self, world: StripeWorld, now: Callable[[], datetime]) -> None:
        self._world = world
        self._now = now

    def answer(self, request: Asked) -> Replied:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return Replied(401, _refused("Invalid API Key provided", "invalid_request_error"))
        for pattern, view in ROUTES:
            if match := re.fullmatch(pattern, request.path):
                return view(self, request, *match.groups())
        return Replied(404, _refused("Unrecognized request URL", "invalid_request_error"))

    def events(self, request: Asked) -> Replied:
        return _listed(request, [entry for entry in self._events() if _in_window(entry, request)])

    def event(self, request: Asked, event_id: str) -> Replied:
        return _one(next((entry for entry in self._events() if entry["id"] == event_id), None))

    def customers(self, request: Asked) -> Replied:
        alive = [entry for entry in self._world.customers() if not entry.deleted]
        return self._objects(request, alive)

    def customer(self, request: Asked, customer_id: str) -> Replied:
        customer = self._world.log.objects.get(customer_id)
        if isinstance(customer, Customer) and customer.deleted:
            return Replied(200, {"id": customer.id, "object": "customer", "deleted": True})
        return _one(self._rendered(customer, request) if customer else None)

    def subscriptions(self, request: Asked) -> Replied:
        subscriptions = self._world.log.all(StripeSubscription)
        if request.query.get("status") != "all":
            subscriptions = [subscription for subscription in subscriptions if not subscription.ended]
        return self._objects(request, subscriptions)

    def subscription(self, request: Asked, subscription_id: str) -> Replied:
        subscription = self._world.log.objects.get(subscription_id)
        return _one(self._rendered(subscription, request) if subscription else None)

    def methods(self, request: Asked, customer_id: str) -> Replied:
        methods = self._world.log.all(PaymentMethod)
        return self._objects(request, [method for method in methods if method.customer == customer_id])

    def method(self, request: Asked, method_id: str) -> Replied:
        method = self._world.log.objects.get(method_id)
        return _one(self._rendered(method, request) if method else None)

    def sessions(self, request: Asked) -> Replied:
        return self._objects(request, self._world.sessions())

    def prices(self, request: Asked) -> Replied:
        shown = [_priced(price(plan_price), request) for plan_price in PRICES.values()]
        return _listed(request, shown)

    def _objects(self, request: Asked, objects: list[Any]) -> Replied:  # Any: one kind of object
        things = sorted(objects, key=lambda entry: entry.created, reverse=True)
        return _listed(
            request, [self._rendered(entry, request) for entry in things if _in_window(entry, request)]
        )

    def _rendered(self, stripe_object: StripeObject, request: Asked) -> Json:
        shown = self._world.log.render(stripe_object)
        for name, value in request.query.items():
            if name.startswith("expand"):
                self._expand(shown, value.removeprefix("data.").split("."))
        return shown

    def _expand(self, shown: Json, path: list[str]) -> None:
        for step in path[:-1]:
            shown = shown.get(step) or {}
        expanded = self._world.log.objects.get(str(shown.get(path[-1])))
        if expanded is not None:
            shown[path[-1]] = self._world.log.render(expanded)

    def _events(self) -> list[Json]:
        """Newest first; thin events are not listed here, and none is older than thirty days."""
        oldest = (self._now() - KEPT).timestamp()
        own = [
            delivery.event
            for delivery in self._world.deliveries
            if delivery.provider == "stripe"
            and delivery.event["object"] == "event"
            and delivery.event["livemode"] == self._world.log.livemode
        ]
        kept = [event | {"pending_webhooks": 0} for event in own if event["created"] >= oldest]
        kept.reverse()  # the journal is oldest first, also within a second
        return sorted(kept, key=lambda event: event["created"], reverse=True)


ROUTES: list[tuple[str, Callable[..., Replied]]] = [
    (r"/v1/events", _Stripe.events),
    (r"/v1/events/([^/]+)", _Stripe.event),
    (r"/v1/customers", _Stripe.customers),
    (r"/v1/customers/([^/]+)", _Stripe.customer),
    (r"/v1/customers/([^/]+)/payment_methods", _Stripe.methods),
    (r"/v1/subscriptions", _Stripe.subscriptions),
    (r"/v1/subscriptions/([^/]+)", _Stripe.subscription),
    (r"/v1/payment_methods/([^/]+)", _Stripe.method),
    (r"/v1/checkout/sessions", _Stripe.sessions),
    (r"/v1/prices", _Stripe.prices),
]


def _listed(request: Asked, entries: list[Json]) -> Replied:
    """One page of a list."""
    begin = 0
    if after := request.query.get("starting_after"):
        places = [place for place, entry in enumerate(entries) if entry["id"] == after]
        if not places:
            return Replied(400, _refused(f"No such object: '{after}'", "invalid_request_error"))
        begin = places[0] + 1
    size = min(100, int(request.query.get("limit", "10")))
    page = entries[begin : begin + size]
    has_more = begin + size < len(entries)
    return Replied(200, {"object": "list", "data": page, "has_more": has_more, "url": request.path})


def _in_window(stripe_object: Any, request: Asked) -> bool:  # Any: an object or its JSON
    created = stripe_object["created"] if isinstance(stripe_object, dict) else stripe_object.created
    lowest, before = request.query.get("created[gte]"), request.query.get("created[lt]")
    return (lowest is None or created >= int(lowest)) and (before is None or created < int(before))


def _priced(shown: Json, request: Asked) -> Json:
    if "data.product" in request.query.values():
        name = shown["product"].removeprefix("prod_").replace("_", " ").title()
        shown["product"] = {"id": shown["product"], "object": "product", "name": name, "metadata": {}}
    return shown


def _one(entry: Json | None) -> Replied:
    if entry is None:
        return Replied(404, _refused("No such object", "invalid_request_error"))
    return Replied(200, entry)


def _refused(message: str, kind: str) -> Json:
    return {"error": {"type": kind, "message": message}}
