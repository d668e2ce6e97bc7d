"""Processor time of a run by web workers, database and sender."""

import os
from contextlib import suppress

import psutil

KINDS = ("web", "database", "sender")


def spent_s(web: psutil.Process) -> dict[str, float]:
    """Seconds used so far, by kind; other processes on the machine are not counted."""
    served = {web.pid, *(child.pid for child in web.children(recursive=True))}
    spent = dict.fromkeys(KINDS, 0.0)
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            kind = _kind(process, served)
            if kind is not None:
                times = process.cpu_times()
                spent[kind] += times.user + times.system
    return spent


def cpu_summary(before: dict[str, float], after: dict[str, float], many: int) -> str:
    """`web 0.89, database 0.36, sender 0.05`: milliseconds for each of `many`."""
    return ", ".join(f"{kind} {(after[kind] - before[kind]) / many * 1000:.2f}" for kind in KINDS)


def _kind(process: psutil.Process, served: set[int]) -> str | None:
    if process.pid == os.getpid():
        return "sender"
    if process.name() == "postgres":
        line = " ".join([*process.cmdline(), *_parent_line(process)])
        return "database" if "tenure-bench-" in line else None
    return "web" if process.pid in served else None


def _parent_line(process: psutil.Process) -> list[str]:
    parent = process.parent()
    return parent.cmdline() if parent else []
