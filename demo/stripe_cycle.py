"""Time-based changes of the simulated Stripe: trials end, periods renew, dunning."""

import heapq
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from demo.clock import DAY_S, HOUR_S, add_interval
from demo.objects import Customer, Invoice, StripeSubscription, SubscriptionItem
from demo.stripe_invoices import Invoicing
from demo.stripe_log import StripeLog

Dunning = Literal["cancel", "unpaid", "past_due"]
"""The final status of a subscription after all retries have failed."""

INCOMPLETE_FOR_S = 23 * HOUR_S
TRIAL_WARNING_S = 3 * DAY_S
UPCOMING_S = 7 * DAY_S


class BillingCycle:
    """A queue of due actions."""

    def __init__(self, log: StripeLog, invoicing: Invoicing, *, dunning: Dunning) -> None:
        self.log = log
        self.invoicing = invoicing
        self.dunning = dunning
        self._diary: list[tuple[int, int, str, str]] = []
        self._entries = 0
        self._actions: dict[str, Callable[[str, int], None]] = {
            "trial_will_end": self._warn_of_trial_end,
            "upcoming": self._announce_renewal,
            "period_end": self._end_period,
            "finalize": self._finalize,
            "retry": self._retry,
            "expire": self._expire,
        }

    def advance(self, until: int) -> None:
        """Advance the time and run due actions in order."""
        while self._diary and self._diary[0][0] <= until:
            due, _, action, object_id = heapq.heappop(self._diary)
            self.log.clock.move_to(due)
            self.log.begin_automatic()
            self._actions[action](object_id, due)
        self.log.clock.move_to(until)

    def started(self, subscription: StripeSubscription) -> None:
        """Schedule the actions of a new subscription."""
        self.note_period(subscription)
        if subscription.status == "incomplete":
            self._note(subscription.created + INCOMPLETE_FOR_S, "expire", subscription.id)

    def note_period(self, subscription: StripeSubscription) -> None:
        """Schedule the end of the current period, and its warnings."""
        end, now = subscription.period_end, self.log.clock.now_s
        self._note(end, "period_end", subscription.id)
        if subscription.status == "trialing" and end - now > TRIAL_WARNING_S:
            self._note(end - TRIAL_WARNING_S, "trial_will_end", subscription.id)
        if subscription.status == "active" and end - now > UPCOMING_S:
            self._note(end - UPCOMING_S, "upcoming", subscription.id)

    def attempt(self, invoice: Invoice) -> None:
        """Collect an open invoice and update its subscription."""
        paid = self.invoicing.collect(invoice)
        subscription = self.log.get(StripeSubscription, invoice.subscription)
        if subscription.ended:
            return
        if paid and subscription.status in ("incomplete", "past_due", "unpaid"):
            self.invoicing.set_status(subscription.id, "active")
        elif not paid and subscription.status == "active":
            self.invoicing.set_status(subscription.id, "past_due")
        failed = self.log.get(Invoice, invoice.id)
        if failed.next_attempt is not None:
            self._note(failed.next_attempt, "retry", invoice.id)

    def cancel(self, subscription: StripeSubscription, *, reason: str) -> None:
        """End it now; its last event shows the end, without an update before it."""
        now = self.log.clock.now_s
        self.log.put(
            replace(
                subscription,
                status="canceled",
                canceled_at=subscription.canceled_at or now,
                ended_at=now,
                cancel_reason=reason,
            ),
            "customer.subscription.deleted",
        )

    def expire(self, subscription: StripeSubscription) -> None:
        """An incomplete subscription whose first invoice was never paid."""
        now = self.log.clock.now_s
        self.log.put(
            replace(subscription, status="incomplete_expired", canceled_at=now, ended_at=now),
            "customer.subscription.updated",
        )
        for invoice in self.open_invoices(subscription.id):
            self.invoicing.void(invoice)

    def open_invoices(self, subscription_id: str) -> list[Invoice]:
        return [
            invoice
            for invoice in self.log.all(Invoice)
            if invoice.subscription == subscription_id and invoice.status == "open"
        ]

    def _note(self, due: int, action: str, object_id: str) -> None:
        self._entries += 1
        heapq.heappush(self._diary, (due, self._entries, action, object_id))

    def _warn_of_trial_end(self, subscription_id: str, due: int) -> None:
        subscription = self.log.get(StripeSubscription, subscription_id)
        if subscription.status == "trialing" and subscription.period_end == due + TRIAL_WARNING_S:
            self.log.put(subscription, "customer.subscription.trial_will_end")

    def _announce_renewal(self, subscription_id: str, due: int) -> None:
        subscription = self.log.get(StripeSubscription, subscription_id)
        renews = subscription.cancel_at is None and not subscription.cancel_at_period_end
        if subscription.status == "active" and renews and subscription.period_end > due:
            self.invoicing.upcoming(subscription)

    def _end_period(self, subscription_id: str, due: int) -> None:
        subscription = self.log.get(StripeSubscription, subscription_id)
        if subscription.ended or subscription.status == "paused" or subscription.period_end != due:
            return
        if subscription.cancel_at_period_end or (
            subscription.cancel_at is not None and subscription.cancel_at <= due
        ):
            self.cancel(subscription, reason="cancellation_requested")
        elif subscription.status == "trialing" and not self._can_pay(subscription):
            self._end_trial_without_method(subscription, due)
        elif subscription.status != "incomplete":
            self._roll(subscription, due)

    def _end_trial_without_method(self, subscription: StripeSubscription, due: int) -> None:
        if subscription.missing_method == "create_invoice":
            self._roll(subscription, due)
        elif subscription.missing_method == "cancel":
            self.cancel(subscription, reason="payment_failed")
        else:
            self.log.put(
                replace(subscription, status="paused"),
                "customer.subscription.updated",
                "customer.subscription.paused",
            )

    def _roll(self, subscription: StripeSubscription, due: int) -> None:
        """Each item whose period is over gets its next one; they are invoiced together."""
        anchor = due if subscription.status == "trialing" else subscription.billing_cycle_anchor
        items = tuple(self._rolled(item, due, anchor=anchor) for item in subscription.items)
        renewed = tuple(item for item in items if item.period_start == due)
        invoice = self.invoicing.draw_up(subscription, renewed, reason="subscription_cycle")
        updated = self.log.put(
            replace(
                subscription,
                status="active" if subscription.status == "trialing" else subscription.status,
                items=items,
                billing_cycle_anchor=anchor,
                latest_invoice=invoice.id,
            ),
            "customer.subscription.updated",
        )
        self.note_period(updated)
        self._note(due + HOUR_S, "finalize", invoice.id)

    def _rolled(self, item: SubscriptionItem, due: int, *, anchor: int) -> SubscriptionItem:
        if item.period_end > due:
            return item
        end = add_interval(due, item.price.interval, anchor=anchor)
        return replace(item, period_start=due, period_end=end)

    def _finalize(self, invoice_id: str, _due: int) -> None:
        invoice = self.log.get(Invoice, invoice_id)
        subscription = self.log.get(StripeSubscription, invoice.subscription)
        if subscription.collection_paused:
            self.invoicing.void(invoice)
        elif not subscription.ended and subscription.status != "unpaid":
            self.attempt(self.invoicing.finalize(invoice))

    def _retry(self, invoice_id: str, due: int) -> None:
        invoice = self.log.get(Invoice, invoice_id)
        subscription = self.log.get(StripeSubscription, invoice.subscription)
        if invoice.status != "open" or invoice.next_attempt != due or subscription.ended:
            return
        self.attempt(invoice)
        after = self.log.get(Invoice, invoice_id)
        if after.status == "open" and after.next_attempt is None:
            self._give_up(self.log.get(StripeSubscription, invoice.subscription))

    def _give_up(self, subscription: StripeSubscription) -> None:
        if subscription.status != "past_due":
            return
        if self.dunning == "cancel":
            self.cancel(subscription, reason="payment_failed")
        elif self.dunning == "unpaid":
            self.invoicing.set_status(subscription.id, "unpaid")

    def _expire(self, subscription_id: str, _due: int) -> None:
        subscription = self.log.get(StripeSubscription, subscription_id)
        if subscription.status == "incomplete":
            self.expire(subscription)

    def _can_pay(self, subscription: StripeSubscription) -> bool:
        customer = self.log.get(Customer, subscription.customer)
        return bool(subscription.default_payment_method or customer.default_payment_method)
