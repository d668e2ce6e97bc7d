"""Refused requests, as the HTTP responses they become."""

from collections.abc import Mapping


class RequestRefused(Exception):
    """The request is refused. The detail says what to change."""

    def __init__(
        self,
        status: int,
        slug: str,
        title: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = dict(members or {})


def bad_request(detail: str) -> RequestRefused:
    """400: the request itself is wrong."""
    return RequestRefused(400, "bad-request", "Bad request", detail)


def not_found(what: str) -> RequestRefused:
    """404: the requested object does not exist."""
    return RequestRefused(404, "not-found", "Not found", f"no such {what}")
