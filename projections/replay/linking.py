"""Stage two: settle the owner of each customer, and thereby the user of each chunk of facts."""

from collections.abc import Sequence

import msgspec

from projections import claiming, store
from projections.accounts import Trust
from projections.claiming import Evidence
from projections.facts import Fact
from projections.links import Claims
from projections.refusal import write_halving
from projections.replay.copy_loader import Loader
from projections.replay.folding import facts_in
from projections.replay.plan import WorkerContext
from projections.replay.progress import WorkOutcome, finish, finished
from projections.replay.scan import Advance, bucket_of
from projections.replay.spill import Chunk, Head, Hints, SpilledStream, Spills, SpillWriter, path_of
from projections.replay.statements import Connection, session

_HEADS = msgspec.msgpack.Decoder(list[Head])
_DELETIONS = msgspec.msgpack.Decoder(dict[str, list[Fact]])
_ENCODER = msgspec.msgpack.Encoder()


def link_bucket(context: WorkerContext, number: int, advance: Advance) -> WorkOutcome:
    """Settle the customers of one bucket: write their rows, and a file of entries by user."""
    job = context.job
    with session(context.conninfo, job.schema) as conn:
        if (earlier := finished(conn, "link", number)) is not None:
            return earlier
        with Spills(context.folder, "read", sections=job.buckets + 1) as spills:
            deletions = _deletions(context, spills)
            customers, entries = _settled(_heads(context, spills, number), deletions, spills, Trust(conn))
        with conn.transaction():
            refused = _load_links(conn, job.schema, customers)
            by_user: list[list[SpilledStream]] = [[] for _ in range(job.buckets)]
            for entry in entries:
                if entry.customer not in refused:
                    by_user[bucket_of(entry.user, job.buckets)].append(entry)
            with SpillWriter(path_of(context.folder, "link", number)) as spill:
                size = spill.finish([_ENCODER.encode(streams) for streams in by_user])
            outcome = WorkOutcome(bytes=size, rows={"customer_links": len(customers) - len(refused)})
            finish(conn, "link", number, outcome)
    advance(1)
    return outcome


def _load_links(conn: Connection, schema: str, customers: dict[str, store.Linked]) -> set[str]:
    """Load the rows; returns the customers whose row is refused: they have no owner, as in live tables."""
    refused: set[str] = set()

    def load(some: Sequence[str]) -> None:
        with Loader(conn, schema) as loader:
            for customer in some:
                loader.take("customer_links", store.link_row(customer, customers[customer]))
            loader.flush()

    write_halving(conn, list(customers), load, lambda customer, _: refused.add(customer))
    return refused


def _heads(context: WorkerContext, spills: Spills, number: int) -> list[Head]:
    heads: list[Head] = []
    for file in range(context.job.ranges):
        heads += _HEADS.decode(spills.section(file, number))
    return heads


def _deletions(context: WorkerContext, spills: Spills) -> dict[str, list[Fact]]:
    """User to the events that deleted and restored them; a customer may name users of any bucket."""
    deletions: dict[str, list[Fact]] = {}
    for file in range(context.job.ranges):
        for user, facts in _DELETIONS.decode(spills.section(file, context.job.buckets)).items():
            deletions.setdefault(user, []).extend(facts)
    return deletions


def _settled(
    heads: list[Head], deletions: dict[str, list[Fact]], spills: Spills, trust: Trust
) -> tuple[dict[str, store.Linked], list[SpilledStream]]:
    hints: dict[str, Hints] = {}
    chunks: dict[tuple[str, bool], list[Chunk]] = {}
    for head in heads:
        if head.chunk is not None:
            chunks.setdefault((head.route, head.is_user), []).append(head.chunk)
        if not head.is_user:
            _merge(hints, head)
    entries = [SpilledStream(route, None, 0, mine) for (route, is_user), mine in chunks.items() if is_user]
    customers: dict[str, store.Linked] = {}
    for customer, customer_hints in hints.items():
        mine = chunks.get((customer, False), [])
        claims = claiming.settled_from(customer_hints.first_at, customer_hints.objects, customer_hints.claims)
        claims = claims or _settled_in_order(customer_hints, mine, spills)
        gone = [user for user in claims.users() if user in deletions]
        claims.note_deletions({user: claiming.deletions_in(user, deletions[user]) for user in gone})
        owner = claims.owner() if trust.covers(customer) else None
        customers[customer] = store.Linked(claims, owner.user if owner else None)
        if owner is not None and owner.user is not None:
            entries.append(SpilledStream(owner.user, customer, owner.at, mine))
    return customers, entries


def _settled_in_order(hints: Hints, chunks: list[Chunk], spills: Spills) -> Claims:
    """Settle from the facts: needed only where an object changed its word."""
    facts = [fact for chunk in chunks for fact in facts_in(spills.data(chunk), chunk.count)]
    snapshots = [fact for fact in facts if claiming.object_of(fact) is not None]
    return claiming.settled(Evidence(hints.first_at, snapshots, hints.claims))


def _merge(hints: dict[str, Hints], head: Head) -> None:
    """Merge the hints about a customer from several ranges; order makes no difference."""
    new = head.hints or Hints(head.chunk.first_at if head.chunk else 0, {}, [])
    merged = hints.setdefault(head.route, Hints(new.first_at, {}, []))
    merged.first_at = min(merged.first_at, new.first_at)
    merged.claims += new.claims
    for name, glimpse in new.objects.items():
        if name in merged.objects:
            merged.objects[name].merge(glimpse)
        else:
            merged.objects[name] = glimpse
