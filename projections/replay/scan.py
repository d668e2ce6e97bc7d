"""Stage one: read a range of the log into facts by owner.

The heap is read in physical order: reading by route is four times slower, and the fold sorts a history
anyway. All ranges are read under one snapshot, so that an erased event, whose row moves, is neither
missed nor read twice.

A log on several nodes has no single heap. It is read by part and position, which an erasure does not
change; no snapshot spans the nodes, and an erasure meanwhile is projected when catching up.
"""

from collections.abc import Callable, Iterator
from typing import Any
from zlib import crc32

import msgspec
from psycopg import sql

from events import livemode
from events.statements import statement
from projections import claiming
from projections.facts import Fact
from projections.log_reader import Routed, routed
from projections.parse_fact import READ_PATTERNS
from projections.replay.plan import ReplayPlan, WorkerContext
from projections.replay.progress import WorkOutcome, finish, finished
from projections.replay.spill import Chunk, Head, Hints, SpillWriter, path_of
from projections.replay.statements import Connection, session

Advance = Callable[[int], None]

# Column types; a timestamptz is read as its wire format, microseconds since 2000.
TYPES = ["int2", "int8", "int8", *["text"] * 6, "bool", "text"]
MICROS_TO_2000 = 946_684_800_000_000
FLUSH_BYTES = 16 << 20
REPORT_EVERY = 1024

_ENCODER = msgspec.msgpack.Encoder()


class _Gathered:
    """Facts of one route, waiting to be written."""

    __slots__ = ("count", "data", "first_at", "is_user", "last_at")

    def __init__(self, at: int, *, is_user: bool) -> None:
        self.data = bytearray()
        self.count = 0
        self.first_at = self.last_at = at
        self.is_user = is_user


class _Range:
    """The facts read so far of one range."""

    def __init__(self, number: int, buckets: int, spill: SpillWriter) -> None:
        self._number = number
        self._spill = spill
        self._waiting: dict[str, _Gathered] = {}
        self._bytes = 0
        self._hints: dict[str, Hints] = {}
        self._deletions: dict[str, list[Fact]] = {}
        self._heads: list[list[Head]] = [[] for _ in range(buckets)]

    def take(self, event: Routed) -> None:
        fact, route, is_customer, is_user, _ = event
        if is_customer or is_user:
            self._file(fact, route, is_user=is_user)
        if is_customer and (name := claiming.object_of(fact)) is not None:
            glimpse, objects = claiming.glimpse_of(fact), self._of(route, fact.at).objects
            if name in objects:
                objects[name].merge(glimpse)
            else:
                objects[name] = glimpse
        elif is_customer or fact.source == "tenure":
            for customer, claim in claiming.claims_in(fact, route):
                self._of(customer, fact.at).claims.append(claim)
        if is_user and fact.type in claiming.DELETIONS:
            self._deletions.setdefault(route, []).append(fact)

    def _of(self, customer: str, at: int) -> Hints:
        hints = self._hints.get(customer)
        if hints is None:
            hints = self._hints[customer] = Hints(at, {}, [])
        hints.first_at = min(hints.first_at, at)
        return hints

    def _file(self, fact: Fact, route: str, *, is_user: bool) -> None:
        at = fact.at
        gathered = self._waiting.get(route)
        if gathered is None:
            gathered = self._waiting[route] = _Gathered(at, is_user=is_user)
        elif gathered.is_user != is_user:
            self.flush()
            gathered = self._waiting[route] = _Gathered(at, is_user=is_user)
        before = len(gathered.data)
        _ENCODER.encode_into(fact, gathered.data, -1)
        gathered.count += 1
        if at < gathered.first_at:
            gathered.first_at = at
        elif at > gathered.last_at:
            gathered.last_at = at
        self._bytes += len(gathered.data) - before
        if self._bytes > FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the collected facts; a route with more facts gets another chunk."""
        for route, gathered in self._waiting.items():
            chunk = Chunk(
                self._number,
                self._spill.append(gathered.data),
                len(gathered.data),
                gathered.first_at,
                gathered.last_at,
                gathered.count,
            )
            self._bucket(route).append(Head(route, gathered.is_user, chunk, None))
        self._waiting.clear()
        self._bytes = 0

    def sections(self) -> list[bytes]:
        """One section of heads per bucket, and one of events that delete and restore users."""
        for customer, hints in self._hints.items():
            self._bucket(customer).append(Head(customer, False, None, hints))
        return [*map(_ENCODER.encode, self._heads), _ENCODER.encode(self._deletions)]

    def _bucket(self, route: str) -> list[Head]:
        return self._heads[bucket_of(route, len(self._heads))]


def bucket_of(key: str, buckets: int) -> int:
    """The group of a route or a user. No stored data depends on it."""
    return crc32(key.encode("utf-8", "surrogatepass")) % buckets


def read_range(context: WorkerContext, number: int, advance: Advance) -> WorkOutcome:
    """Read one range of the log into its file; returns the number of events by part."""
    job = context.job
    with session(context.conninfo, job.schema) as conn:
        if (earlier := finished(conn, "read", number)) is not None:
            return earlier
        counts: dict[int, int] = {}
        with SpillWriter(path_of(context.folder, "read", number)) as spill:
            log_range = _Range(number, job.buckets, spill)
            for event in _events(conn, context, number, counts, advance):
                log_range.take(event)
            log_range.flush()
            size = spill.finish(log_range.sections())
        outcome = WorkOutcome(events=sum(counts.values()), parts=counts, bytes=size)
        finish(conn, "read", number, outcome)
    return outcome


def _events(
    conn: Connection, context: WorkerContext, number: int, counts: dict[int, int], advance: Advance
) -> Iterator[Routed]:
    job = context.job
    name, parameters = _range_query(job, number)
    reported = seen = 0
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        conn.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(context.snapshot)))
        query: Any = statement("projections", name)  # Any: psycopg wants a literal
        with conn.cursor() as cursor, cursor.copy(query, parameters) as copy:
            copy.set_types(TYPES)
            for row in copy.rows():
                part = row[0]
                counts[part] = counts.get(part, 0) + 1
                seen += 1
                if seen - reported >= REPORT_EVERY:
                    advance(seen - reported)
                    reported = seen
                if livemode.counts(row[9]):
                    yield routed((part, row[1], row[2] + MICROS_TO_2000, *row[3:]))
    advance(seen - reported)


def _range_query(job: ReplayPlan, number: int) -> tuple[str, dict[str, object]]:
    """The statement that reads a range, and its values."""
    if job.is_by_part:
        part, after, last = job.positions[number]
        parameters: dict[str, object] = {"part": part, "after": after, "last": last}
        return "replay_read_part", parameters | {"read_types": READ_PATTERNS}
    lower, upper = job.pages[number]
    pins = [job.pins[part] for part in sorted(job.pins)]
    parameters = {"lower": f"({lower},0)", "upper": f"({upper},0)", "pins": pins}
    return "replay_read", parameters | {"read_types": READ_PATTERNS}
