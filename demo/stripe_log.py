"""Objects of the simulated Stripe, and the journal of events that their changes emit."""

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
    """Objects by id, and a journal of the events about them."""

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
        """Emit the following events with the id of one API request."""
        self._request = {"id": self.ids.stripe("req"), "idempotency_key": self.ids.uuid()}

    def begin_automatic(self) -> None:
        """Emit the following events without a request: Stripe then sends null for both."""
        self._request = {"id": None, "idempotency_key": None}

    def new_id(self, prefix: str) -> str:
        return self.ids.stripe(prefix)

    def get(self, kind: type[T], object_id: str) -> T:
        """The object as it is now.

        Raises: KeyError when there is none; TypeError when the id names another kind.
        """
        stored = self.objects[object_id]
        if not isinstance(stored, kind):
            raise TypeError(f"{object_id} is a {type(stored).__name__}, not a {kind.__name__}")
        return stored

    def all(self, kind: type[T]) -> list[T]:
        """Every object of that kind, oldest first."""
        return [stored for stored in self.objects.values() if isinstance(stored, kind)]

    def apart(self, *key: str) -> None:
        """Advance by at least a second, so that the order of two changes shows in their times."""
        if self._marks.get(key) == self.clock.now_s:
            self.clock.next_second()
        self._marks[key] = self.clock.now_s

    def put(self, item: T, *event_types: str) -> T:
        """Store the object and emit one event per type; an update without changes emits none."""
        before = self.objects.get(item.id)
        if item == before and any(name.endswith(".updated") for name in event_types):
            return item
        self.objects[item.id] = item
        snapshot = self.render(item)
        previous = previous_attributes(self.render(before), snapshot) if before else {}
        for event_type in event_types:
            shown = previous if event_type.endswith(WITH_PREVIOUS) else None
            self._settle(item.id, snapshot, shown)
            self.emit(event_type, snapshot, previous=shown)
        return item

    def render(self, item: StripeObject) -> Json:
        return render(item, Rendering(self.api.generation, self.livemode))

    def emit(self, event_type: str, snapshot: Json, *, previous: Json | None = None) -> None:
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
        """Advance a second before a change that undoes one made in the same second.

        The order of two such events could not be determined.
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
