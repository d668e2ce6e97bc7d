"""The folder of metric files that the workers of a web server share."""

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
    """The folder of the files; None if it can't be created, and then each worker counts for itself.

    prometheus_client reads its variable on import, which happens in the workers.
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
