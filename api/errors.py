"""What the API refuses, as the HTTP answer it becomes."""

from collections.abc import Mapping


class RequestRefused(Exception):
    """The request can't be answered as asked. The detail says what to change."""

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
    """404: what was asked for is not there."""
    return RequestRefused(404, "not-found", "Not found", f"no such {what}")
