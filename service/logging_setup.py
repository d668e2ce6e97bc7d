"""Logging: one structured line per event on stderr, for Tenure and libraries, without secrets."""

import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TextIO

import orjson
import structlog
from structlog.typing import Processor

from service.escapes import visible_json, visible_values
from service.redaction import redact

STDERR = 2


def configure(*, level: str, form: str, stream: TextIO | None = None) -> None:
    """Make every logger of this process write to `stream`, by default stderr; `form` is console or json."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    last: list[Processor] = [
        structlog.processors.format_exc_info,
        redact,
        *_rendering(form, colors=out.isatty()),
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _quieten(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *last,
        ],
        logger_factory=partial(_Direct, handler, _descriptor(out)),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # levels and formats may change while the process runs
    )


class _Direct:
    """Writes a finished line without the handler; levels are the standard library's.

    A record made of the line, taken apart and formatted again costs as much as the whole line. To
    standard error the line is one write(2), which needs no lock: waiting for the handler's, and for the
    thread that holds it to run again, took a sixth of a web worker's time.
    """

    def __init__(self, handler: "logging.StreamHandler[TextIO]", descriptor: int | None, *names: str) -> None:
        self._handler = handler
        self._descriptor = descriptor
        self._levels = logging.getLogger(names[0] if names else "tenure")
        self.name = self._levels.name

    def __getattr__(self, name: str) -> object:
        return getattr(self._levels, name)

    def write(self, line: str) -> None:
        """Never raises: a failed log line must not stop the work."""
        with suppress(OSError, ValueError):
            if self._descriptor is None:
                self._write_locked(line)
            else:
                _write_all(self._descriptor, f"{line}\n".encode(errors="backslashreplace"))

    def _write_locked(self, line: str) -> None:
        self._handler.acquire()
        try:
            self._handler.stream.write(line + "\n")
            self._handler.flush()
        finally:
            self._handler.release()

    debug = info = warning = error = critical = exception = write


def _descriptor(stream: TextIO) -> int | None:
    """Standard error's descriptor, which never changes in a process; None for any other stream."""
    try:
        return STDERR if stream.fileno() == STDERR else None
    except (OSError, ValueError, AttributeError):
        return None


def _write_all(descriptor: int, line: bytes) -> None:
    """Write the whole line: a pipe may accept a long one in pieces."""
    while line:
        line = line[os.write(descriptor, line) :]


def _quieten(level: str) -> None:
    """Log the libraries' routine messages only at level DEBUG."""
    for name, least in LEAST.items():
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(logging.NOTSET if level == "DEBUG" else least)
    logging.captureWarnings(True)


def _rendering(form: str, *, colors: bool) -> list[Processor]:
    if form == "json":
        return [structlog.processors.JSONRenderer(_json)]
    return [visible_values, structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=24)]


def _json(fields: object, *, default: Callable[[object], object]) -> str:
    try:
        return visible_json(orjson.dumps(fields, default=default).decode())
    except TypeError:  # invalid Unicode or numbers beyond 64 bits: rare, but must be logged
        return json.dumps(fields, default=default, ensure_ascii=True)


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

LEAST = {
    "apscheduler": logging.WARNING,
    "gunicorn.error": logging.WARNING,
    "gunicorn.access": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "psycopg": logging.WARNING,
    "psycopg.pool": logging.WARNING,
    "stripe": logging.WARNING,
    "urllib3": logging.WARNING,
}
