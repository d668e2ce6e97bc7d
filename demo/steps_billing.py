"""Steps of people's billing, each a small change.

A step that makes no sense at the moment does nothing, so any sequence of steps is a history.
`random` decides the particulars: the same generator state gives the same particulars.
"""

from random import Random

from demo.objects import StripeAddress, StripeSubscription
from demo.prices import ADDON_WEEKLY, DEFAULT_PRICES, Price
from demo.stripe_subscriptions import Terms
from demo.versions import Generation
from demo.world import DemoPerson, DemoWorld

OWNER_KEYS = ("userId", "user_id", "clerk_user_id")
PLAN_KEYS = ("plan_key", "planId")
PLACES = (
    StripeAddress("1 Main Street", "San Francisco", "CA", "94102", "US"),
    StripeAddress("Königsallee 12", "Düsseldorf", None, "40212", "DE"),
    StripeAddress("221B Baker Street", "London", None, "NW1 6XE", "GB"),
    StripeAddress("3-1 Marunouchi", "東京", None, "100-0005", "JP"),
)


def running(world: DemoWorld, person: DemoPerson, *statuses: str) -> list[StripeSubscription]:
    """The person's subscriptions that are not over, newest last."""
    return [
        subscription
        for customer in person.customers
        for subscription in world.stripe.subscriptions_of(customer)
        if not subscription.ended and (not statuses or subscription.status in statuses)
    ]


def living(world: DemoWorld, person: DemoPerson) -> list[str]:
    """The person's customers that were not deleted."""
    mine = set(person.customers)
    return [
        customer.id for customer in world.stripe.customers() if customer.id in mine and not customer.deleted
    ]


