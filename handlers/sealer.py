"""The sealer: add new events to the Merkle trees and sign a checkpoint over them each minute.

Positions are gapless and commit in order, so the events that can be read are complete; nodes are written
once, in the transaction that read the events. A sealer that dies in between leaves the tree unchanged.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

import structlog
from psycopg.rows import tuple_row

from events.clock import Clock
from events.seals.checkpoint import PARTS, Checkpoint, PartHead, sign_checkpoint
from events.seals.errors import SealError
from events.seals.keys import SigningKey
from events.seals.leaf import leaf_hash_of_texts
from events.seals.merkle import Frontier, Node, extend
from events.statements import AnyConnection, statement
from queries.sealed_leaves import PartSize, frontiers, leaf_texts_after, part_sizes
from queries.seals import StoredCheckpoint, heads_of, latest_checkpoint, origin_of

BATCH_EVENTS = 10_000
FRESH_FOR = timedelta(hours=1)

KeysOf = Callable[[str], Sequence[SigningKey]]
Connect = Callable[[], AbstractContextManager[AnyConnection]]

_log = structlog.get_logger("tenure.sealer")


class TreeContradicts(SealError):
    """The stored tree differs from the signed one. No further checkpoint is signed: verify the log."""

    def __init__(self, part: int, number: int) -> None:
        super().__init__(
            f"part {part}: expected the tree that checkpoint {number} signed, found another; "
            "no checkpoint is signed until this is resolved: tenure audit verify --full"
        )
        self.part = part
        self.number = number


@dataclass(frozen=True, slots=True)
class UnsealablePart:
    """A partition that can't be sealed, and where its log is broken."""

    part: int
    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """The result of one batch. `more`: events remain to seal. `busy`: another sealer is running."""

    events: int = 0
    more: bool = False
    busy: bool = False
    refusals: tuple[UnsealablePart, ...] = ()


class Sealer:
    """Seals all new events, batch by batch, then signs. The scheduler calls it each minute."""

    def __init__(self, connect: Connect, *, keys_of: KeysOf, clock: Clock, batch: int = BATCH_EVENTS) -> None:
        """`connect` lends a connection and commits when its block succeeds; `keys_of` maps the
        log's origin to the signing keys of that name, newest first."""
        self._connect = connect
        self._keys_of = keys_of
        self._clock = clock
        self._batch = batch

    def run(self) -> StoredCheckpoint | None:
        """The checkpoint that was signed; None when none was due or another sealer is running.

        Raises: TreeContradicts; UnusableKey.
        """
        more = True
        while more:
            with self._connect() as conn:
                sealed = seal(conn, limit=self._batch)
            for refusal in sealed.refusals:
                _log.error(
                    "part not sealed", part=refusal.part, position=refusal.position, reason=refusal.reason
                )
            more = sealed.more
        with self._connect() as conn:
            return checkpoint(conn, now=self._clock(), keys_of=self._keys_of)


def seal(conn: AnyConnection, *, limit: int = BATCH_EVENTS) -> Sealed:
    """Add the next events, at most `limit`, to their partitions' trees. The caller commits.

    A partition whose log is broken is skipped and reported; the others continue.
    """
    if not _take_turn(conn):
        return Sealed(busy=True)
    sizes = part_sizes(conn)
    refusals = [_rewound(size) for size in sizes if size.sealed > size.head]
    lagging = [size for size in sizes if size.sealed < size.head]
    grown = frontiers(conn, {size.part: size.sealed for size in lagging})
    remaining = limit
    for size in lagging:
        frontier = grown[size.part]
        if frontier is None:
            refusals.append(UnsealablePart(size.part, size.sealed, "a node of its tree is missing"))
            continue
        done, refusal = _seal_part(conn, size, frontier, limit=remaining)
        remaining -= done
        refusals += [refusal] if refusal else []
        if remaining == 0:
            break
    return Sealed(events=limit - remaining, more=remaining == 0, refusals=tuple(refusals))


