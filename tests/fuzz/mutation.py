"""One delivery made of a sample event: ids of a small shared world, times close together, hostile values."""

import re
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from tests.fuzz.hostile import encoded, hostile, hostile_like
from tests.webhooks.signing import NOW_S

Json = Any  # Any: parsed JSON

T0 = NOW_S - 7 * 86_400  # the endpoints' clock is ahead of every honest event
NAMES = 99  # of each kind, so that objects meet again under other events
SPAN_S = 600  # so that many events share a second

# The fields that some reader reads: half of the mutations are there.
READ = frozenset(
    {
        *("id", "object", "type", "created", "livemode", "account", "context", "related_object", "data"),
        *("previous_attributes", "customer", "status", "items", "price", "plan", "lookup_key", "metadata"),
        *("current_period_start", "current_period_end", "cancel_at", "cancel_at_period_end", "canceled_at"),
        *("ended_at", "trial_start", "trial_end", "default_payment_method", "default_source", "deleted"),
        *("invoice_settings", "address", "city", "country", "postal_code", "billing_details", "card"),
        *("last4", "brand", "exp_month", "exp_year", "amount_paid", "parent", "billing_reason"),
        *("subscription", "client_reference_id", "payment_status", "email_addresses", "email_address"),
        *("first_name", "last_name", "primary_email_address_id", "public_metadata", "created_at"),
        *("updated_at", "timestamp", "unit_amount", "quantity", "currency", "recurring", "product"),
        *("lines", "charge", "payment_intent", "amount", "reason"),
    }
)
OURS = ("system", "catalog")  # names of our own routes
_TOLD = ("customer.", "payment_method.", "checkout.session.", "invoice.paid", "invoice.payment", "user.")

_ID = re.compile(r"(cus|sub|pm|card|src|price|si|user|org|in|ch|pi|cs)_[A-Za-z0-9]+")
# The ids of one kind where another belongs: a user called like a customer, and the like.
_ANY_KIND = ("cus", "sub", "pm", "user", "price", "evt", "acct")


class Post(NamedTuple):
    """A body to sign and send. `message_id` is Clerk's; Stripe's is in the body."""

    provider: str
    message_id: str
    body: bytes


class Mutator:
    """Makes posts, the same ones for the same seed."""

    def __init__(self, samples: dict[str, list[Json]], seed: int) -> None:
        self._samples = samples
        self._read = {
            provider: [event for event in events if str(event.get("type", "")).startswith(_TOLD)]
            for provider, events in samples.items()
        }
        self._random = Random(f"fuzz {seed}")
        self._ids: list[str] = []

    def post(self) -> Post:
        """The next delivery."""
        random = self._random
        provider = "stripe" if random.random() < 0.8 else "clerk"
        among = self._read if random.random() < 0.6 else self._samples
        event = self._renamed(random.choice(among[provider]))
        own_id = self._own_id("evt" if provider == "stripe" else "msg")
        if provider == "stripe":
            self._dress_stripe(event, own_id)
        else:
            self._dress_clerk(event)
        for _ in range(random.choice((0, 0, 0, 0, 1, 1, 2, 8))):
            self._mutate(event)
        return Post(provider, own_id, encoded(event, random))

    def _own_id(self, kind: str) -> str:
        """A new one; at times one that was used before."""
        if self._ids and self._random.random() < 0.03:
            return self._random.choice(self._ids)
        self._ids.append(f"{kind}_{len(self._ids):07}")
        return self._ids[-1]

    def _renamed(self, value: Json) -> Json:
        """A copy whose ids are those of the small world."""
        if isinstance(value, dict):
            return {key: self._renamed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._renamed(item) for item in value]
        if isinstance(value, str) and (match := _ID.fullmatch(value)):
            return self._name(match[1])
        return value

    def _name(self, kind: str) -> str:
        if self._random.random() < 0.01:
            kind = self._random.choice(_ANY_KIND)
        return f"{kind}_{self._random.randrange(NAMES):02}"

    def _instant(self) -> int:
        return T0 + self._random.randrange(SPAN_S)

    def _dress_stripe(self, event: Json, own_id: str) -> None:
        random = self._random
        event["id"], event["livemode"] = own_id, random.random() < 0.05
        if isinstance(event.get("created"), int):
            event["created"] = self._instant()
        stripe_object = (event.get("data") or {}).get("object")
        if not isinstance(stripe_object, dict):
            return
        if random.random() < 0.25:
            stripe_object["metadata"] = {
                random.choice(("userId", "user_id", "clerk_user_id")): self._name("user")
            }
        if random.random() < 0.10:
            stripe_object["client_reference_id"] = random.choice((self._name("user"), *OURS))
        if random.random() < 0.10:
            stripe_object["customer"] = random.choice((self._name("cus"), {"id": self._name("cus")}, None))
        if random.random() < 0.05:
            name = self._name("cus")
            event["related_object"] = {"id": name, "type": "customer", "url": f"/v1/customers/{name}"}
        if random.random() < 0.03:
            event[random.choice(("account", "context"))] = self._name("acct")

    def _dress_clerk(self, event: Json) -> None:
        if isinstance(event.get("data"), dict) and isinstance(event["data"].get("updated_at"), int):
            event["data"]["updated_at"] = self._instant() * 1000 + self._random.randrange(3)

    def _mutate(self, event: Json) -> None:
        """Change one place: a value, a key, an element; or put what belongs elsewhere there."""
        random = self._random
        places = list(_places(event))
        if random.random() < 0.5:
            places = [candidate for candidate in places if candidate[1] in READ] or places
        if not places:
            return
        place, key = random.choice(places)
        how = random.random()
        if how < 0.40:
            place[key] = hostile_like(place[key], random)
        elif how < 0.60:
            place[key] = hostile(random)
        elif how < 0.75:
            del place[key]
        elif how < 0.85:
            place[key] = self._name(random.choice(_ANY_KIND))
        elif how < 0.92:
            place[key] = [place[key], place[key]]
        elif isinstance(place, dict):
            text = hostile(random)
            place[text if isinstance(text, str) else "id"] = place[key]


def _places(value: Json) -> Iterator[tuple[Json, Json]]:
    """(object or list, key or index) of everything inside."""
    for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)
