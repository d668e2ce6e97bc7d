"""Subscriptions of the simulated Stripe: started, changed, cancelled, with their immediate effects."""

from dataclasses import dataclass, field, replace
from typing import Literal

from demo.clock import DAY_S, add_interval
from demo.objects import Customer, MissingMethod, StripeSubscription, SubscriptionItem
from demo.prices import Price
from demo.stripe_cycle import TRIAL_WARNING_S, BillingCycle
from demo.stripe_invoices import Invoicing
from demo.stripe_log import StripeLog

CancelStyle = Literal["flag", "date"]
"""Classic billing sets the flag and the date; flexible billing sets only `cancel_at`."""


@dataclass(frozen=True)
class Terms:
    """The parameters of a new subscription."""

    trial_days: int = 0
    default_payment_method: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    extra_items: tuple[Price, ...] = ()
    missing_method: MissingMethod = "create_invoice"


class Subscriptions:
    """The operations the Stripe API and the customer portal offer."""

    def __init__(self, log: StripeLog, invoicing: Invoicing, cycle: BillingCycle) -> None:
        self.log = log
        self.invoicing = invoicing
        self.cycle = cycle

    def create(self, customer: str, price: Price, *, terms: Terms | None = None) -> StripeSubscription:
        """Subscribe through the API; without a good card it stays incomplete for 23 hours."""
        self.log.begin_request()
        return self.start(customer, price, terms=terms or Terms())

    def start(self, customer: str, price: Price, *, terms: Terms) -> StripeSubscription:
        """Emit the events of a new subscription within the current request."""
        self.log.apart("subscription.created")
        subscription = self._new(customer, (price, *terms.extra_items), terms=terms)
        self.log.objects[subscription.id] = subscription
        invoice = self.invoicing.draw_up(
            subscription,
            subscription.items,
            reason="subscription_create",
            free=terms.trial_days > 0,
        )
        invoice = self.invoicing.finalize(invoice)
        subscription = self.log.put(
            replace(subscription, latest_invoice=invoice.id),
            "customer.subscription.created",
        )
        self._give_currency(customer)
        self.cycle.attempt(invoice)
        if terms.trial_days and terms.trial_days * DAY_S <= TRIAL_WARNING_S:
            self.log.put(subscription, "customer.subscription.trial_will_end")
        subscription = self.log.get(StripeSubscription, subscription.id)
        self.cycle.started(subscription)
        return subscription

    def change_price(self, subscription_id: str, price: Price, *, invoice_now: bool) -> StripeSubscription:
        """Put another price on the first item; an upgrade is usually invoiced at once."""
        self.log.begin_request()
        subscription = self.log.get(StripeSubscription, subscription_id)
        changed = self._repriced(subscription, price)
        collect = invoice_now and subscription.status == "active"
        if not collect:
            updated = self.log.put(changed, "customer.subscription.updated")
        else:
            invoice = self.invoicing.draw_up(changed, changed.items[:1], reason="subscription_update")
            updated = self.log.put(
                replace(changed, latest_invoice=invoice.id), "customer.subscription.updated"
            )
            self.cycle.attempt(self.invoicing.finalize(invoice))
        self.cycle.note_period(updated)
        return self.log.get(StripeSubscription, subscription_id)

    def upgrade(self, subscription_id: str, price: Price) -> StripeSubscription:
        return self.change_price(subscription_id, price, invoice_now=True)

    def downgrade(self, subscription_id: str, price: Price) -> StripeSubscription:
        return self.change_price(subscription_id, price, invoice_now=False)

    def fail_payment(self, subscription_id: str) -> None:
        """An extra invoice is declined now: past_due, then retries and dunning as time passes."""
        self.log.begin_request()
        subscription = self.log.get(StripeSubscription, subscription_id)
        self.invoicing.declined.add(subscription.customer)
        invoice = self.invoicing.draw_up(subscription, subscription.items[:1], reason="subscription_update")
        self.log.put(replace(subscription, latest_invoice=invoice.id), "customer.subscription.updated")
        self.cycle.attempt(self.invoicing.finalize(invoice))

    def pay(self, subscription_id: str) -> None:
        """The open invoices are paid by hand; needs a method to pay with."""
        self.log.begin_request()
        subscription = self.log.get(StripeSubscription, subscription_id)
        self.invoicing.declined.discard(subscription.customer)
        for invoice in self.cycle.open_invoices(subscription_id):
            self.cycle.attempt(invoice)

    def cancel_now(self, subscription_id: str) -> None:
        self.log.begin_request()
        subscription = self.log.get(StripeSubscription, subscription_id)
        if subscription.status == "incomplete":
            self.cycle.expire(subscription)
        else:
            self.cycle.cancel(subscription, reason="cancellation_requested")

    def cancel_at_period_end(self, subscription_id: str, *, style: CancelStyle = "flag") -> None:
        self.log.begin_request()
        subscription = self.log.get(StripeSubscription, subscription_id)
        self.log.put(
            replace(
                subscription,
                cancel_at=subscription.period_end,
                cancel_at_period_end=style == "flag",
                canceled_at=self.log.clock.now_s,
                cancel_reason="cancellation_requested",
            ),
            "customer.subscription.updated",
        )

    def uncancel(self, subscription_id: str) -> None:
        self.log.begin_request()
        subscription = self.log.get(StripeSubscription, subscription_id)
        self.log.put(
            replace(
                subscription,
                cancel_at=None,
                cancel_at_period_end=False,
                canceled_at=None,
                cancel_reason=None,
            ),
            "customer.subscription.updated",
        )

    def extend_trial(self, subscription_id: str, *, days: int) -> None:
        """Move the end of a running trial, and of the period with it."""
        self.log.begin_request()
        subscription = self.log.get(StripeSubscription, subscription_id)
        end = (subscription.trial_end or self.log.clock.now_s) + days * DAY_S
        updated = self.log.put(
            replace(
                subscription,
                trial_end=end,
                cancel_at=end if subscription.cancel_at else None,
                billing_cycle_anchor=end,
                items=tuple(replace(item, period_end=end) for item in subscription.items),
            ),
            "customer.subscription.updated",
        )
        self.cycle.note_period(updated)

    def pause_collection(self, subscription_id: str, *, paused: bool) -> None:
        """Stop or resume collecting; the status does not change."""
        self.log.begin_request()
        subscription = self.log.get(StripeSubscription, subscription_id)
        self.log.put(replace(subscription, collection_paused=paused), "customer.subscription.updated")

    def resume(self, subscription_id: str) -> None:
        """Start a new period now for a subscription that was paused without a card."""
        self.log.begin_request()
        subscription = self.log.get(StripeSubscription, subscription_id)
        now = self.log.clock.now_s
        items = tuple(
            replace(
                item,
                period_start=now,
                period_end=add_interval(now, item.price.interval, anchor=now),
            )
            for item in subscription.items
        )
        invoice = self.invoicing.draw_up(subscription, items, reason="subscription_cycle")
        resumed = self.log.put(
            replace(
                subscription,
                status="active",
                items=items,
                billing_cycle_anchor=now,
                latest_invoice=invoice.id,
            ),
            "customer.subscription.updated",
            "customer.subscription.resumed",
        )
        self.cycle.attempt(self.invoicing.finalize(invoice))
        self.cycle.note_period(resumed)

    def _repriced(self, subscription: StripeSubscription, price: Price) -> StripeSubscription:
        """Another price on the first item; another interval starts a new period, but in a trial."""
        first = replace(subscription.items[0], price=price)
        others = subscription.items[1:]
        same_interval = price.interval == subscription.items[0].price.interval
        if same_interval or subscription.status == "trialing":
            return replace(subscription, items=(first, *others))
        now = self.log.clock.now_s
        end = add_interval(now, price.interval, anchor=now)
        first = replace(first, period_start=now, period_end=end)
        moved = replace(subscription, items=(first, *others), billing_cycle_anchor=now)
        return replace(moved, cancel_at=moved.period_end) if moved.cancel_at_period_end else moved

    def _new(self, customer: str, prices: tuple[Price, ...], *, terms: Terms) -> StripeSubscription:
        now = self.log.clock.now_s
        trial_end = now + terms.trial_days * DAY_S if terms.trial_days else None
        return StripeSubscription(
            id=self.log.new_id("sub"),
            created=now,
            customer=customer,
            status="trialing" if trial_end else "incomplete",
            items=tuple(
                SubscriptionItem(
                    id=self.log.new_id("si"),
                    created=now,
                    price=price,
                    period_start=now,
                    period_end=trial_end or add_interval(now, price.interval, anchor=now),
                )
                for price in prices
            ),
            billing_cycle_anchor=trial_end or now,
            default_payment_method=terms.default_payment_method,
            metadata=terms.metadata,
            trial_start=now if trial_end else None,
            trial_end=trial_end,
            missing_method=terms.missing_method,
        )

    def _give_currency(self, customer_id: str) -> None:
        customer = self.log.get(Customer, customer_id)
        self.log.put(replace(customer, currency="usd"), "customer.updated")
