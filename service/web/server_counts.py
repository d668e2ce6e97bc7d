"""The folder of files in which the workers of a web server count together."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from database.scratch_folder import scratch_folder

PREFIX = "tenure-counts-"
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_log = structlog.get_logger("tenure.metrics")


@contextmanager
def counts_directory() -> Iterator[Path | None]:
    """The folder of the files; None where none can be made, and then each worker counts for itself.

    prometheus_client decides by its variable when it is imported, so no earlier than the workers.
    """
    try:
        making = scratch_folder(PREFIX)
        folder = making.__enter__()
    except OSError as problem:
        _log.warning("no folder for counts: each worker counts for itself", error=problem.strerror)
        yield None
        return
    os.environ[_VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        making.__exit__(None, None, None)
