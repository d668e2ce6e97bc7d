"""Sign in and out: a token starts a session."""

import structlog
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access import begin, caller_or_none, end
from console.cookies import PATH
from console.deps import deps
from console.errors import sentence
from handlers.console_sessions import NotForPeople, TokenRefused
from handlers.console_sessions import sign_in as signed_in
from handlers.tokens import token_digest

sign_in = Blueprint("sign_in", __name__)

TOKEN_LIMIT = 200
UNTRUSTED_PROXY = "tenure.untrusted_proxy"  # set by the middleware in front of API and console
PROXY_SETTING = "TENURE_TRUSTED_PROXIES"

_log = structlog.get_logger("tenure.console")


@sign_in.get("/sign-in")
def show() -> str:
    """The form; it shows why an earlier session ended."""
    message = "Your session has ended. Sign in again." if request.args.get("over") else None
    return _form(message=message, untrusted_proxy=_untrusted_proxy())


@sign_in.post("/sign-in")
def enter() -> Response | tuple[str, int, dict[str, str]]:
    """Check the token and start a session. Failures are slowed down per client."""
    app_deps = deps()
    text = request.form.get("token", "").strip()[:TOKEN_LIMIT]
    now, address, digest = app_deps.clock(), request.remote_addr or "", token_digest(text)
    wait_s = app_deps.throttle.wait_s(address, digest, now=now)
    if wait_s:
        message = f"Too many invalid tokens. Wait {wait_s} s, then try again."
        return _form(problem=message), 429, {"Retry-After": str(wait_s)}
    try:
        with app_deps.pool.connection() as conn:
            name = signed_in(conn, text, now=now)
    except TokenRefused:
        app_deps.throttle.failed(address, digest, now=now)
        # One text for all reasons: a client without a token must not learn which one it was.
        return _form(problem="That token is not valid here."), 401, {}
    except NotForPeople as refused:
        return _form(problem=sentence(refused)), 403, {}
    app_deps.throttle.succeeded(digest)
    end()
    begin(name)
    return redirect(_next(), 303)


@sign_in.post("/sign-out")
def leave() -> Response:
    """End the session."""
    end()
    flash("You are signed out.")
    return redirect(url_for("console.sign_in.show"), 303)


def _untrusted_proxy() -> bool:
    """True when TLS ends at a proxy that no setting names: the session's cookie then lacks `Secure`."""
    peer = request.environ.get(UNTRUSTED_PROXY)
    if peer is not None:
        _log.warning(
            "proxy not trusted, so the console's cookie is not Secure", peer=peer, setting=PROXY_SETTING
        )
    return peer is not None


def _form(*, message: str | None = None, problem: str | None = None, untrusted_proxy: bool = False) -> str:
    return render_template(
        "console/sign_in.html",
        message=message,
        problem=problem,
        untrusted_proxy=untrusted_proxy,
        next=_next(),
        signed_in=caller_or_none(),
    )


def _next() -> str:
    """The page to open after sign-in: one of this console, never another site."""
    target = request.values.get("next", "")
    inside = target == PATH or target.startswith((f"{PATH}/", f"{PATH}?"))
    if not inside or "\\" in target or "//" in target or not target.isprintable():
        return url_for("console.overview.show")
    return target
