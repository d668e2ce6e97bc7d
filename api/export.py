"""/api/events/export: the log as a stream of any size."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import structlog
from flask import Blueprint, Response

from api.auth import ALL_USERS, noted, requires, still_allowed
from api.deps import deps
from api.errors import RequestRefused
from api.events import event_filter, fields_read
from api.models import ExportQuestion
from api.openapi import documented
from api.replica import own_connection
from handlers.tokens import TokenRefused
from queries.export import exported
from queries.export_formats import FORMATS

export = Blueprint("export", __name__, url_prefix="/api/events")

RETRY_AFTER_S = 30

_log = structlog.get_logger("tenure.api")


@export.get("/export")
@requires("auditor")
@documented(query=ExportQuestion, tags=("events",), HTTP_200=None)
def show(query: ExportQuestion) -> Response:
    """All events that match, oldest first, as of the moment the export begins.

    An error during the export aborts the response: HTTP marks the body as incomplete, and a parquet file
    lacks its footer. In CSV a text that a spreadsheet would read as a formula (after any apostrophes it
    begins with =, +, -, @, a tab or a line break) gets one more apostrophe before it: remove that one.
    """
    bodies = query.include == "data"
    write, media_type = FORMATS[query.format]
    with ExitStack() as opening:
        _take_turn(opening)
        # Recorded before the first byte leaves: a client that disconnects early has still read data.
        with deps().pool.connection() as conn:
            noted(conn, subjects=[query.user_id or ALL_USERS], fields=fields_read(bodies))
        conn = opening.enter_context(own_connection())
        rows = opening.enter_context(exported(conn, event_filter(query), bodies=bodies))
        pieces = write(rows, bodies=bodies)
        response = Response(_watched(pieces, still_allowed()), mimetype=media_type)
        response.call_on_close(opening.pop_all().close)
    response.headers["Content-Disposition"] = f'attachment; filename="events.{query.format}"'
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _take_turn(opening: ExitStack) -> None:
    """An export holds a connection and a thread for as long as its client reads: few at a time."""
    turns = deps().exports
    if not turns.acquire(blocking=False):
        raise RequestRefused(
            429,
            "too-many-exports",
            "Too many exports",
            "other exports are running; try again when one is done",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
    opening.callback(turns.release)


def _watched(pieces: Iterator[bytes], allowed: Callable[[], bool]) -> Iterator[bytes]:
    """The chunks; an error is logged and raised, so that the server aborts the response.

    Raises: TokenRefused once the caller's token was revoked or has expired.
    """
    try:
        for piece in pieces:
            if not allowed():
                raise TokenRefused("one that was revoked or has expired")
            yield piece
    except Exception as error:
        _log.error("export broken off", error=type(error).__name__, exc_info=error)
        raise
