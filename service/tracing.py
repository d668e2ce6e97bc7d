"""Export spans from the webhook endpoint to the row, if the SDK (extra `otel`) is installed and configured.

Otherwise the SDK is not imported. A trace begins with the request; its `traceparent` stays in the
event's metadata, so the projector's span joins the same trace, in another process and perhaps days later.
"""

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from flask import Flask, Response, request
from opentelemetry import trace

from events import tracing
from settings import Settings

INSTALL = "OTEL_EXPORTER_OTLP_… is set and OpenTelemetry's SDK is not installed: pip install 'tenure[otel]'"

_log = structlog.get_logger("tenure.tracing")


def is_configured(settings: Settings) -> bool:
    """Whether an endpoint for spans is set and the SDK is not disabled."""
    return endpoint(settings) is not None and not settings.otel_sdk_disabled


def installed() -> bool:
    """Whether the extra is installed; does not import it."""
    return find_spec("opentelemetry.sdk") is not None and find_spec("opentelemetry.exporter") is not None


def endpoint(settings: Settings) -> str | None:
    """The address of OTLP over HTTP. Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/"""
    if settings.otel_exporter_otlp_traces_endpoint is not None:
        return settings.otel_exporter_otlp_traces_endpoint
    base = settings.otel_exporter_otlp_endpoint
    return None if base is None else f"{base}/v1/traces"


def begin(settings: Settings) -> bool:
    """Trace this process if configured and installed; returns whether it does.

    Call it after a fork: it starts a thread.
    """
    if not is_configured(settings):
        return False
    if not installed():
        _log.warning("not tracing", reason=INSTALL)
        return False
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = Resource({SERVICE_NAME: "tenure"}).merge(Resource.create())  # OTEL_SERVICE_NAME wins
    provider = TracerProvider(resource=named)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint(settings))))
    trace.set_tracer_provider(provider)
    return True


class Traced:
    """WSGI middleware: one span per request, until the first byte of the response."""

    def __init__(self, within: WSGIApplication) -> None:
        self._within = within

    def __call__(self, environ: WSGIEnvironment, respond: StartResponse) -> Iterable[bytes]:
        def responding(
            status: str, headers: list[tuple[str, str]], *more: object
        ) -> Callable[[bytes], object]:
            tracing.note(**{"http.response.status_code": int(status.split(" ", 1)[0])})
            return respond(status, headers, *more)  # type: ignore[arg-type]  # as WSGI has it

        method = str(environ.get("REQUEST_METHOD"))
        # The path may contain personal data; its route does not (see `name_by_route`).
        parent = tracing.joined(environ.get("HTTP_TRACEPARENT"))
        with tracing.tracer.start_as_current_span(method, context=parent, kind=trace.SpanKind.SERVER):
            tracing.note(**{"http.request.method": method})
            return self._within(environ, responding)


def trace_requests(app: Flask) -> None:
    """Record a span for every request of the app, webhooks included."""
    app.wsgi_app = Traced(app.wsgi_app)  # type: ignore[method-assign,assignment]  # as Flask says to

    @app.after_request
    def name_by_route(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "no route"
        tracing.note(**{"http.route": route})
        return response
