"""OpenTelemetry from the webhook endpoint to the row, if installed (extra `otel`) and configured.

Otherwise it is not imported. A trace begins with the request; its `traceparent` stays in the
event's metadata, so the projector's span joins the same trace, in another process and perhaps days later.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from flask import Flask, Response, request

from events import tracing
from events.tracing import TRACEPARENT, Value
from settings import Settings

if TYPE_CHECKING:  # the library itself is imported only when it is configured
    from opentelemetry.sdk.trace import TracerProvider

INSTALL = "OTEL_EXPORTER_OTLP_… is set and OpenTelemetry is not installed: pip install 'tenure[otel]'"

_log = structlog.get_logger("tenure.tracing")


def is_configured(settings: Settings) -> bool:
    """Whether an endpoint for spans is set and the SDK is not disabled."""
    return endpoint(settings) is not None and not settings.otel_sdk_disabled


def installed() -> bool:
    """Whether the extra is installed; does not import it."""
    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.exporter") is not None


def endpoint(settings: Settings) -> str | None:
    """The address of OTLP over HTTP. Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/"""
    if settings.otel_exporter_otlp_traces_endpoint is not None:
        return settings.otel_exporter_otlp_traces_endpoint
    base = settings.otel_exporter_otlp_endpoint
    return None if base is None else f"{base}/v1/traces"


def begin(settings: Settings) -> "OpenTelemetry | None":
    """Trace this process if configured and installed. Call it after a fork: it starts a thread."""
    if not is_configured(settings):
        return None
    if not installed():
        _log.warning("not tracing", reason=INSTALL)
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = Resource({SERVICE_NAME: "tenure"}).merge(Resource.create())  # OTEL_SERVICE_NAME wins
    provider = TracerProvider(resource=named)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint(settings))))
    tracer = OpenTelemetry(provider)
    tracing.trace_with(tracer)
    return tracer


class OpenTelemetry:
    """`events.tracing.Tracer` over OpenTelemetry's SDK."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._trace = trace
        self._tracer = provider.get_tracer("tenure")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Value]) -> Iterator[object]:
        with self._tracer.start_as_current_span(name, attributes=attributes) as opened:
            yield opened

    def note(self, attributes: Mapping[str, Value]) -> None:
        self._trace.get_current_span().set_attributes(attributes)

    def carried(self) -> Mapping[str, str]:
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return {TRACEPARENT: carrier[TRACEPARENT]} if TRACEPARENT in carrier else {}

    @contextmanager
    def request(self, name: str, traceparent: str | None) -> Iterator[None]:
        """The span of a request, inside the client's trace if it sent one."""
        parent = self._propagator.extract({TRACEPARENT: traceparent} if traceparent else {})
        with self._tracer.start_as_current_span(name, context=parent, kind=self._trace.SpanKind.SERVER):
            yield

    def past(
        self, name: str, traceparent: str, *, from_ns: int, to_ns: int, attributes: Mapping[str, Value]
    ) -> None:
        """Record a finished span in the trace stored with an event."""
        parent = self._propagator.extract({TRACEPARENT: traceparent})
        span = self._tracer.start_span(name, context=parent, start_time=from_ns, attributes=attributes)
        span.end(to_ns)


class Traced:
    """WSGI middleware: one span per request, until the first byte of the response."""

    def __init__(self, tracer: OpenTelemetry, within: WSGIApplication) -> None:
        self._tracer = tracer
        self._within = within

    def __call__(self, environ: WSGIEnvironment, respond: StartResponse) -> Iterable[bytes]:
        def responding(
            status: str, headers: list[tuple[str, str]], *more: object
        ) -> Callable[[bytes], object]:
            tracing.note(**{"http.response.status_code": int(status.split(" ", 1)[0])})
            return respond(status, headers, *more)  # type: ignore[arg-type]  # as WSGI has it

        method = str(environ.get("REQUEST_METHOD"))
        # The path may contain personal data; its route does not (see `name_by_route`).
        with self._tracer.request(method, environ.get("HTTP_TRACEPARENT")):
            tracing.note(**{"http.request.method": method})
            return self._within(environ, responding)


def trace_requests(app: Flask, tracer: OpenTelemetry) -> None:
    """Record a span for every request of the app, webhooks included."""
    app.wsgi_app = Traced(tracer, app.wsgi_app)  # type: ignore[method-assign,assignment]  # as Flask says to

    @app.after_request
    def name_by_route(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "no route"
        tracing.note(**{"http.route": route})
        return response