def checkpoint(conn: AnyConnection, *, now: datetime, keys_of: KeysOf) -> StoredCheckpoint | None:
    """Sign the current trees; the caller commits. None when another sealer is running, and when
    nothing changed: no growth, the same keys, and the last checkpoint is fresh.

    Raises: TreeContradicts; UnusableKey.
    """
    if not _take_turn(conn):
        return None
    origin = _settled_origin(conn)
    keys = keys_of(origin)
    last = latest_checkpoint(conn)
    sizes = {size.part: size.sealed for size in part_sizes(conn)}
    if last is not None:
        _refuse_contradiction(conn, last, sizes)
    verifiers = [str(key.verifier) for key in keys]
    size = sum(sizes.values())
    if last is not None and not _is_due(last, size, verifiers, now):
        return None
    by_part = frontiers(conn, sizes)
    heads = tuple(_head(part, by_part[part], last) for part in range(PARTS))
    # A clock that steps back must not make a later checkpoint look earlier.
    signed_at = now if last is None else max(now, last.signed_at)
    promise = Checkpoint(origin, signed_at, heads)
    signed = StoredCheckpoint(
        number=1 if last is None else last.number + 1,
        signed_at=signed_at,
        size=promise.size,
        root=promise.root,
        note=sign_checkpoint(promise, keys),
        verifiers=tuple(verifiers),
    )
    conn.execute(statement("handlers", "write_checkpoint"), signed.as_row())
    return signed


def _is_due(last: StoredCheckpoint, size: int, verifiers: list[str], now: datetime) -> bool:
    grown = last.size != size
    return grown or set(last.verifiers) != set(verifiers) or now - last.signed_at >= FRESH_FOR


def _seal_part(
    conn: AnyConnection, size: PartSize, frontier: Frontier, *, limit: int
) -> tuple[int, UnsealablePart | None]:
    rows = leaf_texts_after(conn, size.part, size.sealed, limit=min(limit, size.head - size.sealed))
    refusal = None
    for number, row in enumerate(rows):
        if row[1] != str(size.sealed + 1 + number):
            rows = rows[:number]
            break
    if len(rows) < min(limit, size.head - size.sealed):
        refusal = UnsealablePart(size.part, size.sealed + len(rows) + 1, "an event is missing")
    _, nodes = extend(frontier, [leaf_hash_of_texts(row) for row in rows])
    if nodes:
        conn.execute(statement("handlers", "write_nodes"), {"part": size.part, **_runs(nodes)})
    return len(rows), refusal


def _runs(nodes: list[Node]) -> dict[str, list[int] | list[bytes]]:
    """Nodes come level by level, neighbours together: one text of hashes for each level."""
    runs = [(level, list(run)) for level, run in groupby(nodes, key=itemgetter(0))]
    return {
        "levels": [level for level, _ in runs],
        "firsts": [run[0][1] for _, run in runs],
        "hashes": [b"".join(node for _, _, node in run) for _, run in runs],
    }


def _rewound(size: PartSize) -> UnsealablePart:
    return UnsealablePart(
        size.part, size.head + 1, f"its head is at {size.head} but {size.sealed} events were sealed"
    )


def _refuse_contradiction(conn: AnyConnection, last: StoredCheckpoint, sizes: dict[int, int]) -> None:
    """Never sign two histories: the trees must contain all that was signed, unchanged."""
    signed = heads_of(last.note)
    by_part = frontiers(conn, {head.part: head.size for head in signed})
    for head in signed:
        frontier = by_part[head.part]
        if frontier is None or sizes[head.part] < head.size or frontier.root != head.root:
            raise TreeContradicts(head.part, last.number)


def _head(part: int, frontier: Frontier | None, last: StoredCheckpoint | None) -> PartHead:
    if frontier is None:
        raise TreeContradicts(part, 0 if last is None else last.number)
    return PartHead(part, frontier.size, frontier.root)


def _settled_origin(conn: AnyConnection) -> str:
    """The log's name, set at the first seal and never changed: every proof names it."""
    origin = origin_of(conn)
    if origin is None:
        conn.execute(statement("handlers", "name_log"), {"origin": f"tenure/{secrets.token_hex(8)}"})
        origin = origin_of(conn)
    assert origin is not None  # just written, here or by another transaction
    return origin


def _take_turn(conn: AnyConnection) -> bool:
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(statement("handlers", "lock_sealing")).fetchone()
    return row is not None and bool(row[0])
