"""The shares of an import: windows of creation that workers take one by one, and split when idle."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from threading import Condition
from typing import Any

from psycopg.rows import dict_row

from events.statements import AnyConnection, statement

MONTH_S = 30 * 86_400
FIRST = 1_293_840_000  # 2011-01-01: Stripe is not older
LEAST_SPLIT_S = 7_200


@dataclass(slots=True)
class Shard:
    """Objects of one kind created from `created_from` and before `created_to`; Unix seconds."""

    kind: str
    created_from: int
    created_to: int
    after: str | None = None


class ShardQueue:
    """Hands out shards to workers; a waiting worker makes another split its shard."""

    def __init__(self, shards: list[Shard]) -> None:
        self._waiting = deque(shards)
        self._changed = Condition()
        self._busy = 0
        self._idle = 0
        self._stopped = False

    def take(self) -> Shard | None:
        """The next shard; None when all are done, or a worker failed."""
        with self._changed:
            self._idle += 1
            while not self._waiting and self._busy and not self._stopped:
                self._changed.wait()
            self._idle -= 1
            if self._stopped or not self._waiting:
                self._changed.notify_all()
                return None
            self._busy += 1
            return self._waiting.popleft()

    def done(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def stop(self) -> None:
        """No worker begins another shard."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def is_stopped(self) -> bool:
        return self._stopped

    def wants_more(self) -> bool:
        """Whether a worker has nothing to do."""
        with self._changed:
            return self._idle > 0 and not self._waiting

    def add(self, shard: Shard) -> None:
        with self._changed:
            self._waiting.append(shard)
            self._changed.notify()


def planned(conn: AnyConnection, scope: str, kind: str, now: datetime) -> list[Shard]:
    """The open shards of this kind, newest first; a new import gets one shard per month."""
    end = int(now.timestamp()) + 1
    froms = list(range(FIRST, end, MONTH_S))
    tos = [min(at + MONTH_S, end) for at in froms]
    do(conn, "plan_shards", scope=scope, kind=kind, froms=froms, tos=tos)
    return [Shard(**row) for row in rows(conn, "open_shards", scope=scope, kind=kind)]


def split(conn: AnyConnection, scope: str, shard: Shard, reached: int) -> Shard | None:
    """Split off the older half of what the shard has not read yet."""
    if reached - shard.created_from < LEAST_SPLIT_S:
        return None
    middle = (shard.created_from + reached) // 2
    older = Shard(shard.kind, shard.created_from, middle)
    do(
        conn,
        "split_shard",
        scope=scope,
        kind=shard.kind,
        created_from=shard.created_from,
        middle=middle,
    )
    shard.created_from = middle
    return older


def rows(conn: AnyConnection, name: str, **values: object) -> list[dict[str, Any]]:
    """Rows of one statement; Any: one type a column."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("providers.imports", name), values).fetchall()


def do(conn: AnyConnection, name: str, **values: object) -> None:
    conn.execute(statement("providers.imports", name), values)
