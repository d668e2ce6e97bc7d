"""Processes that end with their parent: when a signal stops it, and when it dies.

Every process is started here; ruff forbids `subprocess` and `multiprocessing` elsewhere. Only a program
started by `start_detached` outlives its parent: the embedded PostgreSQL, which has its own locks.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, connection, get_context, parent_process
from types import FrameType
from typing import Any

DEVNULL, PIPE, STDOUT = subprocess.DEVNULL, subprocess.PIPE, subprocess.STDOUT
Completed = subprocess.CompletedProcess
Pool = ProcessPoolExecutor
Process = subprocess.Popen
TimeoutExpired = subprocess.TimeoutExpired
SPAWN = get_context("spawn")  # a fork would share the sockets of open connections

CLEANUP_S = 30  # a stopped command has this long to end its children
GRACE_S = 8.0  # a process whose parent died has this long to stop by itself
REPEAT_S = 0.05
_STOPS = (signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1


class Stopped(SystemExit):
    """A signal stops this command: each block that is left ends what it started. Exit 128 + signal."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.signal = signal.Signals(number)


def stop_on_signals() -> None:
    """Make SIGTERM and SIGHUP raise `Stopped` in the main thread; signals ignored by nohup stay ignored."""
    if threading.current_thread() is not threading.main_thread():
        return
    unhandled = [number for number in _STOPS if signal.getsignal(number) is signal.SIG_DFL]
    for number in unhandled:
        signal.signal(number, _stop)
    if unhandled:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        threading.Thread(target=_repeat_signals, args=(reader,), name="signals", daemon=True).start()


def run(command: Sequence[str], **options: Any) -> Completed[Any]:  # Any: as subprocess.run
    """Run a program to its end. Raises: the exceptions of subprocess.run."""
    return subprocess.run(command, preexec_fn=_dies_with(os.getpid()), **options)


def start(command: Sequence[str], **options: Any) -> Process[Any]:  # Any: as subprocess.Popen
    """Start a program that gets SIGTERM when this process dies; else the caller ends it, as `child` does."""
    return subprocess.Popen(command, preexec_fn=_dies_with(os.getpid()), **options)


def start_detached(command: Sequence[str], **options: Any) -> Process[Any]:  # Any: as subprocess.Popen
    """Start a program that outlives this process and its terminal."""
    return subprocess.Popen(command, start_new_session=True, **options)


@contextmanager
def child(command: Sequence[str], *, stop_s: float = GRACE_S, **options: Any) -> Iterator[Process[Any]]:
    """A program that ends with the block: by itself, by SIGTERM, or after `stop_s` by SIGKILL."""
    process = start(command, **options)
    try:
        yield process
    finally:
        end(process, stop_s)


def end(process: Process[Any], stop_s: float = GRACE_S) -> None:
    """Stop a process and wait for it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(stop_s)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


@contextmanager
def pool(
    workers: int, initializer: Callable[..., None] | None = None, initargs: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    """Worker processes, spawned on demand. An error in the block kills them."""
    others = set(active_children())
    executor = ProcessPoolExecutor(
        workers, SPAWN, initializer=_begin_worker, initargs=(initializer, initargs)
    )
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for worker in set(active_children()) - others:
            worker.kill()
            worker.join()
        raise
    executor.shutdown()


def follow_parent() -> None:
    """Stop this process (SIGTERM, then SIGKILL) when the other end of its stdin is closed."""
    threading.Thread(target=_wait_for_parent, name="follow-parent", daemon=True).start()


def _stop(number: int, _frame: FrameType | None) -> None:
    for ignored in _STOPS:
        signal.signal(ignored, signal.SIG_IGN)  # a second signal must not interrupt the cleanup
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(CLEANUP_S)  # a cleanup that hangs ends with the process and its children
    raise Stopped(number)


def _repeat_signals(reader: int) -> None:
    """Repeat a signal until its handler ran: a main thread that was about to block missed it."""
    main_thread = threading.main_thread().ident
    assert main_thread is not None  # it has started
    while received := os.read(reader, 1):
        number = received[0]
        while number in _STOPS and signal.getsignal(number) is _stop:
            signal.pthread_kill(main_thread, number)
            time.sleep(REPEAT_S)


def _dies_with(parent: int) -> Callable[[], None] | None:
    """The child's first call: ask the kernel for SIGTERM at the parent's death (Linux only)."""
    if _PRCTL is None:
        return None

    def ask() -> None:
        assert _PRCTL is not None
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # the parent died before the prctl call
            os._exit(1)

    return ask


def _begin_worker(initializer: Callable[..., None] | None, initargs: tuple[Any, ...]) -> None:
    """A pool worker's first call: exit when the parent dies; leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    if initializer is not None:
        initializer(*initargs)


def _die_with_parent() -> None:
    parent = parent_process()
    assert parent is not None  # this runs in a worker
    connection.wait([parent.sentinel])
    os._exit(1)


def _wait_for_parent() -> None:
    try:
        while os.read(0, 1024):
            pass
    except OSError:
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_S)
    os.kill(os.getpid(), signal.SIGKILL)


# Loaded before any fork: between fork and exec nothing may be imported.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
