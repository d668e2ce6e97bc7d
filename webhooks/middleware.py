"""WSGI middleware that answers webhook POSTs before Flask, without its sessions and hooks."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug import Request

from webhooks.endpoint import WebhookEndpoint, request_id_of
from webhooks.responses import ALWAYS


class WebhookMiddleware:
    """WSGI before another application: it answers POSTs to an endpoint and forwards all other requests.

    Sessions, hooks and contexts cost a delivery more than verifying it, and it uses none of them.
    """

    def __init__(self, endpoints: Iterable[WebhookEndpoint], beyond: WSGIApplication) -> None:
        self._endpoints = {endpoint.path: endpoint for endpoint in endpoints}
        self._beyond = beyond

    def __call__(self, environ: WSGIEnvironment, respond: StartResponse) -> Iterable[bytes]:
        endpoint = self._endpoints.get(environ.get("PATH_INFO", ""))
        if endpoint is None or environ.get("REQUEST_METHOD") != "POST":
            return self._beyond(environ, respond)
        request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        response = endpoint.answer(Request(environ), request_id)
        respond(response.line, [*response.headers, ("X-Request-Id", request_id), *ALWAYS])
        return [response.body]
