"""A deterministic shop history: many people over months, for demos and benchmarks."""

from datetime import UTC, datetime, timedelta
from random import Random

from demo.operations import OPERATIONS, USUAL
from demo.steps_people import FIRST_NAMES, LAST_NAMES
from demo.versions import V2025_CLOVER, ApiVersion
from demo.world import DemoPerson, DemoWorld

DEFAULT_START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def make_world(
    seed: int,
    users: int,
    *,
    start: datetime = DEFAULT_START,
    days: int = 120,
    steps_per_user: int = 12,
    api: ApiVersion = V2025_CLOVER,
) -> DemoWorld:
    """A world in which `users` people signed up during the period."""
    random = Random(f"history {seed}")  # noqa: S311 - the same shop again, not secrets
    world = DemoWorld(start=start, seed=seed, api=api, dunning="unpaid")
    people: dict[int, DemoPerson] = {}
    for at, number in _agenda(random, users, start=start, days=days, steps=steps_per_user):
        world.advance(at)
        if number not in people:
            people[number] = _join(world, random, number)
        elif not people[number].customers and random.random() < 0.7:
            OPERATIONS["checkout"](world, people[number], random)
        else:
            step = random.choices(list(USUAL), weights=list(USUAL.values()))[0]
            OPERATIONS[step](world, people[number], random)
    world.advance(start + timedelta(days=days))
    return world


def _agenda(
    random: Random, users: int, *, start: datetime, days: int, steps: int
) -> list[tuple[datetime, int]]:
    """The people and times of all steps; each person's first step is the sign-up."""
    agenda = []
    for number in range(users):
        joined_s = random.randrange(days * 86_400 * 3 // 4)
        for _ in range(steps):
            later_s = random.randrange(joined_s, days * 86_400)
            agenda.append((start + timedelta(seconds=later_s), number))
        agenda.append((start + timedelta(seconds=joined_s), number))
    return sorted(agenda)


def _join(world: DemoWorld, random: Random, number: int) -> DemoPerson:
    first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    email = f"{first.lower()}.{number}@example.com"
    return world.join(first_name=first, last_name=last, email=email)
