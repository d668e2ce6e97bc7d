"""Spans of a trace, where somebody put a tracer in; else nothing, at the price of one call.

The log names no tracing library: `service.tracing` brings one in when it is installed and configured.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Value = str | int | float | bool

TRACEPARENT = "traceparent"


class Tracer(Protocol):
    """What makes spans."""

    def span(self, name: str, attributes: Mapping[str, Value]) -> AbstractContextManager[object]:
        """A span around a block, inside the one that is open."""

    def note(self, attributes: Mapping[str, Value]) -> None:
        """Say something of the span that is open."""

    def carried(self) -> Mapping[str, str]:
        """What an event keeps so that its later spans join this trace (`traceparent`)."""


_NOTHING: AbstractContextManager[object] = nullcontext()
_tracer: Tracer | None = None


def trace_with(tracer: Tracer | None) -> None:
    """From now on this process's spans are this tracer's; None: nobody's."""
    global _tracer
    _tracer = tracer


def span(name: str, **attributes: Value) -> AbstractContextManager[object]:
    """A span around a block; nothing without a tracer."""
    return _NOTHING if _tracer is None else _tracer.span(name, attributes)


def note(**attributes: object) -> None:
    """Attributes for the span that is open: text, numbers, anything else as text; None says nothing."""
    if _tracer is not None:
        said = {name: value for name, value in attributes.items() if value is not None}
        _tracer.note({name: each if isinstance(each, Value) else str(each) for name, each in said.items()})


def carried() -> Mapping[str, str]:
    """What belongs into an event's metadata; empty without a tracer or outside a span.

    Source: https://www.w3.org/TR/trace-context/#traceparent-header
    """
    return {} if _tracer is None else _tracer.carried()
