"""Verify one part: hash every event again and compare it with its tree and the signed checkpoints."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from heapq import merge
from typing import Any, NoReturn

from psycopg.rows import tuple_row

from events.routing import part_of
from events.seals.encoding import base64_bytes
from events.seals.leaf import leaf_hash_of_texts
from events.seals.merkle import HASH_BYTES, Address, Frontier, extend
from events.statements import AnyConnection, statement
from queries.findings import CheckpointClaim, ErasedEvent, LogFinding, PartReport
from queries.rows import fetch_one
from queries.sealed_leaves import SealedRow, frontiers, rows_after

CHUNK_EVENTS = 1000
MAX_FINDINGS = 20
LOST = bytes(HASH_BYTES)  # a leaf without row and node
_HEAD_LINE = 5  # the first part's line in a checkpoint, counted from 1
_ID, _ROUTE, _RECORDED, _DIGEST, _TYPE = 2, 6, 15, 16, 9


class Enough(Exception):
    """The part has so many findings that more would add nothing."""


def verify_part(
    conn: AnyConnection,
    part: int,
    *,
    since: int = 0,
    upto: int = 0,
    distrusted: frozenset[int] = frozenset(),
    kept: Sequence[CheckpointClaim] = (),
    begin: CheckpointClaim | None = None,
) -> PartReport:
    """The part's report. `conn` is at the beginning of a transaction, which reads one snapshot.

    Checkpoints after number `since` up to `upto` count, except the `distrusted`; `kept` ones come
    from outside. With `begin`, events up to there count as verified before.
    """
    conn.execute(statement("queries", "verify_snapshot"))
    check = _Check(conn, part)
    promised = merge(_promises(conn, check, since, upto, distrusted), sorted(kept), key=lambda p: p.size)
    with suppress(Enough):
        check.run(promised, begin)
    return check.report


class _Check:
    """The walk along one part; adds its findings to the report."""

    def __init__(self, conn: AnyConnection, part: int) -> None:
        self._conn = conn
        self._part = part
        self.report = PartReport(part)
        self._recorded = 0  # of the row before
        self._last = 0  # position of the row before
        self._rows: Iterator[SealedRow] = iter(())
        self._next: SealedRow | None = None
        self._by_rows = self._by_tree = Frontier()
        self._differing: list[int] = []  # positions whose row is not their stored leaf
        self._odd_nodes: dict[Address, str] = {}

    def note(self, position: int, what: str) -> None:
        """Add a finding. Raises: Enough."""
        self.report.findings.append(LogFinding(self._part, position, what))
        if len(self.report.findings) >= MAX_FINDINGS:
            raise Enough

    def run(self, promised: Iterable[CheckpointClaim], begin: CheckpointClaim | None) -> None:
        """Walk the sealed events claim by claim, then the newer ones. Raises: Enough."""
        standing = fetch_one(self._conn, statement("queries", "part_standing"), {"part": self._part}) or {}
        self.report.head, self.report.sealed = standing["head"] or 0, standing["sealed"]
        if begin is not None and not self._begin_at(begin):
            return
        self._last = self._size
        self._rows = self._read(self._size)
        self._next = next(self._rows, None)
        for promise in promised:
            self._keep(promise, standing["last_position"])
        self._grow_to(self.report.sealed)
        self._settle("not the event that was sealed here")
        self._walk_unsealed()
        self._compare_counts(standing)

    @property
    def _size(self) -> int:
        return self._by_rows.size

    def _begin_at(self, begin: CheckpointClaim) -> bool:
        frontier = frontiers(self._conn, {self._part: begin.size})[self._part]
        if frontier is None or frontier.root != begin.root:
            self.note(0, f"the tree up to {begin.size} is not the one of {begin.by}; verify in full")
            return False
        self._by_rows = self._by_tree = frontier
        return True

    def _keep(self, promise: CheckpointClaim, last_position: int) -> None:
        """Walk on to the claim and check it."""
        good = self._size
        if promise.size > last_position:
            self._grow_to(min(last_position, self.report.sealed))
            self._settle("not the event that was sealed here")
            self.note(self._last + 1, f"gone, though {promise.by} sealed {promise.size} events")
            raise Enough
        self._grow_to(promise.size)
        if self._by_rows.root == promise.root:
            self._settle("its leaf in the tree was changed; the event is as it was signed")
            self._by_tree = self._by_rows
        elif self._by_tree.root == promise.root:
            self._settle("not the event that was sealed here")
            self._by_rows = self._by_tree
        else:
            self._break(promise, good)

    def _break(self, promise: CheckpointClaim, good: int) -> NoReturn:
        """Neither rows nor tree match the signed root: both were changed."""
        if not self._differing:
            ranges = [(level, index << level, index + 1 << level) for level, index in self._odd_nodes]
            _, begin, ending = min(ranges, default=(0, good, promise.size))
            until = f" or up to position {min(ending, promise.size)}" if ending - begin > 1 else ""
            self.note(begin + 1, f"changed here{until}, its tree too: {promise.by} signed another root")
        self._settle("not the event that was sealed here")
        raise Enough

    def _settle(self, what: str) -> None:
        """Report the differences since the last valid claim."""
        differing, odd = self._differing, self._odd_nodes
        self._differing, self._odd_nodes = [], {}
        for position in differing:
            self.note(position, what)
        for (level, index), change in odd.items():
            self.note(
                index + 1 if level == 0 else 0, f"tree node at level {level}, index {index} is {change}"
            )

    def _grow_to(self, size: int) -> None:
        while self._size < size:
            self._grow(min(size, self._size + CHUNK_EVENTS))

    def _grow(self, ending: int) -> None:
        """One chunk: the tree from the rows, and from its stored leaves where they differ."""
        first = self._size
        stored = self._stored(first, ending)
        derived = self._derived(first, ending)
        kept = [stored.get((0, index)) for index in range(first, ending)]
        self._differing += [
            first + 1 + n
            for n, (row, leaf) in enumerate(zip(derived, kept, strict=True))
            if row is not None and leaf is not None and row != leaf
        ]
        same = self._by_rows == self._by_tree
        self._by_rows, row_nodes = extend(
            self._by_rows, [r or k or LOST for r, k in zip(derived, kept, strict=True)]
        )
        if same and not self._differing:
            self._by_tree, other = self._by_rows, row_nodes
        else:
            leaves = [leaf or row or LOST for row, leaf in zip(derived, kept, strict=True)]
            self._by_tree, other = extend(self._by_tree, leaves)
        for (level, index, node), (_, _, alike) in zip(row_nodes, other, strict=True):
            stored_node = stored.get((level, index))
            if stored_node != node and stored_node != alike:
                self._odd_nodes[level, index] = "missing" if stored_node is None else "changed"

    def _derived(self, begin: int, ending: int) -> list[bytes | None]:
        """Leaf hashes from the events at indexes `begin` to `ending`; None where one is missing."""
        derived: list[bytes | None] = [None] * (ending - begin)
        missing = []
        for index in range(begin, ending):
            if self._next is not None and int(self._next.texts[1] or 0) == index + 1:
                derived[index - begin] = leaf_hash_of_texts(self._next.texts)
                self._advance()
            else:
                missing.append(index + 1)
        if missing:
            self.note(missing[0], f"missing ({len(missing)} up to position {missing[-1]})")
        return derived

    def _stored(self, begin: int, ending: int) -> dict[Address, bytes]:
        levels = range(ending.bit_length())
        parameters = {
            "part": self._part,
            "levels": list(levels),
            "firsts": [begin >> level for level in levels],
            "ends": [ending >> level for level in levels],
        }
        with self._conn.cursor(row_factory=tuple_row, binary=True) as cursor:
            rows = cursor.execute(statement("queries", "nodes_in"), parameters).fetchall()
        return {(level, index): node for level, index, node in rows}

    def _walk_unsealed(self) -> None:
        """Check events newer than the tree, for gaps and their payload only."""
        while self._next is not None:
            position = int(self._next.texts[1] or 0)
            if position != self._last + 1:
                self.note(self._last + 1, f"missing (the next event is at {position})")
            self._advance()

    def _compare_counts(self, standing: dict[str, Any]) -> None:  # Any: one type a column
        head, last = self.report.head, standing["last_position"]
        if last > head:
            what = f"beyond the head, which says {head}: the head was rewound or the event came past append"
            self.note(head + 1, what)
        elif last < head:
            self.note(last + 1, f"missing: the head says {head} events")
        elif standing["events"] != head and not self.report.findings:
            with self._conn.cursor(row_factory=tuple_row) as cursor:
                row = cursor.execute(statement("queries", "first_gap"), {"part": self._part}).fetchone()
            gap = int(row[0]) if row else 0
            self.note(gap, f"missing: {standing['events']} events in all, the head says {head}")
        if standing["head_recorded"] is not None and self._recorded > standing["head_recorded"]:
            self.note(last, "recorded later than the head knows")
        expected = sum(self.report.sealed >> level for level in range(self.report.sealed.bit_length()))
        if standing["nodes"] != expected and not self.report.findings:
            self.note(0, f"expected {expected} tree nodes, found {standing['nodes']}")

    def _read(self, after: int) -> Iterator[SealedRow]:
        while True:
            rows = rows_after(self._conn, self._part, after, limit=CHUNK_EVENTS)
            yield from rows
            if len(rows) < CHUNK_EVENTS:
                return
            after = int(rows[-1].texts[1] or 0)

    def _advance(self) -> None:
        """Check one row by itself, and go on to the next."""
        row = self._next
        assert row is not None  # the caller checked
        position = int(row.texts[1] or 0)
        problem = self._problem(row)
        if problem is not None:
            self.note(position, problem)
        self._last = position
        self.report.events += 1
        self._next = next(self._rows, None)

    def _problem(self, row: SealedRow) -> str | None:
        texts = row.texts
        route = texts[_ROUTE] or ""
        belongs = part_of(route)
        if belongs != self._part:
            return f"its route belongs in part {belongs}"
        if not (texts[_RECORDED] or "").lstrip("-").isdigit():
            return "its time of recording is none"
        recorded, before = int(texts[_RECORDED] or 0), self._recorded
        self._recorded = recorded
        if recorded < before:
            return "recorded before the event in front of it"
        if row.payload is None and row.salt is None:
            if texts[_TYPE] == "privacy.erased":
                return "an erasure without its payload, which is never erased"
            place = (self._part, int(texts[1] or 0))
            self.report.erased.append(ErasedEvent(*place, texts[_ID] or "", route, recorded))
            return None
        if row.payload is None or row.salt is None:
            return "half erased: payload and salt go together"
        if sha256(row.salt + row.payload.encode()).hexdigest() != texts[_DIGEST]:
            return "its payload is not the one that came in"
        return None


def _promises(
    conn: AnyConnection, check: _Check, since: int, upto: int, distrusted: frozenset[int]
) -> Iterator[CheckpointClaim]:
    """The checkpoints' claims about the part, one per size, smallest first."""
    part, last = check.report.part, CheckpointClaim(-1, b"", "")
    for number, line in _lines(conn, part, since, upto):
        if number in distrusted:
            continue
        _, size, root = line.split(" ")
        promise = CheckpointClaim(int(size), base64_bytes(root), f"checkpoint {number}")
        if promise.size < last.size:
            check.note(0, f"{promise.by} says {promise.size} events, {last.by} said {last.size}")
        elif promise[:2] != last[:2]:
            yield promise
            last = promise


def _lines(conn: AnyConnection, part: int, after: int, upto: int) -> Iterator[tuple[int, str]]:
    while True:
        parameters = {"line": _HEAD_LINE + part, "after": after, "upto": upto, "limit": 1000}
        with conn.cursor(row_factory=tuple_row) as cursor:
            page = cursor.execute(statement("queries", "part_promises"), parameters).fetchall()
        yield from page
        if len(page) < 1000:
            return
        after = page[-1][0]
