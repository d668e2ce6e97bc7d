"""Invoices of the simulated Stripe: drafted, finalised, paid, declined, with their effects."""

from dataclasses import replace

from demo.changes import Json
from demo.clock import DAY_S
from demo.objects import (
    Charge,
    Customer,
    Invoice,
    InvoicePayment,
    Line,
    PaymentIntent,
    PaymentMethod,
    StripeSubscription,
    SubscriptionItem,
    SubscriptionStatus,
)
from demo.stripe_log import StripeLog
from demo.versions import Generation

RETRY_AFTER_S = (3 * DAY_S, 5 * DAY_S, 7 * DAY_S)
"""How long after each failed attempt the next one comes; none after the last."""


class Invoicing:
    """Draws up invoices and collects them; `declined` holds customers whose bank declines."""

    def __init__(self, log: StripeLog) -> None:
        self.log = log
        self.declined: set[str] = set()

    def draw_up(
        self,
        subscription: StripeSubscription,
        items: tuple[SubscriptionItem, ...],
        *,
        reason: str,
        free: bool = False,
    ) -> Invoice:
        """A draft for these items; nothing is due for a trial."""
        customer = self.log.get(Customer, subscription.customer)
        invoice = Invoice(
            id=self.log.new_id("in"),
            created=self.log.clock.now_s,
            customer=customer.id,
            subscription=subscription.id,
            billing_reason=reason,
            lines=tuple(self._line(item, free=free) for item in items),
            number=f"{customer.id[-12:].upper()}-{len(self.log.objects):04d}",
            subscription_metadata=subscription.metadata,
            customer_email=customer.email,
        )
        return self.log.put(invoice, "invoice.created")

    def upcoming(self, subscription: StripeSubscription) -> None:
        """A notice of the next renewal: an invoice that has no id yet."""
        customer = self.log.get(Customer, subscription.customer)
        preview = Invoice(
            id="",
            created=subscription.period_end,
            customer=customer.id,
            subscription=subscription.id,
            billing_reason="upcoming",
            lines=tuple(self._line(item, free=False) for item in subscription.items),
            number="",
            subscription_metadata=subscription.metadata,
            customer_email=customer.email,
        )
        snapshot: Json = self.log.render(preview)
        self.log.emit("invoice.upcoming", snapshot)

    def finalize(self, invoice: Invoice) -> Invoice:
        """Finalise the draft; a payment intent is created if an amount is due."""
        intent = None
        if invoice.amount_due:
            intent = PaymentIntent(
                id=self.log.new_id("pi"),
                created=self.log.clock.now_s,
                customer=invoice.customer,
                amount=invoice.amount_due,
                invoice=invoice.id,
            )
            self.log.put(intent, "payment_intent.created")
        return self.log.put(
            replace(
                invoice,
                status="open",
                finalized_at=self.log.clock.now_s,
                payment_intent=intent.id if intent else None,
            ),
            "invoice.updated",
            "invoice.finalized",
        )

    def collect(self, invoice: Invoice) -> bool:
        """Try to collect the open invoice; returns whether it was paid."""
        if invoice.amount_due == 0:
            self._mark_paid(invoice, charge=None)
            return True
        method = self.method_of(invoice)
        succeeded = method is not None and invoice.customer not in self.declined
        charge = self._attempt(invoice, method, succeeded=succeeded)
        if succeeded:
            self._mark_paid(invoice, charge=charge)
            self._set_delinquent(invoice.customer, delinquent=False)
            return True
        self._mark_failed(invoice, charge=charge)
        return False

    def first_of(self, subscription: StripeSubscription) -> Invoice:
        """The first invoice of the subscription."""
        return next(invoice for invoice in self.log.all(Invoice) if invoice.subscription == subscription.id)

    def void(self, invoice: Invoice) -> None:
        now = self.log.clock.now_s
        self.log.put(
            replace(invoice, status="void", voided_at=now, next_attempt=None),
            "invoice.updated",
            "invoice.voided",
        )

    def method_of(self, invoice: Invoice) -> PaymentMethod | None:
        """What would be charged: the subscription's default, else the customer's."""
        subscription = self.log.get(StripeSubscription, invoice.subscription)
        customer = self.log.get(Customer, invoice.customer)
        chosen = subscription.default_payment_method or customer.default_payment_method
        return self.log.get(PaymentMethod, chosen) if chosen else None

    def set_status(self, subscription_id: str, status: SubscriptionStatus) -> StripeSubscription:
        subscription = self.log.get(StripeSubscription, subscription_id)
        return self.log.put(replace(subscription, status=status), "customer.subscription.updated")

    def _attempt(self, invoice: Invoice, method: PaymentMethod | None, *, succeeded: bool) -> str | None:
        charge = self._charge(invoice, method, succeeded=succeeded) if method else None
        intent = self.log.get(PaymentIntent, invoice.payment_intent or "")
        self.log.put(
            replace(
                intent,
                status="succeeded" if succeeded else "requires_payment_method",
                payment_method=method.id if method and succeeded else None,
                charge=charge.id if charge else intent.charge,
                declined=not succeeded,
            ),
            "payment_intent.succeeded" if succeeded else "payment_intent.payment_failed",
        )
        return charge.id if charge else None

    def _charge(self, invoice: Invoice, method: PaymentMethod, *, succeeded: bool) -> Charge:
        charge = Charge(
            id=self.log.new_id("ch"),
            created=self.log.clock.now_s,
            customer=invoice.customer,
            amount=invoice.amount_due,
            invoice=invoice.id,
            payment_intent=invoice.payment_intent or "",
            payment_method=method,
            succeeded=succeeded,
        )
        return self.log.put(charge, "charge.succeeded" if succeeded else "charge.failed")

    def _mark_paid(self, invoice: Invoice, *, charge: str | None) -> None:
        now = self.log.clock.now_s
        paid = self.log.put(
            replace(
                invoice,
                status="paid",
                amount_paid=invoice.amount_due,
                attempt_count=invoice.attempt_count + (1 if invoice.amount_due else 0),
                next_attempt=None,
                charge=charge,
                paid_at=now,
            ),
            "invoice.updated",
            "invoice.paid",
            "invoice.payment_succeeded",
        )
        if paid.payment_intent and self.log.api.generation is not Generation.PRE_BASIL:
            self.log.put(
                InvoicePayment(
                    id=self.log.new_id("inpay"),
                    created=now,
                    invoice=paid.id,
                    payment_intent=paid.payment_intent,
                    amount=paid.amount_paid,
                ),
                "invoice_payment.paid",
            )

    def _mark_failed(self, invoice: Invoice, *, charge: str | None) -> None:
        attempts = invoice.attempt_count + 1
        retried = invoice.billing_reason != "subscription_create" and attempts <= len(RETRY_AFTER_S)
        next_attempt = self.log.clock.now_s + RETRY_AFTER_S[attempts - 1] if retried else None
        self.log.put(
            replace(invoice, attempt_count=attempts, next_attempt=next_attempt, charge=charge),
            "invoice.updated",
            "invoice.payment_failed",
        )
        self._set_delinquent(invoice.customer, delinquent=True)

    def _set_delinquent(self, customer_id: str, *, delinquent: bool) -> None:
        customer = self.log.get(Customer, customer_id)
        self.log.put(replace(customer, delinquent=delinquent), "customer.updated")

    def _line(self, item: SubscriptionItem, *, free: bool) -> Line:
        return Line(
            id=self.log.new_id("il"),
            price=item.price,
            amount_minor=0 if free else item.price.amount_minor,
            period_start=item.period_start,
            period_end=item.period_end,
            subscription_item=item.id,
        )
