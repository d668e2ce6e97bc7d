"""In and out: a token becomes a session."""

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
    """The form; it says why a session ended, if one did."""
    message = "Your session has ended. Sign in again." if request.args.get("over") else None
    return _form(message=message, untrusted_proxy=_untrusted_proxy())


@sign_in.post("/sign-in")
def enter() -> Response | tuple[str, int, dict[str, str]]:
    """Take the token. Failures are slowed down, whoever tries."""
    held = deps()
    text = request.form.get("token", "").strip()[:TOKEN_LIMIT]
    now, address, digest = held.clock(), request.remote_addr or "", token_digest(text)
    wait_s = held.throttle.wait_s(address, digest, now=now)
    if wait_s:
        said = f"Too many tokens that open nothing. Wait {wait_s} s, then try again."
        return _form(problem=said), 429, {"Retry-After": str(wait_s)}
    try:
        with held.pool.connection() as conn:
            name = signed_in(conn, text, now=now)
    except TokenRefused:
        held.throttle.failed(address, digest, now=now)
        # One text for all reasons: which one it was is nobody's business who has no token.
        return _form(problem="That token opens nothing here."), 401, {}
    except NotForPeople as refused:
        return _form(problem=sentence(refused)), 403, {}
    held.throttle.succeeded(digest)
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
    """Where they wanted to go: a page of this console, never another site."""
    wanted = request.values.get("next", "")
    inside = wanted == PATH or wanted.startswith((f"{PATH}/", f"{PATH}?"))
    if not inside or "\\" in wanted or "//" in wanted or not wanted.isprintable():
        return url_for("console.overview.show")
    return wanted
