"""Counts that workers share in files: a full disk costs a count, never a worker."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from database.file_locks import Lock
from database.scratch_folder import abandoned, scratch_folder
from tests.cli.processes import ROOT

COUNT = """
import os, sys
from service.web.server_counts import counts_directory
with counts_directory() as folder:
    from service.web import reserved_counts
    reserved_counts.install()
    from service.metrics import registry
    from prometheus_client import Counter, generate_latest
    kept = registry(folder)
    counter = Counter("c", "c", ("name",), registry=kept)
    for number in range(int(sys.argv[1])):
        counter.labels("x" * 200 + str(number)).inc()
        if number == 10:
            fill = open(os.path.join(os.environ["TMPDIR"], "fill"), "wb", buffering=0)
            while len(sys.argv) > 2:
                try:
                    fill.write(bytes(4096))
                except OSError:
                    break
    lines = generate_latest(kept).decode().splitlines()
    print(sum(line.startswith("c_total{") for line in lines), counter.labels("x" * 200 + "0")._value.get())
"""


def count(folder: Path, *words: str) -> tuple[int, str]:
    """(exit code, output) of a process that counts under that many names, on a disk that it fills perhaps."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT, *words],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()[-1] if done.stdout else done.stderr


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_files_grow_with_their_names(tmp_path: Path) -> None:
    assert count(tmp_path, "900") == (0, "900 1.0")


def test_a_disk_that_fills_up_costs_counts_and_no_process(small: Path) -> None:
    code, output = count(small, "900", "fill")

    assert code == 0, output
    assert 10 < int(output.split()[0]) < 900


def test_on_a_full_disk_each_worker_counts_for_itself(small: Path) -> None:
    with (small / "fill").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))

    code, output = count(small, "20")

    assert code == 0, output
    assert output.endswith(" 1.0")


def test_a_folder_of_a_killed_server_is_removed_by_the_next(tmp_path: Path) -> None:
    abandoned_folder, used = tmp_path / "p-left", tmp_path / "p-used"
    for folder in (abandoned_folder, used):
        folder.mkdir()
        (folder / "in-use").touch()
    holder = Lock(used / "in-use")
    holder.shared()
    assert abandoned("p-", tmp_path) == [abandoned_folder]

    with scratch_folder("p-", tmp_path) as scratch:
        assert sorted(tmp_path.iterdir()) == sorted([scratch, used])

    holder.release()
    assert list(tmp_path.iterdir()) == [used]
