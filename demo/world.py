"""People with a Clerk account and Stripe customers, on one clock and one journal."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from demo.changes import Json
from demo.clerk_world import ClerkWorld
from demo.clock import WorldClock
from demo.deliveries import DemoDelivery
from demo.stripe_cycle import Dunning
from demo.stripe_world import StripeWorld
from demo.versions import V2025_CLOVER, ApiVersion


@dataclass
class DemoPerson:
    """A person, with their customers, linked at the providers or not."""

    user_id: str
    email: str
    name: str
    customers: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    """The customers that a provider's object links to the person, each once, in order."""

    def linked(self, customer: str) -> None:
        if customer not in self.links:
            self.links.append(customer)

    @property
    def unlinked(self) -> list[str]:
        return [customer for customer in self.customers if customer not in self.links]


class DemoWorld:
    """`deliveries` has all events; `clerk` and `stripe` have the current state."""

    def __init__(
        self,
        *,
        start: datetime,
        seed: int | str = 0,
        api: ApiVersion = V2025_CLOVER,
        dunning: Dunning = "cancel",
    ) -> None:
        self.clock = WorldClock(start)
        self.deliveries: list[DemoDelivery] = []
        self.people: list[DemoPerson] = []
        self.clerk = ClerkWorld(self.clock, seed=f"clerk {seed}", journal=self.deliveries)
        self.stripe = StripeWorld(
            self.clock,
            seed=f"stripe {seed}",
            api=api,
            journal=self.deliveries,
            dunning=dunning,
        )
        self.test_stripe = StripeWorld(
            self.clock,
            seed=f"test mode {seed}",
            api=api,
            journal=self.deliveries,
            livemode=False,
        )

    def join(self, *, first_name: str | None, last_name: str | None, email: str) -> DemoPerson:
        """A new person signs up."""
        user_id = self.clerk.sign_up(email=email, first_name=first_name, last_name=last_name)
        name = f"{first_name or ''} {last_name or ''}".strip()
        person = DemoPerson(user_id, email, name)
        self.people.append(person)
        return person

    def advance(self, until: datetime) -> None:
        self.stripe.advance(until)

    def wait(self, duration: timedelta) -> None:
        self.stripe.advance_by(duration)

    def use_api(self, version: ApiVersion) -> None:
        """The endpoint is moved to another API version; earlier deliveries are unchanged."""
        self.clock.next_second()
        self.stripe.log.api = version

    def events(self) -> list[Json]:
        return [delivery.event for delivery in self.deliveries]
