"""What goes wrong between us and a provider: each request may meet one fault, by number and path."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True)
class Fault:
    """Instead of the answer (`status`), or done to it. `delay_s`: the answer comes late.

    `reorder` shuffles a page, `repeat` gives its last object again at the start of the next,
    `hang_up` closes the connection in the middle of the body.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    hang_up: bool = False
    reorder: bool = False


Faults = Callable[[int, str], Fault | None]


def no_faults(_number: int, _path: str) -> Fault | None:
    return None


def in_turn(*faults: Fault | None) -> Faults:
    """The first request meets the first fault, and so on; after the last all is well."""

    def chosen(number: int, _path: str) -> Fault | None:
        return faults[number - 1] if number <= len(faults) else None

    return chosen


def at_random(seed: int, kinds: Sequence[Fault], share: float) -> Faults:
    """That share of requests meets one of the kinds; the same seed gives the same troubles."""
    random = Random(seed)

    def chosen(_number: int, _path: str) -> Fault | None:
        return random.choice(kinds) if random.random() < share else None

    return chosen


RATE_LIMITED = Fault(status=429, headers={"Retry-After": "2"})
BROKEN = Fault(status=500)
UNAVAILABLE = Fault(status=503)
HANGS_UP = Fault(hang_up=True)
REORDERED = Fault(reorder=True)
