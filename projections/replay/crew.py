"""Worker processes: pieces of work done side by side, and done again when a process is killed."""

import gc
import os
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from multiprocessing.sharedctypes import Synchronized
from threading import Thread

from projections.replay.errors import WorkersLost
from projections.replay.job import Context
from projections.replay.observer import Observer
from projections.replay.progress import Outcome

Advance = Callable[[int], None]
Piece = Callable[[Context, int, Advance], Outcome]

MAX_DEATHS = 3
TELL_S = 0.2

_context: Context
_counter: "Synchronized[int]"


def run_all(
    context: Context, piece: Piece, numbers: Iterable[int], *, workers: int, stage: str, observer: Observer
) -> None:
    """Do every piece, `workers` at a time; with one worker in this process.

    Raises: WorkersLost; whatever a piece raises.
    """
    wanted = list(numbers)
    if workers == 1 or len(wanted) <= 1:
        _run_here(context, piece, wanted, observer)
        return
    for death in range(1, MAX_DEATHS + 1):
        try:
            wanted = _run_beside(context, piece, wanted, workers, observer)
        except BrokenProcessPool:
            observer.say(f"a replay worker died while {stage}; its work is done again")
            if death == MAX_DEATHS:
                raise WorkersLost(stage, death) from None
        else:
            return


def _run_here(context: Context, piece: Piece, wanted: list[int], observer: Observer) -> None:
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        observer.advance(done)

    for number in wanted:
        piece(context, number, advance)


def _run_beside(
    context: Context, piece: Piece, wanted: list[int], workers: int, observer: Observer
) -> list[int]:
    """Pieces that a broken pool left undone are done again at once: those done say so themselves."""
    spawning = get_context("spawn")
    counter = spawning.Value("q", 0)
    with ProcessPoolExecutor(
        max_workers=min(workers, len(wanted)),
        mp_context=spawning,
        initializer=_begin,
        initargs=(context, counter),
    ) as pool:
        waiting: set[Future[Outcome]] = {pool.submit(_do, piece, number) for number in wanted}
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=TELL_S, return_when=FIRST_COMPLETED)
                for each in done:
                    each.result()
                observer.advance(counter.value)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return []


def _begin(context: Context, counter: "Synchronized[int]") -> None:
    """A worker's first act. It dies with its parent, also when that is killed; Ctrl-C is its parent's."""
    global _context, _counter
    _context, _counter = context, counter
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_die_with_parent, daemon=True).start()
    # Facts hold no cycles, and millions of them are made: looking for cycles costs a fifth of the time.
    gc.disable()


def _die_with_parent() -> None:
    parent = parent_process()
    assert parent is not None  # this runs in a worker
    connection.wait([parent.sentinel])
    os._exit(1)


def _do(piece: Piece, number: int) -> Outcome:
    outcome = piece(_context, number, _advance)
    gc.collect()
    return outcome


def _advance(more: int) -> None:
    with _counter.get_lock():
        _counter.value += more
