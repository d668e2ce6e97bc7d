"""The console's blueprint: pages, sign-in, forms' protection, headers, errors."""

from collections.abc import Callable
from typing import cast
from uuid import uuid4

import psycopg
import structlog
from flask import Blueprint, Flask, Response, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from console import headers
from console.access import authenticate, caller_or_none
from console.cookies import register_sessions
from console.deps import ConsoleDeps, Pool, SignInThrottle, Verifiers, keep
from console.errors import FormRefused, sentence
from console.filters import register_filters
from console.pages import INDEX, PAGES
from events.clock import Clock
from events.decision_clock import ClocksDiffer
from jobs import Registry
from projections.errors import PartBehind, PartBusy, StateUnreadable
from queries.errors import BadCursor, InTheFuture

PREFIX = "/console"
MAX_BODY_BYTES = 64 * 1024

_log = structlog.get_logger("tenure.console")


def create_console(
    *,
    pool: Pool,
    clock: Clock,
    decision_clock: Clock | None = None,
    secret_key: str,
    throttle: SignInThrottle,
    verifiers: Verifiers,
    job_types: Callable[[], Registry],
) -> Blueprint:
    """The blueprint with every page under /console.

    `secret_key` signs sessions and forms: all processes must share it. `throttle` slows guesses at
    sign-in. `verifiers` maps the log's name to the trusted public keys of its checkpoints; `job_types` are
    the types that the workers run.
    """
    console = Blueprint(
        "console",
        __name__,
        url_prefix=PREFIX,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    new_deps = ConsoleDeps(
        pool=pool,
        clock=clock,
        decision_clock=decision_clock or clock,
        throttle=throttle,
        verifiers=verifiers,
        job_types=job_types,
    )
    _register_guard(console, new_deps, secret_key)
    for page in PAGES:
        console.register_blueprint(page)
    _register_errors(console)
    return console


def _register_guard(console: Blueprint, new_deps: ConsoleDeps, secret_key: str) -> None:
    """Check form signature and session of every request, and complete the headers of its response."""
    protection = CSRFProtect()

    @console.record_once
    def set_up(state: BlueprintSetupState) -> None:
        app = cast("Flask", state.app)
        keep(new_deps, app.extensions)
        register_sessions(app, secret_key)
        # Signatures protect the webhook endpoints and bearer tokens the API: neither accepts cookies,
        # so only the console's forms are checked, by `guard` below.
        app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
        protection.init_app(app)
        register_filters(app, INDEX)

    @console.before_request
    def guard() -> AnyResponse | None:
        request.max_content_length = MAX_BODY_BYTES
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            protection.protect()
        return authenticate()

    @console.after_request
    def complete(response: Response) -> Response:
        return headers.complete(response, is_static=request.endpoint == "console.static")


def _register_errors(console: Blueprint) -> None:
    console.register_error_handler(FormRefused, _refused)
    console.register_error_handler(CSRFError, _stale_form)
    console.register_error_handler(BadCursor, _bad_cursor)
    console.register_error_handler(InTheFuture, _in_the_future)
    console.register_error_handler(HTTPException, _http)
    console.register_error_handler(ClocksDiffer, _clocks_differ)
    console.register_error_handler(psycopg.OperationalError, _unavailable)
    for busy in (PartBehind, PartBusy, StateUnreadable):
        console.register_error_handler(busy, _busy)
    console.register_error_handler(Exception, _unexpected)

    @console.get("/", endpoint="slash")
    def slash() -> AnyResponse:
        return redirect(PREFIX, 308)

    @console.get("/<path:anything>", endpoint="nothing")
    def nothing(anything: str) -> tuple[str, int]:
        return _page(404, "Not here", "There is no page at this address.")


def _refused(error: FormRefused) -> tuple[str, int]:
    return _page(error.status, error.title, error.detail, form=_refused_form())


def _refused_form() -> list[tuple[str, str]] | None:
    """The input of a refused form, so that it can be corrected and submitted again; else None.

    Without the form's key: the new submission may be another command.
    """
    may_resend = request.method == "POST" and caller_or_none() is not None
    if not may_resend or request.form.get("token") is not None:
        return None
    typed = [(name, value) for name, value in request.form.items() if name not in ("csrf_token", "key")]
    return typed or None


def _in_the_future(error: InTheFuture) -> tuple[str, int]:
    return _page(400, "That instant has not come", sentence(error))


def _stale_form(error: CSRFError) -> tuple[str, int]:
    return _page(400, "The form is out of date", "Nothing was changed. Load the page again, then send it.")


def _bad_cursor(error: BadCursor) -> tuple[str, int]:
    return _page(400, "That page can't be found", "Start again from the first page.")


def _http(error: HTTPException) -> tuple[str, int] | AnyResponse:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    return _page(error.code, error.name, error.description or "")


def _busy(error: Exception) -> tuple[str, int]:
    return _page(503, "Busy just now", f"{sentence(error)} Nothing was changed; try again in a moment.")


def _unavailable(error: Exception) -> tuple[str, int]:
    _log.error("database away", error=type(error).__name__)
    return _page(
        503,
        "The database does not answer",
        "Nothing was changed by this request. Webhooks get a 503 until then, and their providers retry.",
    )


def _clocks_differ(error: ClocksDiffer) -> tuple[str, int]:
    return _page(503, "The clocks differ", f"{sentence(error)}")


def _unexpected(error: Exception) -> tuple[str, int]:
    """An unexpected error: its details go to the log, under the request's id."""
    _log.error("unexpected error", error=type(error).__name__, exc_info=error)
    return _page(500, "An unexpected error occurred", "The log has it, under this request's id.")


def _page(
    status: int, title: str, detail: str, *, form: list[tuple[str, str]] | None = None
) -> tuple[str, int]:
    page = render_template(
        "console/error.html", status=status, title=title, detail=detail, form=form, key=uuid4
    )
    return page, status
