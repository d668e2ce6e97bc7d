"""Spans of a trace when a tracer is set; without one, a no-op at the cost of one call.

The log imports no tracing library: `service.tracing` sets one when it is installed and configured.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Value = str | int | float | bool

TRACEPARENT = "traceparent"


class Tracer(Protocol):
    """Creates spans."""

    def span(self, name: str, attributes: Mapping[str, Value]) -> AbstractContextManager[object]:
        """A span around a block, inside the current one."""

    def note(self, attributes: Mapping[str, Value]) -> None:
        """Add attributes to the current span."""

    def carried(self) -> Mapping[str, str]:
        """Metadata for an event, so that its later spans join this trace (`traceparent`)."""


_NOTHING: AbstractContextManager[object] = nullcontext()
_tracer: Tracer | None = None


def trace_with(tracer: Tracer | None) -> None:
    """Use this tracer for the spans of this process; None for no tracer."""
    global _tracer
    _tracer = tracer


def span(name: str, **attributes: Value) -> AbstractContextManager[object]:
    """A span around a block; nothing without a tracer."""
    return _NOTHING if _tracer is None else _tracer.span(name, attributes)


def note(**attributes: object) -> None:
    """Add attributes to the current span: text, numbers, other values as text; None is skipped."""
    if _tracer is not None:
        present = {name: value for name, value in attributes.items() if value is not None}
        _tracer.note(
            {name: value if isinstance(value, Value) else str(value) for name, value in present.items()}
        )


def carried() -> Mapping[str, str]:
    """Tracing metadata for an event; empty without a tracer or outside a span.

    Source: https://www.w3.org/TR/trace-context/#traceparent-header
    """
    return {} if _tracer is None else _tracer.carried()
