"""A Stripe account of any size: customers, cards and subscriptions made up as they are asked for.

Customer number n was created `n * step_s` seconds after the first; so a list needs no memory.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from demo.objects import Card, Customer, PaymentMethod, StripeAddress, StripeSubscription, SubscriptionItem
from demo.prices import DEFAULT_PRICES
from demo.shapes import Rendering, render
from demo.versions import Generation
from tests.doubles.faults import Faults, no_faults
from tests.doubles.http import Asked, Double, Json, Replied, serving

FIRST = 1_700_000_000
DAY_S = 86_400
PLAIN = Rendering(Generation.LATER)


class Crowd:
    """`size` customers, each with one card and one subscription, spread over `days`."""

    def __init__(self, size: int, *, days: int = 700) -> None:
        self.size = size
        self.step_s = max(1, days * DAY_S // size)
        self.request_count = 0

    def answer(self, request: Asked) -> Replied:
        self.request_count += 1
        if request.path == "/v1/customers":
            return self._listed(request, "cus_crowd", self.customer)
        if request.path == "/v1/subscriptions":
            return self._listed(request, "sub_crowd", self.subscription)
        if request.path == "/v1/checkout/sessions":
            return Replied(200, {"object": "list", "data": [], "has_more": False})
        if one := re.fullmatch(r"/v1/customers/cus_crowd(\d{9})", request.path):
            return Replied(200, self.customer(int(one[1])))
        return Replied(404, {"error": {"type": "invalid_request_error", "message": "no such object"}})

    def customer(self, number: int) -> Json:
        stripe_customer = Customer(
            id=f"cus_crowd{number:09d}",
            created=FIRST + number * self.step_s,
            email=f"crowd{number}@example.com",
            name=f"Crowd {number}",
            address=StripeAddress("1 High Street", "Leeds", None, "LS1 1AA", "GB"),
            currency="usd",
            default_payment_method=f"pm_crowd{number:09d}",
            metadata={"userId": f"user_crowd{number:09d}"},
        )
        shown = render(stripe_customer, PLAIN)
        shown["invoice_settings"]["default_payment_method"] = self.method(number)
        return shown

    def method(self, number: int) -> Json:
        card = Card("visa", f"{number % 10_000:04d}", 1 + number % 12, 2030)
        created = FIRST + number * self.step_s
        return render(PaymentMethod(f"pm_crowd{number:09d}", created, f"cus_crowd{number:09d}", card), PLAIN)

    def subscription(self, number: int) -> Json:
        created = FIRST + number * self.step_s
        price = DEFAULT_PRICES[number % len(DEFAULT_PRICES)]
        item = SubscriptionItem(f"si_crowd{number:09d}", created, price, created, created + 30 * DAY_S)
        stripe_subscription = StripeSubscription(
            id=f"sub_crowd{number:09d}",
            created=created,
            customer=f"cus_crowd{number:09d}",
            status="active" if number % 5 else "canceled",
            items=(item,),
            billing_cycle_anchor=created,
            metadata={},
            ended_at=None if number % 5 else created + DAY_S,
        )
        return render(stripe_subscription, PLAIN)

    def _listed(self, request: Asked, prefix: str, make: Callable[[int], Json]) -> Replied:
        """Newest first: numbers go down."""
        lowest = self._number(request.query.get("created[gte]"), 0)
        above = self._number(request.query.get("created[lt]"), self.size)
        if after := request.query.get("starting_after"):
            above = min(above, int(re.sub(r"\D", "", after.removeprefix(prefix))))
        numbers = range(min(above, self.size) - 1, max(lowest, 0) - 1, -1)
        page = numbers[: int(request.query.get("limit", "10"))]
        data = [make(number) for number in page]
        return Replied(200, {"object": "list", "data": data, "has_more": len(numbers) > len(page)})

    def _number(self, created: str | None, default: int) -> int:
        """The first customer created at or after that second."""
        if created is None:
            return default
        return max(0, -((FIRST - int(created)) // self.step_s))


def crowd_double(size: int, *, faults: Faults = no_faults, days: int = 700) -> Double:
    return Double(Crowd(size, days=days).answer, lambda: datetime.now(UTC), faults)


def main() -> None:
    """A process of its own: prints its address and serves until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", type=int)
    with serving(crowd_double(parser.parse_args().size)) as double:
        sys.stdout.write(double.url + "\n")
        sys.stdout.flush()
        while True:
            time.sleep(60)


if __name__ == "__main__":
    main()
