"""Hypothesis strategies for whole histories, each with the truth they end in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from demo.deliveries import DemoDelivery
from demo.operations import OPERATIONS
from demo.steps_billing import running
from demo.stripe_cycle import Dunning
from demo.versions import API_VERSIONS, ApiVersion
from demo.world import DemoPerson, DemoWorld
from tests.oracle import Truth, truth_of

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
"""A last day of the month, so that billing anchors have something to trip over."""

GAPS_S = (0, 0, 0, 1, 60, 3_700, 86_400, 4 * 86_400, 9 * 86_400, 33 * 86_400)
"""How long people wait before the next step; nothing at all is the most common."""

_NEEDS: dict[str, tuple[str, ...]] = {
    "upgrade": ("active", "trialing", "past_due"),
    "downgrade": ("active", "trialing", "past_due"),
    "change_card": (),
    "detach_card": (),
    "refresh_card": (),
    "correct_address": (),
    "fail_payment": ("active",),
    "pay": ("past_due", "unpaid", "incomplete"),
    "cancel_now": (),
    "cancel_later": ("active", "trialing", "past_due"),
    "uncancel": (),
    "extend_trial": ("trialing",),
    "pause_collection": ("active",),
    "resume": ("paused",),
    "refund": ("active",),
    "delete_customer": (),
    "link_late": (),
}
"""The statuses each operation needs to find, none meaning any that is not over."""

_PARTICULARS = st.tuples(st.sampled_from(GAPS_S), st.integers(0, 9_999))

# Any: whatever the caller's own events are; the world only carries them.
OwnEvents = Callable[[st.DrawFn, DemoWorld, DemoPerson], Any]
Step = tuple[str, int, int, int]
"""An operation, whose, how long after the one before, and the seed of its particulars."""


@dataclass
class History:
    """A world that has come to rest, and what must be true of everybody in it."""

    world: DemoWorld
    truths: dict[str, Truth]
    own: list[Any] = field(default_factory=list)  # Any: see OwnEvents
    steps: list[Step] = field(default_factory=list)

    @property
    def deliveries(self) -> list[DemoDelivery]:
        """Every webhook, in the order things happened."""
        return self.world.deliveries

    def shuffled(self, seed: int, *, twice: bool = False) -> list[DemoDelivery]:
        """The same webhooks in another order, each of them twice if asked."""
        order = self.deliveries * (2 if twice else 1)
        Random(seed).shuffle(order)
        return order

    def __repr__(self) -> str:
        """Short, so that a failing example shows its steps and not megabytes of bodies."""
        api = self.world.stripe.log.api.name
        return f"History({len(self.deliveries)} deliveries, now {api}, steps={self.steps})"


@st.composite
def histories(
    draw: st.DrawFn,
    *,
    min_users: int = 1,
    max_users: int = 4,
    max_steps: int = 14,
    versions: tuple[ApiVersion, ...] = API_VERSIONS,
    without: frozenset[str] = frozenset(),
    own: OwnEvents | None = None,
) -> History:
    """A world of a few people that lived through random steps.

    `without` leaves operations out; `own` is called now and then and its answers are kept in
    `History.own`, for events of our own making.
    """
    dunnings: tuple[Dunning, ...] = ("cancel", "unpaid", "past_due")
    world = DemoWorld(
        start=START,
        seed=draw(st.integers(0, 999)),
        api=draw(st.sampled_from(versions)),
        dunning=draw(st.sampled_from(dunnings)),
    )
    history = History(world, {})
    for number in range(draw(st.integers(min_users, max_users))):
        _join(draw, world, number)
        if "checkout" not in without and draw(st.integers(0, 4)):
            _take(draw, history, ("checkout", number, *draw(_PARTICULARS)), own)
    steps = st.lists(_steps(len(world.people), without, own), min_size=max_steps // 3, max_size=max_steps)
    for step in draw(steps):
        _take(draw, history, _sensible(history, step, without), own)
    world.wait(timedelta(seconds=draw(st.sampled_from(GAPS_S))))
    history.truths = {person.user_id: truth_of(world, person) for person in world.people}
    return history


def _steps(people: int, without: frozenset[str], own: OwnEvents | None) -> st.SearchStrategy[Step]:
    names = [name for name in OPERATIONS if name not in without]
    often = ["checkout"] if "checkout" in names else []  # first, where shrinking looks first
    return st.tuples(
        st.sampled_from([*often, *names, *(["own", "own"] if own else [])]),
        st.integers(0, people - 1),
        st.sampled_from(GAPS_S),
        st.integers(0, 9_999),
    )


def _sensible(history: History, step: Step, without: frozenset[str]) -> Step:
    """The step, or one that means something to this person just now.

    Most operations need a running subscription, a trial or a card; without this, most would
    do nothing and the histories would be short.
    """
    name, number, gap_s, particulars = step
    if name == "own" or _means_something(history, name, number):
        return step
    others = [other for other in _NEEDS if other not in without]
    Random(particulars).shuffle(others)
    chosen = next((o for o in others if _means_something(history, o, number)), name)
    return chosen, number, gap_s, particulars


def _means_something(history: History, name: str, number: int) -> bool:
    world, person = history.world, history.world.people[number]
    if name == "link_late":
        return bool(person.unlinked)
    return name not in _NEEDS or bool(running(world, person, *_NEEDS[name]))


def _take(draw: st.DrawFn, history: History, step: Step, own: OwnEvents | None) -> None:
    name, number, gap_s, particulars = step
    person = history.world.people[number]
    history.world.wait(timedelta(seconds=gap_s))
    if name == "own":
        if own is not None:
            history.own.append(own(draw, history.world, person))
    else:
        OPERATIONS[name](history.world, person, Random(particulars))
    history.steps.append(step)


def _join(draw: st.DrawFn, world: DemoWorld, number: int) -> None:
    names = st.sampled_from((None, "", "Ada", "Zoë", "Noor"))
    world.join(
        first_name=draw(names),
        last_name=draw(names),
        email=f"person{number}@example.com",
    )
