"""Errors over HTTP as problem+json. Source: RFC 9457."""

from collections.abc import Mapping

import psycopg
import structlog
from flask import Flask, Response, request
from pydantic import BaseModel
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from api.errors import RequestRefused
from api.responses import answer
from events.decision_clock import ClocksDiffer
from projections.errors import StateUnreadable
from queries.errors import BadCursor, InTheFuture

TYPE_PREFIX = "urn:tenure:problem:"
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5


class Problem(BaseModel):
    """RFC 9457. Members beyond these depend on the type."""

    type: str
    title: str
    status: int
    detail: str


_log = structlog.get_logger("tenure.api")


def problem(
    status: int,
    slug: str,
    title: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Response:
    """A problem; `members` are extension fields."""
    fields = {"type": TYPE_PREFIX + slug, "title": title, "status": status, "detail": detail}
    response = answer(fields | members, status=status, mimetype=MEDIA_TYPE)
    response.headers.update(headers or {})
    return response


def register_problems(app: Flask) -> None:
    """Answer every error of `app` as a problem, except on the console's pages."""
    app.register_error_handler(RequestRefused, _refused)
    app.register_error_handler(BadCursor, _bad_cursor)
    app.register_error_handler(InTheFuture, _in_the_future)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ClocksDiffer, _clocks_differ)
    app.register_error_handler(StateUnreadable, _state_unreadable)
    app.register_error_handler(psycopg.OperationalError, _unavailable)
    app.register_error_handler(Exception, _unexpected)


def _refused(error: RequestRefused) -> Response:
    return problem(
        error.status,
        error.slug,
        error.title,
        error.detail,
        headers=error.headers,
        **error.members,
    )


def _bad_cursor(error: BadCursor) -> Response:
    return problem(400, "bad-cursor", "Bad cursor", str(error))


def _in_the_future(error: InTheFuture) -> Response:
    return problem(400, "in-the-future", "In the future", str(error))


def _http(error: HTTPException) -> AnyResponse:
    """Werkzeug's HTTP errors, such as 404 and 405."""
    if error.response is not None or error.code is None or _is_page():
        return error.get_response()  # already built, or a redirect, or a console page
    if error.code < 400:
        return error.get_response()
    slug, title, detail = _KNOWN.get(error.code) or (f"http-{error.code}", error.name, error.name)
    response = problem(error.code, slug, title, detail)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _unavailable(error: Exception) -> Response:
    _log.error("database away", error=type(error).__name__)
    return problem(
        503,
        "unavailable",
        "Database unavailable",
        "the database is down; nothing was changed by this request, try again",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _clocks_differ(error: ClocksDiffer) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return problem(503, "clocks-differ", "Clocks differ", str(error), headers=headers)


def _state_unreadable(error: StateUnreadable) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return problem(503, "state-unreadable", "State unreadable", str(error), headers=headers)


def _unexpected(error: Exception) -> Response:
    """An unexpected error: its details go to the log, under the request's id."""
    _log.error("unexpected error", error=type(error).__name__, exc_info=error)
    return problem(
        500,
        "internal",
        "Internal error",
        "an unexpected error occurred; the log has it under this request's X-Request-Id",
    )


def _is_page() -> bool:
    return request.path == "/console" or request.path.startswith("/console/")


_KNOWN = {
    404: ("not-found", "Not found", "this path does not exist; /docs lists the paths"),
    405: ("method-not-allowed", "Method not allowed", "this address knows other methods, see Allow"),
    413: ("too-large", "Too large", "the body is longer than this address accepts"),
}
