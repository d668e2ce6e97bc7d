"""Log lines of the calling thread, whatever threads of other tests still say."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict, WrappedLogger


@contextmanager
def own_lines() -> Iterator[list[EventDict]]:
    """The list that fills with what this thread logs while the context is open."""
    mine = threading.get_ident()

    def only_mine(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        if threading.get_ident() != mine:
            raise structlog.DropEvent
        return line

    with capture_logs(processors=[only_mine]) as lines:
        yield lines
