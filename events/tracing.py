"""Spans by OpenTelemetry's API: they do nothing until a process sets a tracer provider.

`service.tracing` sets one of the SDK, if it is installed and configured, and opens the span of a request.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT = "traceparent"

tracer = trace.get_tracer("tenure")
_propagator = TraceContextTextMapPropagator()
_NOTHING: AbstractContextManager[object] = nullcontext()


def span(name: str, **attributes: str) -> AbstractContextManager[object]:
    """A span around a block, inside the current one; nothing outside of a recorded span.

    An empty span of OpenTelemetry would cost each append 4 %.
    """
    if not trace.get_current_span().is_recording():
        return _NOTHING
    return tracer.start_as_current_span(name, attributes=attributes)


def note(**attributes: object) -> None:
    """Add attributes to the current span: text, numbers, other values as text; None is skipped."""
    current = trace.get_current_span()
    if current.is_recording():
        for name, value in attributes.items():
            if value is not None:
                current.set_attribute(name, value if isinstance(value, str | int | float) else str(value))


def carried() -> Mapping[str, str]:
    """Metadata for an event, so that its later spans join this trace; empty outside of a recorded span.

    Source: https://www.w3.org/TR/trace-context/#traceparent-header
    """
    if not trace.get_current_span().is_recording():
        return {}
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return {TRACEPARENT: carrier[TRACEPARENT]}


def joined(traceparent: str | None) -> Context:
    """The context of a span of another process, as the parent of a new span."""
    return _propagator.extract({TRACEPARENT: traceparent} if traceparent else {}, context=Context())
