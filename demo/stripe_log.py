"""The little Stripe's memory and its mouth: each change of an object becomes an event."""

from collections import defaultdict
from typing import TypeVar

from demo.changes import Json, matches, previous_attributes
from demo.clock import WorldClock
from demo.deliveries import DemoDelivery, stripe_delivery
from demo.ids import IdSource
from demo.objects import StripeObject
from demo.shapes import Rendering, render
from demo.versions import ApiVersion

T = TypeVar("T", bound=StripeObject)

WITH_PREVIOUS = (".updated", ".detached", ".automatically_updated", ".refunded")
"""Endings of the types whose events carry `previous_attributes`."""


class StripeLog:
    """Objects by id, and a journal of what was said about them."""

    def __init__(
        self,
        clock: WorldClock,
        *,
        ids: IdSource,
        api: ApiVersion,
        journal: list[DemoDelivery],
        livemode: bool = True,
        account: str | None = None,
    ) -> None:
        self.clock = clock
        self.ids = ids
        self.api = api
        self.journal = journal
        self.livemode = livemode
        self.account = account
        self.objects: dict[str, StripeObject] = {}
        self._request: Json = {"id": None, "idempotency_key": None}
        self._marks: dict[tuple[str, ...], int] = {}
        self._second = 0
        self._changes: defaultdict[str, list[Json]] = defaultdict(list)

    def begin_request(self) -> None:
        """What follows was asked for by somebody; its events share the request's id."""
        self._request = {"id": self.ids.stripe("req"), "idempotency_key": self.ids.uuid()}

    def begin_automatic(self) -> None:
        """What follows happens by itself: Stripe then sends null for both."""
        self._request = {"id": None, "idempotency_key": None}

    def new_id(self, prefix: str) -> str:
        return self.ids.stripe(prefix)

    def get(self, kind: type[T], object_id: str) -> T:
        """The object as it is now.

        Raises: KeyError when there is none; TypeError when the id names another kind.
        """
        found = self.objects[object_id]
        if not isinstance(found, kind):
            raise TypeError(f"{object_id} is a {type(found).__name__}, not a {kind.__name__}")
        return found

    def all(self, kind: type[T]) -> list[T]:
        """Every object of that kind, oldest first."""
        return [each for each in self.objects.values() if isinstance(each, kind)]

    def apart(self, *key: str) -> None:
        """Let at least a second pass between two things whose order matters and shows nowhere."""
        if self._marks.get(key) == self.clock.now_s:
            self.clock.next_second()
        self._marks[key] = self.clock.now_s

    def put(self, thing: T, *event_types: str) -> T:
        """Remember the object and say so once for each type; an update of nothing is silent."""
        before = self.objects.get(thing.id)
        if thing == before and any(each.endswith(".updated") for each in event_types):
            return thing
        self.objects[thing.id] = thing
        snapshot = self.render(thing)
        previous = previous_attributes(self.render(before), snapshot) if before else {}
        for event_type in event_types:
            shown = previous if event_type.endswith(WITH_PREVIOUS) else None
            self._settle(thing.id, snapshot, shown)
            self.say(event_type, snapshot, previous=shown)
        return thing

    def render(self, thing: StripeObject) -> Json:
        return render(thing, Rendering(self.api.generation, self.livemode))

    def say(self, event_type: str, snapshot: Json, *, previous: Json | None = None) -> None:
        """Put one event in the journal, with the current second and request."""
        data: Json = {"object": snapshot}
        if previous is not None:
            data["previous_attributes"] = previous
        event: Json = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": self.api.name,
            "created": self.clock.now_s,
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": 1,
            "request": dict(self._request),
            "type": event_type,
        }
        if self.account is not None:
            event["account"] = self.account
        self.journal.append(stripe_delivery(event))

    def _settle(self, object_id: str, snapshot: Json, previous: Json | None) -> None:
        """Wait a second rather than undo a change in the second it was made.

        Two such events each look like the cause of the other, and nobody could order them.
        """
        if self._second != self.clock.now_s:
            self._second = self.clock.now_s
            self._changes.clear()
        if any(matches(earlier, snapshot) for earlier in self._changes[object_id]):
            self.clock.next_second()
            self._second = self.clock.now_s
            self._changes.clear()
        if previous:
            self._changes[object_id].append(previous)
