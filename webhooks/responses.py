"""Answers of the doors: one line of JSON each."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from werkzeug import Response

ALWAYS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))

_LINES = {each.value: f"{each.value} {each.phrase}" for each in HTTPStatus}


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """An answer that is not yet anybody's: WSGI's, as it is, or Flask's."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def line(self) -> str:
        """The status as WSGI wants it."""
        return _LINES[self.status]

    def response(self) -> Response:
        return Response(self.body, self.status, list(self.headers))


def problem(
    status: int, slug: str, title: str, detail: str, *, retry_after_s: int | None = None
) -> WebhookResponse:
    """A problem in one line. Source: RFC 9457."""
    fields = {
        "type": f"urn:tenure:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    later = () if retry_after_s is None else (("Retry-After", str(retry_after_s)),)
    return answer(fields, status=status, mimetype="application/problem+json", more=later)


def answer(
    fields: Mapping[str, object],
    *,
    status: int = 200,
    mimetype: str = "application/json",
    more: tuple[tuple[str, str], ...] = (),
) -> WebhookResponse:
    """`fields` as one line of JSON."""
    body = orjson.dumps(fields) + b"\n"
    return WebhookResponse(
        status, body, (("Content-Type", mimetype), ("Content-Length", str(len(body))), *more)
    )
