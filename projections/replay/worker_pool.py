"""Worker processes: pieces of work done in parallel, and repeated when a process is killed."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from events import child_processes, livemode
from projections.garbage import collector_paused
from projections.replay.errors import WorkersLost
from projections.replay.observer import Observer
from projections.replay.plan import WorkerContext
from projections.replay.progress import WorkOutcome

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized  # noqa: TID251  (its type alone)

Advance = Callable[[int], None]
Piece = Callable[[WorkerContext, int, Advance], WorkOutcome]

MAX_DEATHS = 3
REPORT_S = 0.2

_context: WorkerContext
_counter: "Synchronized[int]"


class WorkerPool:
    """Does pieces of work, `workers` at a time; with one worker, in this process."""

    def __init__(self, context: WorkerContext, *, workers: int, observer: Observer) -> None:
        self._context = context
        self._workers = workers
        self._observer = observer
        self._pool: child_processes.Pool | None = None
        self._pools = ExitStack()
        self._counter = child_processes.SPAWN.Value("q", 0)

    def run(self, piece: Piece, numbers: Iterable[int], *, stage: str) -> None:
        """Do every piece. Raises: WorkersLost, and any exception of a piece."""
        pieces = list(numbers)
        if self._workers == 1:
            self._run_here(piece, pieces)
            return
        for death in range(1, MAX_DEATHS + 1):
            try:
                self._run_beside(piece, pieces)
            except BrokenProcessPool as broken:
                self._dismiss(broken)
                self._observer.notice(f"a replay worker died while {stage}; its work is done again")
                if death == MAX_DEATHS:
                    raise WorkersLost(stage, death) from None
            else:
                return

    def _run_here(self, piece: Piece, numbers: list[int]) -> None:
        done = 0

        def advance(more: int) -> None:
            nonlocal done
            done += more
            self._observer.advance(done)

        for number in numbers:
            with collector_paused():
                piece(self._context, number, advance)

    def _run_beside(self, piece: Piece, numbers: list[int]) -> None:
        """After a death all pieces are submitted again: a finished piece returns its stored outcome."""
        if self._pool is None:
            pool = child_processes.pool(self._workers, _begin, (self._context, self._counter))
            self._pool = self._pools.enter_context(pool)
        self._counter.value = 0
        waiting: set[Future[WorkOutcome]] = {self._pool.submit(_do, piece, number) for number in numbers}
        while waiting:
            done, waiting = wait(waiting, timeout=REPORT_S, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            self._observer.advance(self._counter.value)

    def _dismiss(self, error: BaseException | None) -> None:
        pools, self._pools, self._pool = self._pools, ExitStack(), None
        pools.__exit__(None if error is None else type(error), error, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dismiss(error)


def _begin(context: WorkerContext, counter: "Synchronized[int]") -> None:
    """Set the context and counter of a worker process."""
    global _context, _counter
    _context, _counter = context, counter
    livemode.bind(live_only=context.job.live_only)


def _do(piece: Piece, number: int) -> WorkOutcome:
    with collector_paused():
        return piece(_context, number, _advance)


def _advance(more: int) -> None:
    with _counter.get_lock():
        _counter.value += more
