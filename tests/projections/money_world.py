"""A made-up shop's billing history: Stripe's events in the order they happen, and the objects they end in.

Objects are in one of three shapes: before 2025-03-31.basil, since then, and with fields expanded. Several
events happen in a second, and each tells its previous attributes, as Stripe's do.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any

from demo.changes import previous_attributes
from events.domain import user_event
from events.domain.user import IdentityLinked, IdentityUnlinked
from events.envelope import NewEvent
from tests.projections.event_builders import instant, stripe

Json = dict[str, Any]  # Any: JSON values

OLD, BASIL, EXPANDED = "old", "basil", "expanded"
CURRENCIES = ("usd", "JPY", "kwd")
AMOUNTS = (0, 1, 999, 2_000, 5_000_000_000, 9_007_199_254_740_993)
DECIMALS = ("0.0035", "1999.99", "12", "0.123456789012", "5000000000")


@dataclass
class MoneyWorld:
    """`events` in order; `objects` as the last event of each shows it, by kind and id."""

    seed: int
    mark: str
    accounts: tuple[str | None, ...] = (None,)
    events: list[NewEvent] = field(default_factory=list)
    objects: dict[tuple[str, str], Json] = field(default_factory=dict)
    deleted: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.now = 0
        self.shape = self.random.choice((OLD, BASIL, EXPANDED))
        self.users = [f"user_{self.mark}{number}" for number in range(2)]
        self.customers = [self.add("customer", "cus", self._customer()) for _ in range(2)]
        self.products = [self.add("product", "prod", {"name": "Seats", "active": True, "metadata": {}})]
        self.prices = [self._price() for _ in range(2)]

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{self.random.getrandbits(48):012x}{self.mark}"

    def add(self, kind: str, prefix: str, body: Json, *, event: str | None = None) -> str:
        """A new object, with its event."""
        object_id = self.new_id(prefix)
        whole = {"id": object_id, "object": kind, "created": 1_767_225_600 + self.now} | body
        self.objects[kind, object_id] = whole
        self.tell(event or f"{kind}.created", whole)
        return object_id

    def change(self, kind: str, object_id: str, event: str, **changes: Any) -> None:  # Any: JSON values
        """The object after a change, told with its previous attributes."""
        before = self.objects[kind, object_id]
        after = deepcopy(before) | changes
        self.objects[kind, object_id] = after
        self.tell(event, after, was=previous_attributes(before, after))

    def tell(self, event: str, body: Json, *, was: Json | None = None) -> None:
        key = self.new_id("evt")
        self.events.append(stripe(event, deepcopy(body), at=self.now, was=was, key=key))

    def live(self, steps: int) -> None:
        """So many random steps; often several in one second."""
        for _ in range(steps):
            self.now += self.random.choice((0, 0, 1, 60, 86_400))
            self.random.choice(STEPS)(self)

    def ids(self, kind: str) -> list[str]:
        return [object_id for of_kind, object_id in self.objects if of_kind == kind]

    def one(self, kind: str) -> str | None:
        ids = [object_id for object_id in self.ids(kind) if (kind, object_id) not in self.deleted]
        return self.random.choice(ids) if ids else None

    def _customer(self) -> Json:
        user = self.random.choice([*self.users, None])
        return {
            "email": "ada@example.com",
            "name": "Ada",
            "currency": "usd",
            "balance": 0,
            "delinquent": False,
            "metadata": {"userId": user} if user else {},
        }

    def _price(self) -> str:
        amount, decimal = self.random.choice(AMOUNTS), self.random.choice(DECIMALS)
        tiers = self.random.random() < 0.3
        body = {
            "product": self.products[0],
            "currency": self.random.choice(CURRENCIES),
            "unit_amount": None if tiers else amount,
            "unit_amount_decimal": None if tiers else decimal,
            "active": True,
            "type": "recurring",
            "billing_scheme": "tiered" if tiers else "per_unit",
            "tiers_mode": "graduated" if tiers else None,
            "tiers": [{"flat_amount_decimal": "0.5", "up_to": 10}, {"unit_amount": 3, "up_to": None}]
            if tiers
            else None,
            "recurring": {
                "interval": "month",
                "interval_count": 1,
                "usage_type": "metered" if tiers else "licensed",
            },
            "metadata": {},
        }
        return self.add("price", "price", body)

    def item(self, item_id: str | None = None) -> Json:
        price = self.objects["price", self.random.choice(self.prices)]
        item = {
            "id": item_id or self.new_id("si"),
            "object": "subscription_item",
            "created": 1_767_225_600 + self.now,
            "price": deepcopy(price),
            "quantity": self.random.choice((1, 3, 250)),
            "metadata": {},
        }
        if self.shape != OLD:
            item |= {"current_period_start": 1_767_225_600, "current_period_end": 1_769_904_000 + self.now}
        return item

    def discounts(self) -> Json:
        """None, an id, or an expanded one, in the place that the shape has for it."""
        discount = {
            "id": self.new_id("di"),
            "object": "discount",
            "start": 1_767_225_600 + self.now,
            "end": None,
            "promotion_code": None,
        }
        coupon = {
            "id": "half",
            "object": "coupon",
            "percent_off": 12.5,
            "amount_off": None,
            "duration": "once",
        }
        if self.random.random() < 0.5:
            return {"discount": None} if self.shape == OLD else {"discounts": []}
        if self.shape == OLD:
            return {"discount": discount | {"coupon": coupon}}
        if self.shape == BASIL:
            return {"discounts": [discount["id"]]}
        return {"discounts": [discount | {"source": {"type": "coupon", "coupon": coupon}}]}

    def reference(self, kind: str, object_id: str | None) -> Any:  # Any: an id, or the object
        """A field that refers to an object: expanded in one shape."""
        return deepcopy(self.objects[kind, object_id]) if self.shape == EXPANDED and object_id else object_id


def subscribe(world: MoneyWorld) -> None:
    items = [world.item() for _ in range(world.random.choice((1, 1, 2, 3)))]
    body = {
        "customer": world.reference("customer", world.random.choice(world.customers)),
        "status": world.random.choice(("incomplete", "trialing", "active")),
        "currency": "usd",
        "cancel_at_period_end": False,
        "items": {"object": "list", "data": items, "has_more": False, "total_count": len(items)},
        "metadata": {},
    } | world.discounts()
    if world.shape == OLD:
        body |= {"current_period_start": 1_767_225_600, "current_period_end": 1_769_904_000 + world.now}
    world.add("subscription", "sub", body, event="customer.subscription.created")


def change_items(world: MoneyWorld) -> None:
    """Another quantity, another price, an item more or an item less."""
    if (subscription := world.one("subscription")) is None or is_over(world, subscription):
        return
    items = deepcopy(world.objects["subscription", subscription]["items"]["data"])
    how = world.random.randrange(4)
    if how == 0:
        items[0]["quantity"] += 1
    elif how == 1:
        items[0] = world.item(items[0]["id"])
    elif how == 2:
        items.append(world.item())
    elif len(items) > 1:
        items.pop()
    whole = {"object": "list", "data": items, "has_more": False, "total_count": len(items)}
    world.change(
        "subscription", subscription, "customer.subscription.updated", items=whole, **world.discounts()
    )


def is_over(world: MoneyWorld, subscription: str) -> bool:
    return bool(world.objects["subscription", subscription]["status"] == "canceled")


def change_status(world: MoneyWorld) -> None:
    if (subscription := world.one("subscription")) is None or is_over(world, subscription):
        return
    status = world.random.choice(("active", "past_due", "canceled"))
    end = {"ended_at": 1_767_225_600 + world.now} if status == "canceled" else {}
    event = "customer.subscription.deleted" if status == "canceled" else "customer.subscription.updated"
    world.change("subscription", subscription, event, status=status, **end)


def bill(world: MoneyWorld) -> None:
    subscription = world.one("subscription")
    customer = world.random.choice(world.customers)
    amount = world.random.choice(AMOUNTS)
    lines = [
        {
            "id": world.new_id("il"),
            "object": "line_item",
            "amount": amount,
            "currency": "usd",
            "quantity": 1,
            "period": {"start": 1_767_225_600, "end": 1_769_904_000},
            "description": "Seats",
        }
    ]
    body = {
        "customer": world.reference("customer", customer),
        "status": "draft",
        "currency": "usd",
        "amount_due": amount,
        "amount_paid": 0,
        "amount_remaining": amount,
        "total": amount,
        "subtotal": amount,
        "lines": {"object": "list", "data": lines, "has_more": False, "total_count": 1},
        "metadata": {},
    }
    of = world.reference("subscription", subscription)
    if world.shape == OLD:
        body |= {"subscription": of}
        lines[0] |= {
            "type": "subscription",
            "proration": True,
            "plan": {"id": "plan_1", "amount_decimal": "10"},
        }
    else:
        body |= {"parent": {"type": "subscription_details", "subscription_details": {"subscription": of}}}
        lines[0] |= {
            "parent": {"subscription_item_details": {"proration": True, "subscription": subscription}},
            "pricing": {"price_details": {"price": world.prices[0]}, "unit_amount_decimal": "10.25"},
        }
    invoice = world.add("invoice", "in", body)
    if world.random.random() < 0.8:
        world.change("invoice", invoice, "invoice.finalized", status="open", number=f"N-{invoice}")


def pay(world: MoneyWorld) -> None:
    """A part or all of an invoice, by an attempt that may fail first; all within a second."""
    open_ones = [i for i in world.ids("invoice") if world.objects["invoice", i]["status"] == "open"]
    if not open_ones:
        return
    invoice_id = world.random.choice(open_ones)
    invoice = world.objects["invoice", invoice_id]
    remaining = invoice["amount_remaining"]
    amount = world.random.choice((remaining, remaining // 2))
    customer = invoice["customer"]
    old = {"invoice": invoice_id} if world.shape == OLD else {}
    intent = world.add(
        "payment_intent",
        "pi",
        {"amount": amount, "amount_received": 0, "currency": "usd", "customer": customer, "metadata": {}}
        | {"status": "requires_payment_method", "last_payment_error": None, "latest_charge": None}
        | old,
    )
    if world.random.random() < 0.4:
        declined = {"code": "card_declined", "decline_code": "insufficient_funds", "message": "No."}
        charge = _charge(world, intent, amount, customer, old, status="failed", failure_code="card_declined")
        world.change(
            "payment_intent",
            intent,
            "payment_intent.payment_failed",
            last_payment_error=declined,
            latest_charge=charge,
        )
    charge = _charge(world, intent, amount, customer, old, status="succeeded", amount_captured=amount)
    world.change(
        "payment_intent", intent, "payment_intent.succeeded",
        status="succeeded", amount_received=amount, latest_charge=charge, last_payment_error=None,
    )  # fmt: skip
    if world.shape != OLD:
        payment = {"type": "payment_intent", "payment_intent": intent}
        world.add("invoice_payment", "inpay", {"invoice": invoice_id, "payment": payment, "status": "paid"}
                  | {"amount_paid": amount}, event="invoice_payment.paid")  # fmt: skip
    due = remaining - amount
    paid = {"amount_paid": invoice["amount_paid"] + amount, "amount_remaining": due}
    if due == 0:
        world.change("invoice", invoice_id, "invoice.paid", status="paid", **paid)
        world.tell("invoice.payment_succeeded", world.objects["invoice", invoice_id])
    else:
        world.change("invoice", invoice_id, "invoice.updated", **paid)


def _charge(world: MoneyWorld, intent: str, amount: int, customer: Any, old: Json, **fields: Any) -> str:
    # Any: JSON values
    body = {
        "amount": amount,
        "amount_captured": 0,
        "amount_refunded": 0,
        "currency": "usd",
        "customer": customer,
        "payment_intent": world.reference("payment_intent", intent),
        "disputed": False,
        "metadata": {},
    }
    # A later attempt is a later second, as at Stripe.
    body["created"] = 1_767_225_600 + world.now + (1 if fields["status"] == "succeeded" else 0)
    return world.add("charge", "ch", body | old | fields, event=f"charge.{fields['status']}")


def charge_alone(world: MoneyWorld) -> None:
    """A payment of API versions before PaymentIntents."""
    customer = world.random.choice([*world.customers, None])
    amount = world.random.choice(AMOUNTS)
    body = {"amount": amount, "amount_captured": amount, "amount_refunded": 0, "currency": "usd"}
    body |= {
        "customer": customer,
        "payment_intent": None,
        "status": "succeeded",
        "disputed": False,
        "metadata": {},
    }
    world.add("charge", "ch", body, event="charge.succeeded")


def refund(world: MoneyWorld) -> None:
    if (charge_id := world.one("charge")) is None:
        return
    charge = world.objects["charge", charge_id]
    intent = charge["payment_intent"]
    intent = intent["id"] if isinstance(intent, dict) else intent
    named = {"payment_intent": intent if world.random.random() < 0.7 else None}
    amount = charge["amount"] // 3
    refund_id = world.add(
        "refund",
        "re",
        {"amount": amount, "currency": "usd", "charge": charge_id, "status": "pending"} | named,
    )
    refunded = charge["amount_refunded"] + amount
    world.change("charge", charge_id, "charge.refunded", amount_refunded=refunded)
    event = world.random.choice(("refund.updated", "charge.refund.updated", "refund.failed"))
    status = "failed" if event == "refund.failed" else "succeeded"
    world.change("refund", refund_id, event, status=status)


def dispute(world: MoneyWorld) -> None:
    if (charge_id := world.one("charge")) is None:
        return
    charge = world.objects["charge", charge_id]
    body = {"amount": charge["amount"], "currency": "usd", "charge": charge_id, "reason": "fraudulent"}
    dispute_id = world.add(
        "dispute", "dp", body | {"status": "needs_response"}, event="charge.dispute.created"
    )
    world.change("charge", charge_id, "charge.updated", disputed=True)
    if world.random.random() < 0.7:
        world.change("dispute", dispute_id, "charge.dispute.updated", status="under_review")
        closed = world.random.choice(("won", "lost"))
        world.change("dispute", dispute_id, "charge.dispute.closed", status=closed)


def credit(world: MoneyWorld) -> None:
    if (invoice := world.one("invoice")) is None:
        return
    customer = world.objects["invoice", invoice]["customer"]
    body = {
        "invoice": invoice,
        "customer": customer,
        "amount": 3,
        "total": 3,
        "subtotal": 3,
        "currency": "usd",
    }
    note = world.add("credit_note", "cn", body | {"status": "issued", "type": "pre_payment", "metadata": {}})
    if world.random.random() < 0.3:
        world.change("credit_note", note, "credit_note.voided", status="void")


def change_catalog(world: MoneyWorld) -> None:
    """A product or price changes, or is deleted."""
    kind = world.random.choice(("product", "price"))
    if (object_id := world.one(kind)) is None:
        return
    if world.random.random() < 0.2:
        world.tell(f"{kind}.deleted", world.objects[kind, object_id])
        world.deleted.add((kind, object_id))
    else:
        active = not world.objects[kind, object_id]["active"]
        world.change(kind, object_id, f"{kind}.updated", active=active)


def change_customer(world: MoneyWorld) -> None:
    if (customer := world.one("customer")) is None:
        return
    if world.random.random() < 0.1:
        world.tell("customer.deleted", world.objects["customer", customer])
        world.deleted.add(("customer", customer))
        return
    user = world.random.choice([*world.users, None])
    metadata = {"userId": user} if user else {}
    world.change("customer", customer, "customer.updated", balance=world.now, metadata=metadata)


def void_or_delete(world: MoneyWorld) -> None:
    if (invoice := world.one("invoice")) is None:
        return
    status = world.objects["invoice", invoice]["status"]
    if status == "draft":
        world.tell("invoice.deleted", world.objects["invoice", invoice])
        world.deleted.add(("invoice", invoice))
        del world.objects["invoice", invoice]
    elif status == "open":
        world.change("invoice", invoice, "invoice.voided", status="void")


def relink(world: MoneyWorld) -> None:
    """An operator links or unlinks a customer."""
    customer, user = world.random.choice(world.customers), world.random.choice(world.users)
    fact = world.random.choice((IdentityLinked, IdentityUnlinked))(customer_id=customer)
    key = world.new_id("link")
    world.events.append(user_event(fact, user_id=user, now=instant(world.now), idempotency_key=key))


def next_shape(world: MoneyWorld) -> None:
    """The endpoint's API version is upgraded."""
    world.shape = world.random.choice((OLD, BASIL, EXPANDED))


STEPS: tuple[Callable[[MoneyWorld], None], ...] = (
    subscribe, subscribe, change_items, change_items, change_status, bill, bill, bill, pay, pay, pay,
    charge_alone, refund, refund, dispute, credit, change_catalog, change_customer, void_or_delete, relink,
    next_shape,
)  # fmt: skip


def money_world(seed: int, mark: str, steps: int) -> MoneyWorld:
    """A world after so many steps."""
    world = MoneyWorld(seed, mark)
    world.live(steps)
    return world
