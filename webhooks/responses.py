"""Responses of the webhook endpoints: one line of JSON each."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from werkzeug import Response

ALWAYS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))

_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """A response that WSGI sends as it is, or Flask as a Response."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def line(self) -> str:
        """The status line in WSGI's form."""
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
