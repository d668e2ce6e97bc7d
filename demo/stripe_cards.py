"""Payment methods of the simulated Stripe: attached, made default, refreshed by the bank, removed."""

from dataclasses import replace
from typing import Literal

from demo.objects import (
    Card,
    Customer,
    PaymentMethod,
    SetupIntent,
    StripeAddress,
    StripeSubscription,
)
from demo.stripe_invoices import Invoicing
from demo.stripe_log import StripeLog

DefaultFor = Literal["subscription", "customer", "nothing"]

CARDS: tuple[Card, ...] = (
    Card("visa", "4242", 8, 2030),
    Card("mastercard", "4444", 11, 2029),
    Card("amex", "0005", 3, 2031),
    Card("visa", "1881", 1, 2028),
    Card("discover", "1117", 12, 2030),
)


class Cards:
    """Attach, detach and default, with the events each of them causes elsewhere."""

    def __init__(self, log: StripeLog, invoicing: Invoicing) -> None:
        self.log = log
        self.invoicing = invoicing
        self._made = 0

    def attach(
        self,
        customer: str,
        *,
        card: Card | None = None,
        address: StripeAddress | None = None,
        name: str | None = None,
    ) -> str:
        """Set up and attach a new method; returns its id. The order of attachment is kept."""
        self.log.apart("attach", customer)
        self._made += 1
        now = self.log.clock.now_s
        method = PaymentMethod(
            id=self.log.new_id("pm"),
            created=now,
            customer=customer,
            card=card or CARDS[self._made % len(CARDS)],
            name=name,
            address=address,
        )
        intent = SetupIntent(id=self.log.new_id("seti"), created=now, customer=customer)
        self.log.put(intent, "setup_intent.created")
        self.log.put(
            replace(intent, status="succeeded", payment_method=method.id),
            "setup_intent.succeeded",
        )
        return self.log.put(method, "payment_method.attached").id

    def change(
        self,
        customer: str,
        *,
        card: Card | None = None,
        address: StripeAddress | None = None,
        default_for: DefaultFor = "customer",
        detach_old: bool = True,
    ) -> str:
        """Attach another card, which the bank accepts again; returns the new method's id."""
        self.log.begin_request()
        old = self.attached(customer)
        new = self.attach(customer, card=card, address=address)
        self.invoicing.declined.discard(customer)
        if default_for == "customer":
            before = self.log.get(Customer, customer)
            self.log.put(replace(before, default_payment_method=new), "customer.updated")
        elif default_for == "subscription":
            for subscription in self._running(customer):
                self._default(subscription, new)
        if detach_old:
            for method in old:
                self._detach(method)
        return new

    def detach(self, method_id: str) -> None:
        """Remove one method; where it was the default, the default goes with it."""
        self.log.begin_request()
        self._detach(self.log.get(PaymentMethod, method_id))

    def detach_all(self, customer: str) -> None:
        for method in self.attached(customer):
            self._detach(method)

    def refresh(self, method_id: str, *, exp_year: int, last4: str) -> None:
        """The bank replaces the card, and the card network updates it at Stripe."""
        method = self.log.get(PaymentMethod, method_id)
        self.log.begin_automatic()
        renewed = replace(method, card=replace(method.card, exp_year=exp_year, last4=last4))
        if renewed != method:
            self.log.put(renewed, "payment_method.automatically_updated")

    def edit(self, method_id: str, *, address: StripeAddress) -> None:
        """The owner corrects the card's billing address."""
        self.log.begin_request()
        method = self.log.get(PaymentMethod, method_id)
        self.log.put(replace(method, address=address), "payment_method.updated")

    def decline(self, customer: str) -> None:
        """Make the bank decline until another card is attached or a payment succeeds."""
        self.invoicing.declined.add(customer)

    def attached(self, customer: str) -> list[PaymentMethod]:
        """The attached methods, the latest last."""
        return [card for card in self.log.all(PaymentMethod) if card.customer == customer]

    def _detach(self, method: PaymentMethod) -> None:
        owner = method.customer or ""
        self.log.put(replace(method, customer=None), "payment_method.detached")
        before = self.log.get(Customer, owner)
        if before.default_payment_method == method.id:
            self.log.put(replace(before, default_payment_method=None), "customer.updated")
        for subscription in self._running(owner):
            if subscription.default_payment_method == method.id:
                self._default(subscription, None)

    def _default(self, subscription: StripeSubscription, method_id: str | None) -> None:
        self.log.put(
            replace(subscription, default_payment_method=method_id),
            "customer.subscription.updated",
        )

    def _running(self, customer: str) -> list[StripeSubscription]:
        return [
            subscription
            for subscription in self.log.all(StripeSubscription)
            if subscription.customer == customer and not subscription.ended
        ]
