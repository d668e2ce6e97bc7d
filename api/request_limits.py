"""Size limits of requests to the API, checked before parsing."""

from flask import Flask, request

from api.errors import RequestRefused

MAX_BODY_BYTES = 64 * 1024
# Results of scraping jobs are large.
LONGER = {"jobs.record": 4 * 1024 * 1024}
MAX_QUERY_BYTES = 4096
PREFIX = "/api/"


def register_limits(app: Flask) -> None:
    """Refuse long query strings and bodies under /api; the webhook endpoints have their own limits."""

    @app.before_request
    def check() -> None:
        if not request.path.startswith(PREFIX):
            return
        if len(request.query_string) > MAX_QUERY_BYTES:
            detail = f"expected a query of at most {MAX_QUERY_BYTES} bytes, found a longer one"
            raise RequestRefused(414, "query-too-long", "Query too long", detail)
        most = LONGER.get(request.endpoint or "", MAX_BODY_BYTES)
        request.max_content_length = most
        if request.content_length is not None and request.content_length > most:
            detail = f"expected a body of at most {most} bytes, found a longer one"
            raise RequestRefused(413, "too-large", "Too large", detail)
