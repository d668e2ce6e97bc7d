"""Headers of every response; a page may set stricter or wider ones before."""

from flask import Flask, Response, g, request

from api.replica import set_head_header
from api.request_id import HEADER

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_ALWAYS = {
    "Content-Security-Policy": NOTHING,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def register_headers(app: Flask) -> None:
    """Add missing headers; HSTS only where the request itself came over TLS."""

    @app.after_request
    def complete(response: Response) -> Response:
        for name, value in _ALWAYS.items():
            response.headers.setdefault(name, value)
        set_head_header(response)
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if "request_id" in g:
            response.headers[HEADER] = g.request_id
        return response
