"""Answers of the doors: one line of JSON each."""

from collections.abc import Mapping

import orjson
from werkzeug import Response


def problem(status: int, slug: str, title: str, detail: str, *, retry_after_s: int | None = None) -> Response:
    """A problem in one line. Source: RFC 9457."""
    fields = {
        "type": f"urn:tenure:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    response = answer(fields, status=status, mimetype="application/problem+json")
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    return response


def answer(
    fields: Mapping[str, object], *, status: int = 200, mimetype: str = "application/json"
) -> Response:
    """`fields` as one line of JSON."""
    return Response(orjson.dumps(fields) + b"\n", status=status, mimetype=mimetype)
