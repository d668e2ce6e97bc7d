"""Stage three: fold the facts of some users to rows, states and quarantine."""

import heapq
from collections.abc import Iterable, Iterator
from operator import attrgetter

import msgspec

from events.statements import AnyConnection
from projections import aggregates, store
from projections.catalog import Catalog
from projections.facts import Fact
from projections.fold import fold_through, refold
from projections.refusal import is_refusal
from projections.replay.copy_loader import Loader
from projections.replay.digest import MODULUS
from projections.replay.people import CarefulLoader, ReplayedUser, load, load_work
from projections.replay.plan import WorkerContext
from projections.replay.progress import WorkOutcome, finish, finished
from projections.replay.scan import Advance
from projections.replay.spill import Chunk, SpilledStream, Spills
from projections.replay.statements import Connection, session
from projections.snapshots import Passed
from projections.state import Folded, State

LONG_HISTORY = 20_000
REPORT_EVERY = 1024

_ENTRIES = msgspec.msgpack.Decoder(list[SpilledStream])
_FACTS = msgspec.msgpack.Decoder(list[Fact])


def fold_bucket(context: WorkerContext, number: int, advance: Advance) -> WorkOutcome:
    """Fold the users of one bucket and copy their rows into the tables."""
    job = context.job
    with session(context.conninfo, job.schema) as conn:
        if (earlier := finished(conn, "fold", number)) is not None:
            return earlier
        try:
            return _fold_together(conn, context, number, advance)
        except Exception as problem:
            if not is_refusal(problem):
                raise
        return _fold_apart(conn, context, number)


def _fold_together(conn: Connection, context: WorkerContext, number: int, advance: Advance) -> WorkOutcome:
    job = context.job
    catalog = catalog_of(conn)
    digest = reported = folded_events = 0
    with (
        Spills(context.folder, "read", sections=job.buckets + 1) as spills,
        conn.transaction(),
        Loader(conn, job.schema) as loader,
    ):
        for user, entries in _people(context, number):
            passed: Passed = []
            folded, work, events = _folded(user, entries, spills, passed)
            digest += load(loader, user, folded, catalog, job.catalog_digest, passed)
            load_work(loader, user, work)
            folded_events += events
            if folded_events - reported >= REPORT_EVERY:
                advance(folded_events - reported)
                reported = folded_events
        loader.flush()
        outcome = WorkOutcome(events=folded_events, rows=loader.counts, digest=f"{digest % MODULUS:x}")
        finish(conn, "fold", number, outcome)
    advance(folded_events - reported)
    return outcome


def _fold_apart(conn: Connection, context: WorkerContext, number: int) -> WorkOutcome:
    """The same after a refusal, in small groups, down to the user or aggregate that is refused."""
    job = context.job
    with Spills(context.folder, "read", sections=job.buckets + 1) as spills, conn.transaction():
        careful = CarefulLoader(conn, job.schema, catalog_of(conn), job.catalog_digest)
        people = _people(context, number)
        careful.load([_person(user, entries, spills) for user, entries in people])
        events = sum(chunk.count for _, entries in people for entry in entries for chunk in entry.chunks)
        outcome = WorkOutcome(events=events, rows=careful.counts, digest=f"{careful.digest % MODULUS:x}")
        finish(conn, "fold", number, outcome)
    return outcome


def _person(user: str, entries: list[SpilledStream], spills: Spills) -> ReplayedUser:
    chunks = [chunk for entry in entries for chunk in entry.chunks]
    return ReplayedUser(user, _linked(entries), lambda: list(_history(chunks, spills)))


def _linked(entries: list[SpilledStream]) -> dict[str, int]:
    """Customer to linked since."""
    return {entry.customer: entry.since for entry in entries if entry.customer is not None}


def catalog_of(conn: AnyConnection) -> Catalog:
    """The catalog in the connection's schema."""
    stored = store.read_catalog(conn)
    return Catalog() if stored is None else msgspec.json.decode(stored[1], type=Catalog)


def _people(context: WorkerContext, number: int) -> list[tuple[str, list[SpilledStream]]]:
    people: dict[str, list[SpilledStream]] = {}
    buckets = context.job.buckets
    with Spills(context.folder, "link", sections=buckets) as spills:
        for file in range(buckets):
            for entry in _ENTRIES.decode(spills.section(file, number)):
                people.setdefault(entry.user, []).append(entry)
    return sorted(people.items())


def _folded(
    user: str, entries: list[SpilledStream], spills: Spills, passed: Passed
) -> tuple[Folded, list[Fact], int]:
    """The user's fold, the facts of their aggregates, and the number of events."""
    linked = _linked(entries)
    chunks = [chunk for entry in entries for chunk in entry.chunks]
    events = sum(chunk.count for chunk in chunks)
    if events > LONG_HISTORY:  # never all of it in memory
        work: list[Fact] = []
        folded = Folded(State(user_id=user, links=linked), [])
        fold_through(folded, _setting_aside(_history(chunks, spills), work), passed)
        return folded, work, events
    facts = facts_in(b"".join([spills.data(chunk) for chunk in chunks]), events)
    return refold(user, linked, facts, passed), list(aggregates.sifted(facts)), events


def facts_in(data: bytes, count: int) -> list[Fact]:
    """Decode concatenated facts: an array header before them makes them a list."""
    return _FACTS.decode(b"\xdd" + count.to_bytes(4) + data)


def _history(chunks: Iterable[Chunk], spills: Spills) -> Iterator[Fact]:
    """Facts by instant; only overlapping chunks are in memory: histories mostly come in order."""
    waiting: list[Fact] = []
    for chunk in sorted(chunks, key=attrgetter("first_at")):
        waiting.sort(key=attrgetter("at"))
        ready = 0
        while ready < len(waiting) and waiting[ready].at < chunk.first_at:
            ready += 1
        yield from waiting[:ready]
        new = facts_in(spills.data(chunk), chunk.count)
        waiting = list(heapq.merge(waiting[ready:], sorted(new, key=attrgetter("at")), key=attrgetter("at")))
    yield from waiting


def _setting_aside(history: Iterable[Fact], work: list[Fact]) -> Iterator[Fact]:
    """The same history; facts of aggregates are also appended to `work`."""
    for fact in history:
        work.extend(aggregates.sifted((fact,)))
        yield fact
