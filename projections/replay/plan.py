"""One replay's plan: the end positions, the code version and the pieces. It is stored with the rebuilt
tables, so that a killed replay resumes under the same plan."""

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import msgspec
from msgspec import Struct, field

from events import livemode
from projections.code_version import projector_version

SHADOW = "tenure_shadow"
CHECKED = "tenure_check"
PREVIOUS = "tenure_previous"

LAST_PAGE = 4_294_967_295


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to replay. `work_dir` stores facts that are read but not yet folded, about a tenth of the log.

    `range_pages` heap pages are read at a time, and users are folded in groups of about `bucket_events`
    events: together they bound the memory of a worker. `by_part` reads `range_events` positions of a part
    at a time instead of pages; None does so when the log is on several nodes.
    """

    work_dir: Path
    workers: int = 2
    range_pages: int = 8192
    bucket_events: int = 15_000
    by_part: bool | None = None
    range_events: int = 20_000


class ReplayPlan(Struct, frozen=True, kw_only=True):
    """The plan. `pins` is the head vector: part to the last position read.

    The log is read in ranges of heap pages (from, up to before) or, where there are none, in ranges of
    `positions` (part, after, up to).
    """

    run_id: str
    schema: str
    version: str
    live_only: bool
    pins: dict[int, int]
    pages: list[tuple[int, int]]
    buckets: int
    catalog_digest: str = ""
    positions: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def is_by_part(self) -> bool:
        return not self.pages

    @property
    def ranges(self) -> int:
        return len(self.positions if self.is_by_part else self.pages)

    @property
    def events(self) -> int:
        return sum(self.pins.values())


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """The settings of a worker."""

    job: ReplayPlan
    conninfo: str
    snapshot: str
    folder: Path


def plan(pins: dict[int, int], *, heap_pages: int | None, schema: str, options: Options) -> ReplayPlan:
    """A new plan to replay up to `pins`; by part when `heap_pages` is None."""
    return ReplayPlan(
        run_id=uuid4().hex,
        schema=schema,
        version=projector_version(),
        live_only=livemode.live_only(),
        pins=pins,
        pages=[] if heap_pages is None else _pages(heap_pages, options.range_pages),
        positions=_positions(pins, options.range_events) if heap_pages is None else [],
        buckets=min(1024, max(1, -(-sum(pins.values()) // options.bucket_events))),
    )


def _pages(heap_pages: int, step: int) -> list[tuple[int, int]]:
    starts = list(range(0, max(1, heap_pages), step))
    pages = [(start, start + step) for start in starts]
    # Pages written since may still contain events within the pins.
    pages[-1] = (pages[-1][0], LAST_PAGE)
    return pages


def _positions(pins: dict[int, int], step: int) -> list[tuple[int, int, int]]:
    return [
        (part, after, min(after + step, head))
        for part, head in sorted(pins.items())
        for after in range(0, head, step)
    ]


def encode(job: ReplayPlan) -> str:
    return msgspec.json.encode(job).decode()


def decode(text: str) -> ReplayPlan:
    return msgspec.json.decode(text, type=ReplayPlan)
