"""Processor time that other programs use during a run: on a busy machine figures are low, and ratios vary."""

import time
from collections.abc import Callable
from contextlib import suppress

import psutil


def watch_others() -> Callable[[], float]:
    """Begin to watch; the function returned gives the cores that other programs have used since.

    This process and its descendants are not counted, so a server that it did not start is.
    """
    began, busy_s, own_s = time.perf_counter(), _busy_s(), _own_s()

    def cores() -> float:
        others_s = (_busy_s() - busy_s) - (_own_s() - own_s)
        return max(0.0, others_s / (time.perf_counter() - began))

    return cores


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)


def _own_s() -> float:
    me = psutil.Process()
    total_s = 0.0
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.Error):  # it has ended
            times = process.cpu_times()
            total_s += times.user + times.system + times.children_user + times.children_system
    return total_s
