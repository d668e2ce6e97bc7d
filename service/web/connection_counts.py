"""Connections per worker of a server, so that workers accept them evenly."""

from mmap import mmap

SLOTS = 256  # more than a server has workers
NO_WORKER = -1


class ConnectionCounts:
    """Connections per worker, in memory that forked workers share.

    A new connection wakes all workers, and the first one takes it: without these counts one worker often
    held every connection of a proxy while another was idle.
    """

    def __init__(self) -> None:
        self._held = memoryview(mmap(-1, 4 * SLOTS)).cast("i")
        for slot in range(SLOTS):
            self._held[slot] = NO_WORKER

    def set(self, age: int, connections: int) -> None:
        """Store the count of the worker with this age (gunicorn's number of the fork)."""
        self._held[age % SLOTS] = connections

    def forget(self, age: int) -> None:
        """Remove a worker that has ended."""
        self._held[age % SLOTS] = NO_WORKER

    def least(self) -> int:
        """The smallest connection count among live workers."""
        return min((count for count in self._held if count != NO_WORKER), default=0)


CONNECTION_COUNTS = ConnectionCounts()  # created before the fork
