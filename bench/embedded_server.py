"""A durable embedded server for a benchmark (fsync on), with a separate migrated database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from database import embedded, migrations
from database.scratch_folder import scratch_folder
from events.child_processes import stop_on_signals

# Usual settings of a small server; commits stay durable.
TUNING = {"shared_buffers": "1GB", "max_wal_size": "4GB", "checkpoint_timeout": "15min", "work_mem": "64MB"}


@contextmanager
def durable_database() -> Iterator[str]:
    """The conninfo of an empty migrated database, removed afterwards."""
    stop_on_signals()
    with scratch_folder("tenure-bench-", Path("/var/tmp")) as folder:
        Path(folder).chmod(0o755)
        with embedded.start(Path(folder), database="bench", tuning=TUNING) as server:
            migrations.up(server.conninfo)
            yield server.conninfo
