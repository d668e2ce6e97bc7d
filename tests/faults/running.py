"""One run of one fault, from a fresh service to its verdict."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.faults.breaking import Fault
from tests.faults.provider import Provider
from tests.faults.service import House, NotPermitted, house
from tests.faults.verdict import Verdict, verdict
from tests.faults.versions import older

SMALL_MB = 400


def run(fault: Fault, *, seed: int, times: int = 1) -> Verdict:
    """Break it `times` over under load (once where that is all it can be), mend it, stop everything, judge.

    Raises: NotPermitted.
    """
    random = Random(f"{fault.name} {seed}")
    with _place(fault) as within, _house(fault, within) as running:
        provider = Provider(running.port, seed=seed)
        provider.start()
        try:
            for _ in range(1 if fault.once else times):
                provider.until(random.randint(10, 80))
                fault.break_it(running, provider, random)
                running.mend()
                provider.until(20)
        finally:
            provider.stop()
        for name in ("serve", "work-1", "work-2"):
            running.stop(name)
        return verdict(running.conninfo, provider.acked, running.folder)


@contextmanager
def _house(fault: Fault, within: Path | None) -> Iterator[House]:
    """Of this version, or of the one before the newest migration."""
    if not fault.from_older:
        with house(within) as running:
            yield running
        return
    with older() as (source, schema), house(within, source=source, schema=schema) as running:
        yield running


@contextmanager
def _place(fault: Fault) -> Iterator[Path | None]:
    """A small file system where the fault wants one; only root may mount it."""
    if not fault.needs_disk:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="tenure-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_MB}m,mode=755", "tenure-faults", str(folder)]
    try:
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            raise NotPermitted("no small tmpfs for a full disk: this takes root and the right to mount")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
    finally:
        folder.rmdir()
