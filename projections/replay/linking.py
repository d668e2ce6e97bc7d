"""Stage two: whose each customer is, and from there whose each chunk of facts is."""

from collections.abc import Iterable, Sequence
from functools import reduce

import msgspec

from projections import store
from projections.links import Claims, Standing
from projections.refusal import write_halving
from projections.replay.job import Context
from projections.replay.loading import Loader
from projections.replay.progress import Outcome, finish, finished
from projections.replay.scan import Advance, bucket_of
from projections.replay.spill import Chunk, Entry, Head, Spills, SpillWriter, path_of
from projections.replay.statements import Connection, session

_HEADS = msgspec.msgpack.Decoder(list[Head])
_ENCODER = msgspec.msgpack.Encoder()


def link_bucket(context: Context, number: int, advance: Advance) -> Outcome:
    """Settle the customers of one bucket; their rows, and a file of entries by user."""
    job = context.job
    with session(context.conninfo, job.schema) as conn:
        if (known := finished(conn, "link", number)) is not None:
            return known
        customers, entries = _settled(_heads(context, number))
        with conn.transaction():
            refused = _load_links(conn, job.schema, customers)
            by_user: list[list[Entry]] = [[] for _ in range(job.buckets)]
            for entry in entries:
                if entry.customer not in refused:
                    by_user[bucket_of(entry.user, job.buckets)].append(entry)
            with SpillWriter(path_of(context.folder, "link", number)) as spill:
                size = spill.finish([_ENCODER.encode(each) for each in by_user])
            outcome = Outcome(bytes=size, rows={"customer_links": len(customers) - len(refused)})
            finish(conn, "link", number, outcome)
    advance(1)
    return outcome


def _load_links(conn: Connection, schema: str, customers: dict[str, Claims]) -> set[str]:
    """The customers whose row is refused: they are nobody's, as they are live."""
    refused: set[str] = set()

    def load(some: Sequence[str]) -> None:
        with Loader(conn, schema) as loader:
            for customer in some:
                loader.take("customer_links", store.link_row(customer, customers[customer]))
            loader.flush()

    write_halving(conn, list(customers), load, lambda customer, _: refused.add(customer))
    return refused


def _heads(context: Context, number: int) -> list[Head]:
    heads: list[Head] = []
    job = context.job
    with Spills(context.folder, "read", sections=job.buckets) as spills:
        for file in range(job.ranges):
            heads += _HEADS.decode(spills.section(file, number))
    return heads


def _settled(heads: Iterable[Head]) -> tuple[dict[str, Claims], list[Entry]]:
    customers: dict[str, Claims] = {}
    chunks: dict[tuple[str, bool], list[Chunk]] = {}
    for head in heads:
        if head.chunk is not None:
            chunks.setdefault((head.route, head.is_user), []).append(head.chunk)
        if not head.is_user:
            said = head.claims or Claims(first_at=head.chunk.first_at if head.chunk else 0)
            known = customers.get(head.route)
            customers[head.route] = said if known is None else merged(known, said)
    entries = [Entry(route, None, 0, mine) for (route, is_user), mine in chunks.items() if is_user]
    for customer, claims in customers.items():
        if (winner := claims.winner()) is not None:
            entries.append(Entry(winner[0], customer, winner[1], chunks.get((customer, False), [])))
    return customers, entries


def merged(one: Claims, other: Claims) -> Claims:
    """What was said about a customer in two places; order makes no difference."""
    users = dict(one.users)
    for user, standing in other.users.items():
        users[user] = _both(users[user], standing) if user in users else standing
    return Claims(min(one.first_at, other.first_at), users)


def _both(one: Standing, other: Standing) -> Standing:
    no = [moment for moment in (one.against, other.against) if moment is not None]
    against = reduce(max, no) if no else None
    if one.rank != other.rank:
        stronger = max(one, other, key=lambda standing: standing.rank)
        return Standing(stronger.rank, stronger.first, stronger.last, against)
    return Standing(one.rank, min(one.first, other.first), max(one.last, other.last), against)
