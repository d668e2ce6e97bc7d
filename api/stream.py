"""/api/events/stream: the log as it grows, as server-sent events.

Resumable: the id of each message is the head vector behind it, which a client sends back as
Last-Event-ID (browsers do so by themselves) or `after`. At least once: a message is repeated when
the connection broke before the client had its id.
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

from api.auth import caller, noted, requires, still_allowed
from api.deps import Pool, deps
from api.errors import RequestRefused
from api.models import Question, Word
from api.openapi import documented
from api.replica import reading_pool
from handlers.tokens import Role
from queries.log_tail import START, Vector, events_after, heads, read_vector_cursor, vector_cursor
from queries.rows import Row

stream = Blueprint("stream", __name__, url_prefix="/api/events")

MOST_CLIENTS = 4
RETRY_AFTER_S = 10
POLL_S = 0.5
HEARTBEAT_S = 15.0
LONGEST_S = 600.0  # then the client reconnects
PAGE = 100
EVERYBODY = "*"
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
    state.app.extensions[_KEY] = BoundedSemaphore(state.options.get("most_clients", MOST_CLIENTS))


@stream.get("/stream")
@requires("auditor", "service")
@documented(query=StreamQuestion, tags=("events",), HTTP_200=None, HTTP_409=None)
def follow(query: StreamQuestion) -> Response:
    """Events as they are appended, in order within each stream, at least once.

    Each message's `id` is where to go on: as Last-Event-ID or `after`. The server ends a stream
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
        followed = Following(
            reading_pool(), vector, query, live_only=deps().live_only, allowed=still_allowed(every_s=0.0)
        )
        response = Response(followed.messages(), mimetype="text/event-stream")
        response.call_on_close(turns.release)
    except BaseException:
        turns.release()
        raise
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _turns() -> BoundedSemaphore:
    found = current_app.extensions[_KEY]
    assert isinstance(found, BoundedSemaphore)
    return found


def _begin(query: StreamQuestion) -> Vector:
    """Where the client wants to go on; that it reads is noted before the first byte leaves."""
    place = request.headers.get("Last-Event-ID") or query.after
    fields = ("events", "event_data") if query.include == "data" else ("events",)
    with deps().pool.connection() as conn:
        noted(conn, subjects=[EVERYBODY], fields=fields)
        now = heads(conn)
    if place is None:
        return now
    wanted = START if place == START_WORD else read_vector_cursor(place)
    if any(ours < theirs for ours, theirs in zip(now, wanted, strict=True)):
        detail = "the place is ahead of this log, as after a restored backup; begin again where you can"
        raise RequestRefused(409, "ahead-of-the-log", "Ahead of the log", detail)
    return wanted


class Following:
    """One client's stream. A connection is borrowed for each look, never held."""

    def __init__(
        self,
        pool: Pool,
        vector: Vector,
        query: StreamQuestion,
        *,
        live_only: bool,
        allowed: Callable[[], bool] = lambda: True,
        tick: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pool = pool
        self._vector = list(vector)
        self._types = [query.type or "*"]
        self._bodies = query.include == "data"
        self._live_only = live_only
        self._allowed = allowed
        self._tick = tick
        self._sleep = sleep

    def messages(self) -> Iterator[bytes]:
        """Until the client hangs up, its token ends, or `LONGEST_S` have passed."""
        ends_at = self._tick() + LONGEST_S
        yield b"retry: 2000\n" + self._place()
        spoke_at = self._tick()
        while self._tick() < ends_at:
            said, more = self._next()
            if not self._may_go_on():  # asked after the read: nothing recorded after a revocation leaves
                return
            if said:
                yield said
                spoke_at = self._tick()
            elif self._tick() - spoke_at >= HEARTBEAT_S:
                yield self._place()
                spoke_at = self._tick()
            if not more:
                self._sleep(POLL_S)

    def _may_go_on(self) -> bool:
        """False also while the database is down: a token that can't be checked gets nothing."""
        try:
            return self._allowed()
        except psycopg.Error as problem:
            _log.warning("stream ended: token not checked", error=type(problem).__name__)
            return False

    def _next(self) -> tuple[bytes, bool]:
        """The next messages, and whether there may be more at once."""
        try:
            with self._pool.connection() as conn:
                found = events_after(
                    conn,
                    self._vector,
                    types=self._types,
                    live_only=self._live_only,
                    bodies=self._bodies,
                    limit=PAGE,
                )
        except psycopg.Error as problem:
            _log.warning("stream waits for the database", error=type(problem).__name__)
            return b"", False
        said = b"".join(self._message(row) for row in found.events)
        self._vector = list(found.vector)
        return said, found.more

    def _message(self, row: Row) -> bytes:
        """The vector moves with each message: whoever breaks off here goes on here.

        Events that did not match move it when something later is said, or with the heartbeat.
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
        """A message without data only tells the client where it is, and keeps proxies awake."""
        return b": here\nid: " + vector_cursor(self._vector).encode() + b"\n\n"
