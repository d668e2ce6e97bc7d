"""Steps of people's accounts, and unrelated events around them, each a small change."""

from datetime import timedelta
from itertools import islice
from random import Random

from demo.deliveries import DemoDelivery
from demo.prices import DEFAULT_PRICES
from demo.versions import API_VERSIONS
from demo.world import DemoPerson, DemoWorld

FIRST_NAMES = ("Ada", "Zoë", "Mbali", "José", "Yuki", "Olga", "Sam", "Noor")
LAST_NAMES = ("Okafor", "Müller", "O’Brien", "García", "Tanaka", "Ivanova", "Lee", "Haddad")


def sign_in(world: DemoWorld, person: DemoPerson, _random: Random) -> None:
    if _present(world, person):
        world.clerk.sign_in(person.user_id)


def rename(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    if _present(world, person):
        world.clerk.rename(
            person.user_id,
            first_name=random.choice((*FIRST_NAMES, "", None)),
            last_name=random.choice((*LAST_NAMES, " ", None)),
        )


def add_email(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    if _present(world, person):
        world.clerk.add_email(
            person.user_id,
            f"{random.choice(FIRST_NAMES).lower()}.{random.randrange(1_000)}@example.org",
            primary=random.random() < 0.5,
            front=random.random() < 0.5,
        )


def drop_emails(world: DemoWorld, person: DemoPerson, _random: Random) -> None:
    if _present(world, person):
        world.clerk.drop_emails(person.user_id)


def grant_admin(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    """Public metadata counts, unsafe metadata never does."""
    if not _present(world, person):
        return
    flag = {random.choice(("is_admin", "isAdmin")): random.random() < 0.7}
    if random.random() < 0.5:
        world.clerk.set_public(person.user_id, flag)
    else:
        world.clerk.set_unsafe(person.user_id, flag)


def leave(world: DemoWorld, person: DemoPerson, _random: Random) -> None:
    """Delete the Clerk account; Stripe is not informed."""
    if _present(world, person):
        world.clerk.delete(person.user_id)


def clerk_billing(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    if _present(world, person):
        world.clerk.bill(person.user_id, status=random.choice(("active", "past_due", "canceled")))


def try_in_test_mode(world: DemoWorld, person: DemoPerson, random: Random) -> None:
    """A developer tries the checkout with this very user in test mode."""
    price = random.choice(DEFAULT_PRICES)
    world.test_stripe.checkout(price, email=person.email, client_reference_id=person.user_id)


def twin(world: DemoWorld, _person: DemoPerson, _random: Random) -> None:
    """Stripe makes a second Event object for the change it just announced."""
    for last in _announced(world):
        world.stripe.twin(last)


def thin_twin(world: DemoWorld, _person: DemoPerson, _random: Random) -> None:
    for last in _announced(world):
        world.stripe.thin_twin(last)


def use_later_api(world: DemoWorld, _person: DemoPerson, _random: Random) -> None:
    """The endpoint is moved to a later API version, never an earlier one."""
    place = API_VERSIONS.index(world.stripe.log.api)
    if place + 1 < len(API_VERSIONS):
        world.use_api(API_VERSIONS[place + 1])


def wait_days(world: DemoWorld, _person: DemoPerson, random: Random) -> None:
    world.wait(timedelta(days=random.choice((1, 3, 7, 31))))


def _announced(world: DemoWorld) -> list[DemoDelivery]:
    """The last live-mode event about an object, if there is one."""
    matching = (
        delivery
        for delivery in reversed(world.deliveries)
        if delivery.provider == "stripe"
        and delivery.event["object"] == "event"
        and delivery.event["livemode"]
    )
    return [delivery for delivery in islice(matching, 1) if "id" in delivery.event["data"]["object"]]


def _present(world: DemoWorld, person: DemoPerson) -> bool:
    return world.clerk.users[person.user_id].deleted_ms is None
