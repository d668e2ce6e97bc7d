"""How many connections each worker of a server holds, so that they can share them out evenly."""

from mmap import mmap

SLOTS = 256  # more than a server has workers
NOBODY = -1


class ConnectionCounts:
    """How many connections each worker of a server holds, in memory that forked workers share.

    All are woken by a new connection, and who is first takes it: without a look at the others one
    worker often held every connection of a proxy while its neighbour slept.
    """

    def __init__(self) -> None:
        self._held = memoryview(mmap(-1, 4 * SLOTS)).cast("i")
        for slot in range(SLOTS):
            self._held[slot] = NOBODY

    def say(self, age: int, connections: int) -> None:
        """Of the worker of this age: gunicorn counts the workers it forks."""
        self._held[age % SLOTS] = connections

    def forget(self, age: int) -> None:
        """That worker is gone."""
        self._held[age % SLOTS] = NOBODY

    def least(self) -> int:
        """The connections of who has fewest."""
        return min((held for held in self._held if held != NOBODY), default=0)


CROWDS = ConnectionCounts()  # made before the fork
