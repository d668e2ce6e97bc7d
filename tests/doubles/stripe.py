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

    def answer(self, asked: Asked) -> Replied:
        if asked.headers.get("Authorization") != f"Bearer {KEY}":
            return Replied(401, _refused("Invalid API Key provided", "invalid_request_error"))
        for pattern, view in ROUTES:
            if found := re.fullmatch(pattern, asked.path):
                return view(self, asked, *found.groups())
        return Replied(404, _refused("Unrecognized request URL", "invalid_request_error"))

    def events(self, asked: Asked) -> Replied:
        return _listed(asked, [each for each in self._events() if _in_window(each, asked)])

    def event(self, asked: Asked, event_id: str) -> Replied:
        return _one(next((each for each in self._events() if each["id"] == event_id), None))

    def customers(self, asked: Asked) -> Replied:
        alive = [each for each in self._world.customers() if not each.deleted]
        return self._objects(asked, alive)

    def customer(self, asked: Asked, customer_id: str) -> Replied:
        found = self._world.log.objects.get(customer_id)
        if isinstance(found, Customer) and found.deleted:
            return Replied(200, {"id": found.id, "object": "customer", "deleted": True})
        return _one(self._rendered(found, asked) if found else None)

    def subscriptions(self, asked: Asked) -> Replied:
        found = self._world.log.all(StripeSubscription)
        if asked.query.get("status") != "all":
            found = [each for each in found if not each.ended]
        return self._objects(asked, found)

    def subscription(self, asked: Asked, subscription_id: str) -> Replied:
        found = self._world.log.objects.get(subscription_id)
        return _one(self._rendered(found, asked) if found else None)

    def methods(self, asked: Asked, customer_id: str) -> Replied:
        found = self._world.log.all(PaymentMethod)
        return self._objects(asked, [each for each in found if each.customer == customer_id])

    def method(self, asked: Asked, method_id: str) -> Replied:
        found = self._world.log.objects.get(method_id)
        return _one(self._rendered(found, asked) if found else None)

    def sessions(self, asked: Asked) -> Replied:
        return self._objects(asked, self._world.sessions())

    def prices(self, asked: Asked) -> Replied:
        shown = [_priced(price(each), asked) for each in PRICES.values()]
        return _listed(asked, shown)

    def _objects(self, asked: Asked, found: list[Any]) -> Replied:  # Any: one kind of object
        things = sorted(found, key=lambda each: each.created, reverse=True)
        return _listed(asked, [self._rendered(each, asked) for each in things if _in_window(each, asked)])

    def _rendered(self, thing: StripeObject, asked: Asked) -> Json:
        shown = self._world.log.render(thing)
        for name, value in asked.query.items():
            if name.startswith("expand"):
                self._expand(shown, value.removeprefix("data.").split("."))
        return shown

    def _expand(self, shown: Json, path: list[str]) -> None:
        for step in path[:-1]:
            shown = shown.get(step) or {}
        found = self._world.log.objects.get(str(shown.get(path[-1])))
        if found is not None:
            shown[path[-1]] = self._world.log.render(found)

    def _events(self) -> list[Json]:
        """Newest first; thin events are not listed here, and none is older than thirty days."""
        oldest = (self._now() - KEPT).timestamp()
        own = [
            each.event
            for each in self._world.deliveries
            if each.provider == "stripe"
            and each.event["object"] == "event"
            and each.event["livemode"] == self._world.log.livemode
        ]
        kept = [each | {"pending_webhooks": 0} for each in own if each["created"] >= oldest]
        kept.reverse()  # the journal is oldest first, also within a second
        return sorted(kept, key=lambda each: each["created"], reverse=True)


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


def _listed(asked: Asked, found: list[Json]) -> Replied:
    """One page of a list."""
    begin = 0
    if after := asked.query.get("starting_after"):
        places = [place for place, each in enumerate(found) if each["id"] == after]
        if not places:
            return Replied(400, _refused(f"No such object: '{after}'", "invalid_request_error"))
        begin = places[0] + 1
    size = min(100, int(asked.query.get("limit", "10")))
    page = found[begin : begin + size]
    has_more = begin + size < len(found)
    return Replied(200, {"object": "list", "data": page, "has_more": has_more, "url": asked.path})


def _in_window(thing: Any, asked: Asked) -> bool:  # Any: an object or its JSON
    created = thing["created"] if isinstance(thing, dict) else thing.created
    lowest, before = asked.query.get("created[gte]"), asked.query.get("created[lt]")
    return (lowest is None or created >= int(lowest)) and (before is None or created < int(before))


def _priced(shown: Json, asked: Asked) -> Json:
    if "data.product" in asked.query.values():
        name = shown["product"].removeprefix("prod_").replace("_", " ").title()
        shown["product"] = {"id": shown["product"], "object": "product", "name": name, "metadata": {}}
    return shown


def _one(found: Json | None) -> Replied:
    if found is None:
        return Replied(404, _refused("No such object", "invalid_request_error"))
    return Replied(200, found)


def _refused(message: str, kind: str) -> Json:
    return {"error": {"type": kind, "message": message}}
