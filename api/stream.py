"""/api/events/stream: the log as it grows, as server-sent events.

Resumable: the id of each message is the head vector after it, which a client sends back as
Last-Event-ID (browsers do so automatically) or `after`. At least once: a message is repeated when
the connection broke before the client received its id.
Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import time
from collections.abc import Callable, Iterator
from threading import BoundedSemaphore
from typing import Annotated, Literal

import orjson
import psycopg
import structlog
from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from pydantic import Field, StringConstraints

from api.auth import ALL_USERS, caller, noted, requires, still_allowed
from api.deps import Pool, deps
from api.errors import RequestRefused
from api.models import Question, Word
from api.openapi import documented
from api.replica import reading_pool
from events.statements import Row
from handlers.tokens import Role
from queries.log_tail import START, Vector, events_after, heads, read_vector_cursor, vector_cursor

stream = Blueprint("stream", __name__, url_prefix="/api/events")

MAX_CLIENTS = 4
RETRY_AFTER_S = 10
POLL_S = 0.5
HEARTBEAT_S = 15.0
LONGEST_S = 600.0  # afterwards the client reconnects
PAGE = 100
BODIES: tuple[Role, ...] = ("auditor",)  # as everywhere else
START_WORD = "start"

_KEY = "tenure.streams"
_log = structlog.get_logger("tenure.api")

Place = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1000, pattern=r"^[A-Za-z0-9_-]+$"),
    Field(description="The id of a message, or `start`; without it the stream begins now."),
]


class StreamQuestion(Question):
    after: Place | None = None
    type: Word | None = Field(None, description="Exact, or a beginning followed by `*`.")
    include: Literal["data"] | None = Field(None, description="`data`: with the bodies.")


@stream.record_once
def _bound(state: BlueprintSetupState) -> None:
    state.app.extensions[_KEY] = BoundedSemaphore(state.options.get("most_clients", MAX_CLIENTS))


@stream.get("/stream")
@requires("auditor", "service")
@documented(query=StreamQuestion, tags=("events",), HTTP_200=None, HTTP_409=None)
def follow(query: StreamQuestion) -> Response:
    """Events as they are appended, in order within each stream, at least once.

    Resume from a message's `id`: send it as Last-Event-ID or `after`. The server ends a stream
    after ten minutes; clients reconnect.
    """
    if query.include == "data" and not caller().may(BODIES):
        detail = f"include=data: expected a token of role auditor, found one of role {caller().role}"
        raise RequestRefused(403, "forbidden", "Forbidden", detail)
    turns = _turns()
    if not turns.acquire(blocking=False):
        raise RequestRefused(
            429,
            "too-many-streams",
            "Too many streams",
            "as many streams as this process serves are open; try again soon",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
    try:
        vector = _begin(query)
        followed = Following(reading_pool(), vector, query, allowed=still_allowed(every_s=0.0))
        response = Response(followed.messages(), mimetype="text/event-stream")
        response.call_on_close(turns.release)
    except BaseException:
        turns.release()
        raise
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _turns() -> BoundedSemaphore:
    turns = current_app.extensions[_KEY]
    assert isinstance(turns, BoundedSemaphore)
    return turns


def _begin(query: StreamQuestion) -> Vector:
    """The client's resume position; the read is recorded before the first byte leaves."""
    place = request.headers.get("Last-Event-ID") or query.after
    fields = ("events", "event_data") if query.include == "data" else ("events",)
    with deps().pool.connection() as conn:
        noted(conn, subjects=[ALL_USERS], fields=fields)
        now = heads(conn)
    if place is None:
        return now
    vector = START if place == START_WORD else read_vector_cursor(place)
    if any(ours < theirs for ours, theirs in zip(now, vector, strict=True)):
        detail = "the place is ahead of this log, as after a restored backup; begin again where you can"
        raise RequestRefused(409, "ahead-of-the-log", "Ahead of the log", detail)
    return vector


class Following:
    """One client's stream. A connection is borrowed per poll, never kept."""

    def __init__(
        self,
        pool: Pool,
        vector: Vector,
        query: StreamQuestion,
        *,
        allowed: Callable[[], bool] = lambda: True,
        tick: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pool = pool
        self._vector = list(vector)
        self._types = [query.type or "*"]
        self._bodies = query.include == "data"
        self._allowed = allowed
        self._tick = tick
        self._sleep = sleep

    def messages(self) -> Iterator[bytes]:
        """Yield messages until the client disconnects, its token ends, or `LONGEST_S` have passed."""
        ends_at = self._tick() + LONGEST_S
        yield b"retry: 2000\n" + self._place()
        spoke_at = self._tick()
        while self._tick() < ends_at:
            chunk, more = self._next()
            if (
                not self._may_go_on()
            ):  # checked after the read, so that no event recorded after a revocation leaves
                return
            if chunk:
                yield chunk
                spoke_at = self._tick()
            elif self._tick() - spoke_at >= HEARTBEAT_S:
                yield self._place()
                spoke_at = self._tick()
            if not more:
                self._sleep(POLL_S)

    def _may_go_on(self) -> bool:
        """False also while the database is down: a token that can't be checked gets no events."""
        try:
            return self._allowed()
        except psycopg.Error as problem:
            _log.warning("stream ended: token not checked", error=type(problem).__name__)
            return False

    def _next(self) -> tuple[bytes, bool]:
        """The next messages, and whether more may be available at once."""
        try:
            with self._pool.connection() as conn:
                page = events_after(
                    conn,
                    self._vector,
                    types=self._types,
                    bodies=self._bodies,
                    limit=PAGE,
                )
        except psycopg.Error as problem:
            _log.warning("stream waits for the database", error=type(problem).__name__)
            return b"", False
        chunk = b"".join(self._message(row) for row in page.events)
        self._vector = list(page.vector)
        return chunk, page.more

    def _message(self, row: Row) -> bytes:
        """Format a message and advance the vector, so that a client can resume after it.

        Events that did not match advance the vector with the next message or heartbeat.
        """
        self._vector[row["part"]] = row["position"]
        if self._bodies and row["event_data"] is not None:
            row["event_data"] = orjson.Fragment(row["event_data"])
        data = orjson.dumps(row, default=str, option=orjson.OPT_UTC_Z)
        # A body may be pretty-printed: each of its lines is a line of data.
        lines = b"".join(b"data: " + line + b"\n" for line in data.splitlines())
        name = bytes(row["event_type"].replace("\n", " ").replace("\r", " "), "utf-8")
        return b"id: " + vector_cursor(self._vector).encode() + b"\nevent: " + name + b"\n" + lines + b"\n"

    def _place(self) -> bytes:
        """A message without data: it gives the client its position and keeps proxies from timing out."""
        return b": here\nid: " + vector_cursor(self._vector).encode() + b"\n\n"
