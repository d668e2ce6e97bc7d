"""Sealed data in the database: leaf texts and tree nodes."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from psycopg.rows import tuple_row

from events.seals.merkle import EMPTY_ROOT, Address, Frontier, cover, joined
from events.seals.proofs import ReadNodes
from events.statements import AnyConnection, statement

Texts = tuple[str | None, ...]


class PartSize(NamedTuple):
    """The head of a part, and how many of its events are sealed."""

    part: int
    head: int
    sealed: int


class SealedRow(NamedTuple):
    """One event as the texts of its leaf; salt and payload are None once erased."""

    texts: Texts
    salt: bytes | None
    payload: str | None


def part_sizes(conn: AnyConnection) -> list[PartSize]:
    """The 64 parts in order."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        return [PartSize(*row) for row in cursor.execute(statement("queries", "sealed_sizes")).fetchall()]


def leaf_texts_after(conn: AnyConnection, part: int, position: int, *, limit: int) -> list[Texts]:
    """The next events of a part as `LEAF_COLUMNS` texts."""
    parameters = {"part": part, "after": position, "limit": limit}
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        return cursor.execute(statement("queries", "leaf_texts"), parameters).fetchall()


def rows_after(conn: AnyConnection, part: int, position: int, *, limit: int) -> list[SealedRow]:
    """The next events of a part, payload and salt included."""
    parameters = {"part": part, "after": position, "limit": limit}
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        rows = cursor.execute(statement("queries", "leaf_texts_and_payload"), parameters).fetchall()
    return [SealedRow(row[:-2], row[-2], row[-1]) for row in rows]


def row_at(conn: AnyConnection, part: int, position: int) -> SealedRow | None:
    """One event, payload and salt included."""
    parameters = {"part": part, "position": position}
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        row = cursor.execute(statement("queries", "leaf_texts_of_one"), parameters).fetchone()
    return None if row is None else SealedRow(row[:-2], row[-2], row[-1])


def nodes(conn: AnyConnection, addresses: Sequence[tuple[int, Address]]) -> dict[tuple[int, Address], bytes]:
    """(part, (level, index)) to hash, without missing nodes."""
    parameters = {
        "parts": [part for part, _ in addresses],
        "levels": [level for _, (level, _) in addresses],
        "indexes": [index for _, (_, index) in addresses],
    }
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        rows = cursor.execute(statement("queries", "nodes_at"), parameters).fetchall()
    return {(part, (level, index)): node for part, level, index, node in rows}


def reader_of(conn: AnyConnection, part: int) -> ReadNodes:
    """The reader of this part's nodes for `events.seals.proofs`."""
    return partial(_read, conn, part)


def frontiers(conn: AnyConnection, sizes: Mapping[int, int]) -> dict[int, Frontier | None]:
    """The frontier of each part's tree at a size; None when a node is missing."""
    addresses = [(part, address) for part, size in sizes.items() for address in cover(0, size)]
    hashes = nodes(conn, addresses) if addresses else {}
    by_part: dict[int, Frontier | None] = {}
    for part, size in sizes.items():
        peaks = [hashes.get((part, address)) for address in cover(0, size)]
        by_part[part] = (
            Frontier(size, tuple(p for p in peaks if p is not None)) if None not in peaks else None
        )
    return by_part


def root_at(conn: AnyConnection, part: int, size: int) -> bytes | None:
    """The root over a part's first `size` events, from stored nodes; None when one is missing."""
    frontier = frontiers(conn, {part: size})[part]
    return None if frontier is None else joined(frontier.peaks) if size else EMPTY_ROOT


def _read(conn: AnyConnection, part: int, addresses: Sequence[Address]) -> dict[Address, bytes]:
    hashes = nodes(conn, [(part, address) for address in addresses])
    return {address: node for (_, address), node in hashes.items()}