def checkout(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    """Buy a plan, with or without a trial; the user is named in one of several places."""
    customers = living(world, person)
    reuse = customers[-1] if customers and random.random() < 0.6 else None
    link = random.choice(("reference", "session", "subscription", "late", "reference"))
    price = random.choice(DEFAULT_PRICES)
    trial_days = random.choice((0, 0, 2, 7, 14))
    owner = {random.choice(OWNER_KEYS): person.user_id}
    plan = {random.choice(PLAN_KEYS): price.plan_key} if random.random() < 0.5 else {}
    bought = world.stripe.checkout(
        price,
        email=person.email,
        customer=reuse,
        name=person.name or None,
        address=random.choice((None, *PLACES)),
        trial_days=trial_days,
        with_card=trial_days == 0 or random.random() < 0.7,
        client_reference_id=person.user_id if link == "reference" else None,
        session_metadata=plan | (owner if link == "session" else {}),
        subscription_metadata=owner if link == "subscription" else None,
        terms=Terms(
            extra_items=_extra_items(world, random),
            missing_method=random.choice(("create_invoice", "pause", "cancel")),
        ),
    )
    if bought.customer not in person.customers:
        person.customers.append(bought.customer)
    if link != "late":
        person.linked(bought.customer)


def second_subscription(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    """Another subscription through the API, on a customer that has a card or has none."""
    for customer in living(world, person)[-1:]:
        usable = world.stripe.cards.attached(customer)
        method = usable[-1].id if usable and random.random() < 0.8 else None
        world.stripe.subscriptions.create(
            customer,
            random.choice(DEFAULT_PRICES),
            terms=Terms(
                trial_days=random.choice((0, 0, 5)),
                default_payment_method=method,
                missing_method=random.choice(("create_invoice", "pause")),
            ),
        )


def lone_customer(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    """A customer made by the sales team, owner in its metadata, nothing bought yet."""
    customer = world.stripe.create_customer(
        email=person.email,
        name=person.name or None,
        address=random.choice((None, *PLACES)),
        metadata={random.choice(OWNER_KEYS): person.user_id},
    )
    person.customers.append(customer)
    person.linked(customer)


def link_late(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    """Link a customer to its user after the fact."""
    for customer in [unlinked for unlinked in person.unlinked if unlinked in living(world, person)][:1]:
        world.stripe.log.apart("customer.created")
        world.stripe.link_customer(customer, {random.choice(OWNER_KEYS): person.user_id})
        person.linked(customer)


def upgrade(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    for subscription in running(world, person, "active", "trialing", "past_due")[-1:]:
        world.stripe.subscriptions.upgrade(subscription.id, _other_price(subscription, random, dearer=True))


def downgrade(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    for subscription in running(world, person, "active", "trialing", "past_due")[-1:]:
        world.stripe.subscriptions.downgrade(
            subscription.id, _other_price(subscription, random, dearer=False)
        )


def change_card(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    for customer in living(world, person)[-1:]:
        world.stripe.cards.change(
            customer,
            address=random.choice((None, *PLACES)),
            default_for=random.choice(("customer", "subscription", "nothing")),
            detach_old=random.random() < 0.6,
        )


def detach_card(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    for customer in living(world, person)[-1:]:
        cards = world.stripe.cards.attached(customer)
        if cards:
            world.stripe.cards.detach(random.choice(cards).id)


def refresh_card(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    for customer in living(world, person)[-1:]:
        for method in world.stripe.cards.attached(customer)[-1:]:
            last4 = f"{random.randrange(10_000):04d}"
            world.stripe.cards.refresh(
                method.id, exp_year=method.card.exp_year + random.choice((1, 2)), last4=last4
            )


def correct_address(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    for customer in living(world, person)[-1:]:
        cards = world.stripe.cards.attached(customer)
        if cards and random.random() < 0.5:
            world.stripe.cards.edit(cards[-1].id, address=random.choice(PLACES))
        else:
            world.stripe.change_address(customer, random.choice((None, *PLACES)))


def fail_payment(world: DemoWorld, person: DemoPerson, _random: Random) -> None:
    for subscription in running(world, person, "active")[-1:]:
        world.stripe.subscriptions.fail_payment(subscription.id)


def decline(world: DemoWorld, person: DemoPerson, _random: Random) -> None:
    """The bank declines the next payment."""
    for customer in living(world, person)[-1:]:
        world.stripe.cards.decline(customer)


def pay(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    for subscription in running(world, person, "past_due", "unpaid", "incomplete")[-1:]:
        if not world.stripe.cards.attached(subscription.customer) or random.random() < 0.3:
            world.stripe.cards.change(subscription.customer, default_for="customer", detach_old=False)
        world.stripe.subscriptions.pay(subscription.id)


def cancel_now(world: DemoWorld, person: DemoPerson, _random: Random) -> None:
    for subscription in running(world, person)[-1:]:
        world.stripe.subscriptions.cancel_now(subscription.id)


def cancel_later(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    for subscription in running(world, person, "active", "trialing", "past_due")[-1:]:
        if subscription.cancel_at is None:
            later = world.stripe.log.api.generation is Generation.LATER
            style = random.choice(("flag", "date")) if later else "flag"
            world.stripe.subscriptions.cancel_at_period_end(
                subscription.id, style="date" if style == "date" else "flag"
            )


def uncancel(world: DemoWorld, person: DemoPerson, _random: Random) -> None:
    for subscription in running(world, person)[-1:]:
        if subscription.cancel_at is not None:
            world.stripe.subscriptions.uncancel(subscription.id)


def extend_trial(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    for subscription in running(world, person, "trialing")[-1:]:
        world.stripe.subscriptions.extend_trial(subscription.id, days=random.choice((3, 7, 30)))


def pause_collection(world: DemoWorld, person: DemoPerson, _random: Random) -> None:
    for subscription in running(world, person, "active")[-1:]:
        world.stripe.subscriptions.pause_collection(
            subscription.id, paused=not subscription.collection_paused
        )


def resume(world: DemoWorld, person: DemoPerson, _random: Random) -> None:
    for subscription in running(world, person, "paused")[-1:]:
        world.stripe.cards.change(subscription.customer, default_for="customer")
        world.stripe.subscriptions.resume(subscription.id)


def refund(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    for customer in living(world, person)[-1:]:
        world.stripe.refund(customer, random.choice((10_00, 99_00)))


def delete_customer(world: DemoWorld, person: DemoPerson, _random: Random) -> None:
    for customer in living(world, person)[-1:]:
        world.stripe.delete_customer(customer)


def _extra_items(world: DemoWorld, random: Random) -> tuple[Price, ...]:
    can = world.stripe.log.api.generation is not Generation.PRE_BASIL
    return (ADDON_WEEKLY,) if can and random.random() < 0.15 else ()


def _other_price(subscription: StripeSubscription, random: Random, *, dearer: bool) -> Price:
    now = subscription.items[0].price
    others = [p for p in DEFAULT_PRICES if p != now and (p.amount_minor > now.amount_minor) == dearer]
    return random.choice(others or [now])
