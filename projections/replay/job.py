"""One replay's plan: how far, by which code, in which pieces. It is kept with what is built, so that a
killed replay goes on under the plan it had."""

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import msgspec
from msgspec import Struct

from projections.version import projector_version

SHADOW = "tenure_shadow"
CHECKED = "tenure_check"
PREVIOUS = "tenure_previous"

LAST_PAGE = 4_294_967_295


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to replay. `work_dir` holds what is read but not yet folded, about a tenth of the log.

    `range_pages` heap pages are read at a time, and people are folded in groups that have about
    `bucket_events` events: together they bound the memory of a worker.
    """

    work_dir: Path
    workers: int = 2
    live_only: bool = False
    range_pages: int = 8192
    bucket_events: int = 15_000


class Job(Struct, frozen=True, kw_only=True):
    """The plan. `pins` is the head vector: part to the last position read."""

    run_id: str
    schema: str
    version: str
    live_only: bool
    pins: dict[int, int]
    pages: list[tuple[int, int]]
    buckets: int
    catalog_digest: str = ""

    @property
    def events(self) -> int:
        return sum(self.pins.values())


@dataclass(frozen=True, slots=True)
class Context:
    """All a worker needs to know."""

    job: Job
    conninfo: str
    snapshot: str
    folder: Path


def plan(pins: dict[int, int], *, heap_pages: int, schema: str, options: Options) -> Job:
    """A new plan to replay up to `pins`."""
    step = options.range_pages
    starts = list(range(0, max(1, heap_pages), step))
    pages = [(start, start + step) for start in starts]
    # What was written since is behind the last page known now, and within the pins all the same.
    pages[-1] = (pages[-1][0], LAST_PAGE)
    return Job(
        run_id=uuid4().hex,
        schema=schema,
        version=projector_version(),
        live_only=options.live_only,
        pins=pins,
        pages=pages,
        buckets=min(1024, max(1, -(-sum(pins.values()) // options.bucket_events))),
    )


def encode(job: Job) -> str:
    return msgspec.json.encode(job).decode()


def decode(text: str) -> Job:
    return msgspec.json.decode(text, type=Job)
