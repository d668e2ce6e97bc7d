"""The thread of a web worker that answers webhook batches, beside threads that answer one request each."""

from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Protocol

import structlog

from service.web.fast_parser import reply, stays
from webhooks.batch import Answered, Post

MAX_TOGETHER = 64
PATIENCE_S = (
    5.0  # a batch takes milliseconds, plus at most three seconds for a connection; beyond that it hangs
)

Conn = Any  # gunicorn's TConn, which has no types
WaitingPost = tuple[Conn, Post]
_logger = structlog.get_logger("tenure.webhooks")


class BatchEndpoints(Protocol):
    """`webhooks.batch.DeliveryBatch`."""

    def has_endpoint(self, path: str) -> bool: ...

    def answers(self, posts: Sequence[Post]) -> list[Answered | None]: ...

    def record(self, posts: Sequence[Post], answers: Sequence[Answered | None]) -> None: ...


class Connections(Protocol):
    """The worker that owns the connections. All methods are called in the batch thread."""

    def stays(self) -> bool:
        """Whether a connection may be used again."""

    def give_back(self, conns: list[Conn]) -> None:
        """Return answered connections, which may be used again."""

    def end(self, conns: list[Conn]) -> None:
        """Close connections that are answered, or can't be."""

    def ask_alone(self, conns: list[Conn]) -> None:
        """Hand unanswered requests to the worker's other threads."""


class BatchThread:
    """Takes waiting deliveries, answers them on their connections, and returns the connections."""

    def __init__(self, endpoints: BatchEndpoints, server: Connections) -> None:
        self._endpoints = endpoints
        self._server = server
        self._waiting: SimpleQueue[WaitingPost | None] = SimpleQueue()  # None: the last
        self._thread = Thread(target=self._run, name="deliveries", daemon=True)
        self._began: float | None = None

    def start(self) -> None:
        """Start the thread; it runs until `finish` or the end of the process."""
        self._thread.start()

    def takes(self, conn: Conn, post: Post | None) -> bool:
        """Whether this is a delivery that will be answered here."""
        if post is None or self.hangs() or not self._endpoints.has_endpoint(post.path):
            return False
        self._waiting.put((conn, post))
        return True

    def finish(self, within_s: float) -> None:
        """Answer the waiting deliveries and end; wait at most `within_s` for it."""
        self._waiting.put(None)
        self._thread.join(within_s)

    def hangs(self) -> bool:
        """True once the running batch has exceeded PATIENCE_S."""
        began = self._began
        return began is not None and monotonic() - began > PATIENCE_S

    def left(self) -> list[Conn]:
        """Remove and return connections queued behind a batch, to be answered by other threads."""
        return [conn for conn, _ in self._at_once(most=None)]

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            group = [first, *self._at_once(most=MAX_TOGETHER - 1)]
            self._began = monotonic()
            self._carry(group)
            self._began = None

    def _at_once(self, *, most: int | None) -> list[WaitingPost]:
        """The deliveries in the queue, without waiting."""
        posts: list[WaitingPost] = []
        with suppress(Empty):
            while most is None or len(posts) < most:
                waiting = self._waiting.get_nowait()
                if waiting is None:
                    self._waiting.put(None)  # end after this batch
                    break
                posts.append(waiting)
        return posts

    def _carry(self, group: list[WaitingPost]) -> None:
        posts = [post for _, post in group]
        try:
            answers = self._endpoints.answers(posts)
        except Exception:  # unexpected: answer each alone, so that only the cause fails
            _logger.exception("batch failed, answering deliveries one by one")
            answers = [None] * len(group)
        self._answer(group, answers)
        try:
            self._endpoints.record(posts, answers)
        except Exception:  # failed log lines must not stop the thread
            _logger.exception("unexpected error")

    def _answer(self, group: list[WaitingPost], answers: Sequence[Answered | None]) -> None:
        kept: list[Conn] = []
        over: list[Conn] = []
        alone: list[Conn] = []
        for (conn, post), answered in zip(group, answers, strict=True):
            if answered is None:
                alone.append(conn)
                continue
            keeps_open = stays(post) and self._server.stays()
            (kept if _was_sent(conn, reply(answered, stays=keeps_open)) and keeps_open else over).append(conn)
        for conns, give in (
            (kept, self._server.give_back),
            (over, self._server.end),
            (alone, self._server.ask_alone),
        ):
            if conns:
                give(conns)


def _was_sent(conn: Conn, answer: bytes) -> bool:
    """True if the whole response was written. False if the client's socket buffer is full or closed."""
    try:
        return bool(conn.sock.send(answer) == len(answer))
    except OSError:
        return False
