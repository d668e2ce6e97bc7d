"""Headers of each page: only the console's own files may run, and no other site may embed them."""

from flask import Response

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_PAGE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: over TLS the check of a form's origin reads it.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_STATIC_AGE_S = 3600


def complete(response: Response, *, is_static: bool) -> Response:
    """Add the headers; a static file may be cached for a while, a page never."""
    response.headers.update(_PAGE)
    if is_static:
        response.headers["Cache-Control"] = f"public, max-age={_STATIC_AGE_S}"
    return response
