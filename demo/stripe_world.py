"""A simulated Stripe: operations that emit the same events as the real one."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from demo.changes import Json
from demo.clock import WorldClock
from demo.deliveries import DemoDelivery, stripe_delivery
from demo.ids import IdSource, SeededIds
from demo.objects import Charge, CheckoutSession, Customer, StripeAddress, StripeSubscription
from demo.prices import Price
from demo.stripe_cards import Cards
from demo.stripe_cycle import BillingCycle, Dunning
from demo.stripe_invoices import Invoicing
from demo.stripe_log import StripeLog
from demo.stripe_subscriptions import Subscriptions, Terms
from demo.versions import V2025_CLOVER, ApiVersion


@dataclass(frozen=True)
class Bought:
    """The ids that a completed checkout creates."""

    customer: str
    subscription: str
    session: str


class StripeWorld:
    """One Stripe account. Every operation takes effect at the clock's present second.

    `cards` and `subscriptions` have the operations on those objects; customers, checkout and
    time are here. `deliveries` is the journal, in the order of events.
    """

    def __init__(
        self,
        clock: WorldClock,
        *,
        seed: int | str = 0,
        api: ApiVersion = V2025_CLOVER,
        journal: list[DemoDelivery] | None = None,
        livemode: bool = True,
        account: str | None = None,
        dunning: Dunning = "cancel",
        ids: IdSource | None = None,
    ) -> None:
        self.clock = clock
        self.deliveries: list[DemoDelivery] = [] if journal is None else journal
        self.log = StripeLog(
            clock,
            ids=ids or SeededIds(seed),
            api=api,
            journal=self.deliveries,
            livemode=livemode,
            account=account,
        )
        self.invoicing = Invoicing(self.log)
        self.cycle = BillingCycle(self.log, self.invoicing, dunning=dunning)
        self.cards = Cards(self.log, self.invoicing)
        self.subscriptions = Subscriptions(self.log, self.invoicing, self.cycle)

    def advance(self, until: datetime) -> None:
        """Advance time to `until` and run the actions due by then."""
        self.cycle.advance(int(until.timestamp()))

    def advance_by(self, duration: timedelta) -> None:
        self.cycle.advance(self.clock.now_s + int(duration.total_seconds()))

    def create_customer(
        self,
        *,
        email: str,
        name: str | None = None,
        address: StripeAddress | None = None,
        metadata: dict[str, str] | None = None,
    ) -> str:
        """The new customer's id."""
        self.log.begin_request()
        return self._new_customer(email=email, name=name, address=address, metadata=metadata)

    def checkout(
        self,
        price: Price,
        *,
        email: str,
        customer: str | None = None,
        name: str | None = None,
        address: StripeAddress | None = None,
        trial_days: int = 0,
        with_card: bool = True,
        client_reference_id: str | None = None,
        session_metadata: dict[str, str] | None = None,
        subscription_metadata: dict[str, str] | None = None,
        terms: Terms | None = None,
    ) -> Bought:
        """Complete a Checkout page; without a card only a trial can start."""
        self.log.apart("checkout")
        self.log.begin_request()
        buyer = customer or self._new_customer(email=email, name=name)
        if address is not None:
            self._update_customer(buyer, address=address)
        method = self.cards.attach(buyer, address=address, name=name) if with_card else None
        terms = terms or Terms()
        subscription = self.subscriptions.start(
            buyer,
            price,
            terms=replace(
                terms,
                trial_days=trial_days or (terms.trial_days if with_card else 7),
                default_payment_method=method,
                metadata=subscription_metadata or terms.metadata,
            ),
        )
        session = self._completed_session(
            subscription,
            email=email,
            client_reference_id=client_reference_id,
            metadata=session_metadata,
        )
        return Bought(buyer, subscription.id, session)

    def link_customer(self, customer: str, metadata: dict[str, str]) -> None:
        """Write the owner into the customer's metadata, maybe long after the first events."""
        self.log.begin_request()
        before = self.log.get(Customer, customer)
        self._update_customer(customer, metadata={**before.metadata, **metadata})

    def change_address(self, customer: str, address: StripeAddress | None) -> None:
        self.log.begin_request()
        self._update_customer(customer, address=address)

    def delete_customer(self, customer: str) -> None:
        """Ends the subscriptions, detaches the cards, and leaves a tombstone."""
        self.log.begin_request()
        for subscription in self.subscriptions_of(customer):
            if subscription.status == "incomplete":
                self.cycle.expire(subscription)
            elif not subscription.ended:
                self.cycle.cancel(subscription, reason="cancellation_requested")
        self.cards.detach_all(customer)
        gone = replace(self.log.get(Customer, customer), deleted=True)
        self.log.put(gone, "customer.deleted")

    def refund(self, customer: str, amount_minor: int) -> None:
        """Give back part of the last successful charge, if there was one."""
        charges = [
            charge
            for charge in self.log.all(Charge)
            if charge.customer == customer and charge.succeeded and charge.refunded == 0
        ]
        if charges:
            self.log.begin_request()
            last = charges[-1]
            refunded = min(last.amount, amount_minor)
            self.log.put(replace(last, refunded=refunded), "charge.refunded")

    def twin(self, delivery: DemoDelivery) -> DemoDelivery:
        """A second Event object for the same change; Stripe sometimes creates these."""
        event: Json = {**delivery.event, "id": self.log.new_id("evt")}
        other = stripe_delivery(event)
        self.deliveries.append(other)
        return other

    def thin_twin(self, delivery: DemoDelivery) -> DemoDelivery:
        """The thin form of the same event, for an endpoint that takes both."""
        related = delivery.event["data"]["object"]
        when = delivery.occurred_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        other = stripe_delivery(
            {
                "id": self.log.new_id("evt"),
                "object": "v2.core.event",
                "type": f"v1.{delivery.event_type}",
                "created": when,
                "livemode": self.log.livemode,
                "context": self.log.account,
                "related_object": {
                    "id": related["id"],
                    "type": related["object"],
                    "url": f"/v1/{related['object'].replace('.', '/')}s/{related['id']}",
                },
                "reason": None,
                "snapshot_event": delivery.message_id,
            }
        )
        self.deliveries.append(other)
        return other

    def customers(self) -> list[Customer]:
        return self.log.all(Customer)

    def subscriptions_of(self, customer: str) -> list[StripeSubscription]:
        """Oldest first, ended ones included."""
        return [
            subscription
            for subscription in self.log.all(StripeSubscription)
            if subscription.customer == customer
        ]

    def sessions(self) -> list[CheckoutSession]:
        return self.log.all(CheckoutSession)

    def _new_customer(
        self,
        *,
        email: str,
        name: str | None = None,
        address: StripeAddress | None = None,
        metadata: dict[str, str] | None = None,
    ) -> str:
        self.log.apart("customer.created")
        customer = Customer(
            id=self.log.new_id("cus"),
            created=self.clock.now_s,
            email=email,
            name=name,
            address=address,
            metadata=metadata or {},
        )
        return self.log.put(customer, "customer.created").id

    # Any of Customer's fields: dataclasses.replace checks the names.
    def _update_customer(self, customer: str, **fields: object) -> None:
        before = self.log.get(Customer, customer)
        if not before.deleted:
            self.log.put(replace(before, **fields), "customer.updated")  # type: ignore[arg-type]

    def _completed_session(
        self,
        subscription: StripeSubscription,
        *,
        email: str,
        client_reference_id: str | None,
        metadata: dict[str, str] | None,
    ) -> str:
        first = self.invoicing.first_of(subscription)
        session = CheckoutSession(
            id=self.log.new_id("cs_live" if self.log.livemode else "cs_test"),
            created=self.clock.now_s,
            customer=subscription.customer,
            subscription=subscription.id,
            invoice=first.id,
            email=email,
            amount=first.amount_due,
            client_reference_id=client_reference_id,
            metadata=metadata or {},
        )
        return self.log.put(session, "checkout.session.completed").id
