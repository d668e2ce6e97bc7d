"""One id per request: in the response, in each log line, in the events that it appends."""

import re
from typing import cast

import structlog
from flask import Flask, g, request

from events.identifiers import uuid7

HEADER = "X-Request-Id"
_SAFE = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


def request_id() -> str:
    """The id of the request being served."""
    return cast("str", g.request_id)


def register_request_id(app: Flask) -> None:
    """Accept a safe id from the client or create one, before any other step."""

    @app.before_request
    def begin() -> None:
        offered = request.headers.get(HEADER, "")
        g.request_id = offered if _SAFE.fullmatch(offered) else str(uuid7())
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        structlog.contextvars.unbind_contextvars("request_id")
