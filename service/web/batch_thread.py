"""The thread of a web worker that answers deliveries in groups, beside those that answer one request each."""

from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Protocol

import structlog

from service.web.fast_parser import reply, stays
from webhooks.batch import Answered, Post

MOST_TOGETHER = 64
PATIENCE_S = 5.0  # a group takes milliseconds, and waits three seconds for a connection; beyond that it hangs

Conn = Any  # gunicorn's TConn, which has no types
Held = tuple[Conn, Post]
_logger = structlog.get_logger("tenure.webhooks")


class BatchEndpoints(Protocol):
    """`webhooks.batch.DeliveryBatch`."""

    def leads_to_a_door(self, path: str) -> bool: ...

    def answers(self, posts: Sequence[Post]) -> list[Answered | None]: ...

    def tell(self, posts: Sequence[Post], answers: Sequence[Answered | None]) -> None: ...


class Connections(Protocol):
    """Whose connections they are. All of it is called in the carrier's thread."""

    def stays(self) -> bool:
        """Whether a connection may be used again."""

    def give_back(self, conns: list[Conn]) -> None:
        """They have their answers and may be used again."""

    def end(self, conns: list[Conn]) -> None:
        """To be closed: they have their answers, or can't have them."""

    def ask_alone(self, conns: list[Conn]) -> None:
        """Nothing was said to them: their requests go the ordinary way."""


class BatchThread:
    """Takes what waits, answers it on its connections, and gives those back."""

    def __init__(self, doors: BatchEndpoints, server: Connections) -> None:
        self._doors = doors
        self._server = server
        self._waiting: SimpleQueue[Held | None] = SimpleQueue()  # None: the last
        self._thread = Thread(target=self._run, name="deliveries", daemon=True)
        self._began: float | None = None

    def start(self) -> None:
        """From now on, until `finish` or the end of the process."""
        self._thread.start()

    def takes(self, conn: Conn, post: Post | None) -> bool:
        """Whether this is a delivery that will be answered here."""
        if post is None or self.hangs() or not self._doors.leads_to_a_door(post.path):
            return False
        self._waiting.put((conn, post))
        return True

    def finish(self, within_s: float) -> None:
        """Answer and tell who waits, then no more; at most that long."""
        self._waiting.put(None)
        self._thread.join(within_s)

    def hangs(self) -> bool:
        """Whether a group takes longer than anybody should wait for who is not in it."""
        began = self._began
        return began is not None and monotonic() - began > PATIENCE_S

    def left(self) -> list[Conn]:
        """Who waits behind a group, taken from the queue: they are asked elsewhere."""
        return [conn for conn, _ in self._at_once(most=None)]

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            group = [first, *self._at_once(most=MOST_TOGETHER - 1)]
            self._began = monotonic()
            self._carry(group)
            self._began = None

    def _at_once(self, *, most: int | None) -> list[Held]:
        """Who is there already."""
        found: list[Held] = []
        with suppress(Empty):
            while most is None or len(found) < most:
                held = self._waiting.get_nowait()
                if held is None:
                    self._waiting.put(None)  # the end comes after this group
                    break
                found.append(held)
        return found

    def _carry(self, group: list[Held]) -> None:
        posts = [post for _, post in group]
        try:
            answers = self._doors.answers(posts)
        except Exception:  # the last net: alone, each hears what is wrong with its own
            _logger.exception("deliveries go alone")
            answers = [None] * len(group)
        self._answer(group, answers)
        try:
            self._doors.tell(posts, answers)
        except Exception:  # what can't be told must not stop what is done
            _logger.exception("unexpected error")

    def _answer(self, group: list[Held], answers: Sequence[Answered | None]) -> None:
        kept: list[Conn] = []
        over: list[Conn] = []
        alone: list[Conn] = []
        for (conn, post), answered in zip(group, answers, strict=True):
            if answered is None:
                alone.append(conn)
                continue
            wanted = stays(post) and self._server.stays()
            (kept if _said(conn, reply(answered, stays=wanted)) and wanted else over).append(conn)
        for conns, give in (
            (kept, self._server.give_back),
            (over, self._server.end),
            (alone, self._server.ask_alone),
        ):
            if conns:
                give(conns)


def _said(conn: Conn, answer: bytes) -> bool:
    """Whether it went out. Who has not read his earlier answers has no room for this one."""
    try:
        return bool(conn.sock.send(answer) == len(answer))
    except OSError:
        return False
