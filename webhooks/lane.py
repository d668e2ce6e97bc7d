"""The doors' own lane into the house: what a delivery does not need, it does not pass."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from werkzeug import Request

from webhooks.door import Door, request_id_of
from webhooks.problems import ALWAYS, Answer, problem

_logger = structlog.get_logger("tenure.webhooks")


class Lane:
    """WSGI before another application: posts to a door end here, everything else goes on.

    Sessions, hooks and contexts cost a delivery more than verifying it, and it uses none of them.
    """

    def __init__(self, doors: Iterable[Door], beyond: WSGIApplication) -> None:
        self._doors = {door.path: door for door in doors}
        self._beyond = beyond

    def __call__(self, environ: WSGIEnvironment, respond: StartResponse) -> Iterable[bytes]:
        door = self._doors.get(environ.get("PATH_INFO", ""))
        if door is None or environ.get("REQUEST_METHOD") != "POST":
            return self._beyond(environ, respond)
        request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        said = _answer(door, Request(environ), request_id)
        respond(said.line, [*said.headers, ("X-Request-Id", request_id), *ALWAYS])
        return [said.body]


def _answer(door: Door, incoming: Request, request_id: str) -> Answer:
    try:
        return door.answer(incoming, request_id)
    except Exception:  # the last net: the provider must hear something, and send it again
        _logger.exception("unexpected error")
        detail = "Something unforeseen happened; send it again."
        return problem(500, "internal", "Internal error", detail)
