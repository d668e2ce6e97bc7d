"""Customers as the log has them: their own streams folded, linked to a user or not."""

from collections.abc import Iterable
from dataclasses import dataclass

from events.routing import PARTS
from events.statements import AnyConnection
from projections import log_reader
from projections.facts import Body, Fact
from projections.fold import present, refold
from projections.shapes.customer import CustomerFact
from projections.shapes.payment_method import PaymentMethodFact
from projections.shapes.subscription import SubscriptionFact
from projections.state import State

_EVERYTHING = dict.fromkeys(range(PARTS), 2**62)


@dataclass(frozen=True, slots=True)
class LoggedCustomer:
    """One customer as the log has them."""

    state: State
    facts: list[Fact]

    def body_of(self, kind: str, object_id: str, route: str) -> Body | None:
        """The object as folded; None when the log has no event about it."""
        if kind == "customer":
            return self.state.customers.get(route)
        logged_customers = self.state.subscriptions if kind == "subscription" else self.state.payment_methods
        return logged_customers.get(object_id)

    def last_of(self, object_id: str) -> Fact | None:
        """The last event about the object, by its own time."""
        facts = [fact for fact in self.facts if _id_of(fact.body) in (object_id, _bare(object_id))]
        return max(facts, key=lambda fact: (fact.at, fact.position), default=None)


def logged_customers(conn: AnyConnection, routes: Iterable[str]) -> dict[str, LoggedCustomer]:
    """Each customer's state up to the head of the log, whatever is projected by now."""
    facts_by_route: dict[str, list[Fact]] = {route: [] for route in routes}
    for event in log_reader.events_of(conn, facts_by_route, _EVERYTHING):
        if event.is_customer:
            facts_by_route[event.route_key].append(event.fact)
    return {
        route: LoggedCustomer(present(refold(route, {route: 0}, facts)), facts)
        for route, facts in facts_by_route.items()
    }


def _id_of(body: Body | None) -> str | None:
    return body.id if isinstance(body, SubscriptionFact | CustomerFact | PaymentMethodFact) else None


def _bare(object_id: str) -> str:
    return object_id.rpartition("/")[2]
