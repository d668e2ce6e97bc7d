"""What a request to the API may weigh, checked before anybody looks at it."""

from flask import Flask, request

from api.errors import Refused

MOST_BODY_BYTES = 64 * 1024
MOST_QUERY_BYTES = 4096
PREFIX = "/api/"


def register_limits(app: Flask) -> None:
    """Refuse long query strings and bodies under /api; the doors have limits of their own."""

    @app.before_request
    def check() -> None:
        if not request.path.startswith(PREFIX):
            return
        if len(request.query_string) > MOST_QUERY_BYTES:
            detail = f"expected a query of at most {MOST_QUERY_BYTES} bytes, found a longer one"
            raise Refused(414, "query-too-long", "Query too long", detail)
        request.max_content_length = MOST_BODY_BYTES
        if request.content_length is not None and request.content_length > MOST_BODY_BYTES:
            detail = f"expected a body of at most {MOST_BODY_BYTES} bytes, found a longer one"
            raise Refused(413, "too-large", "Too large", detail)
