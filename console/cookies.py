"""The session cookie: signed, out of reach of scripts and of other sites, for the console alone."""

from hashlib import sha256

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

from handlers.console_sessions import LONGEST

NAME = "tenure_console"
PATH = "/console"


class ConsoleSessions(SecureCookieSessionInterface):
    """Flask's signed cookie with SHA-256, sent only over TLS where the page itself came over TLS."""

    salt = "tenure console session"
    digest_method = staticmethod(sha256)

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def register_sessions(app: Flask, secret_key: str) -> None:
    """Use these cookies for the sessions of `app`, which only the console has."""
    app.secret_key = secret_key
    app.session_interface = ConsoleSessions()
    app.permanent_session_lifetime = LONGEST
    app.config.update(
        SESSION_COOKIE_NAME=NAME,
        SESSION_COOKIE_PATH=PATH,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_REFRESH_EACH_REQUEST=False,
    )
