"""/readyz says when nothing can be written, though the database answers."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from database import embedded, migrations
from database.errors import EmbeddedServerFailed
from database.pool import open_pool
from service.readiness import FRESH_S, ROOM_FRESH_S, AppendOutcomes, readiness
from webhooks import Delivery

SMALL = {"max_wal_size": "32MB", "min_wal_size": "32MB", "shared_buffers": "16MB"}


@pytest.fixture
def disk() -> Iterator[Path]:
    """A file system of 120 MB."""
    folder = Path(tempfile.mkdtemp(prefix="tenure-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=120m,mode=711", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        folder.rmdir()
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    shutil.rmtree(folder)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(65536))
    return ballast


class Monotonic:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_room_is_not_written_for_at_every_call(conninfo: str) -> None:
    monotonic = Monotonic()
    with open_pool(conninfo, application_name="test") as pool:
        check = readiness(pool, monotonic=monotonic)["disk"]
        requests = []
        for now in (0.0, 1.0, ROOM_FRESH_S - 0.1, ROOM_FRESH_S):
            monotonic.now = now
            assert check() is None
            requests.append(pool.get_stats()["requests_num"])

    assert requests == [requests[0]] * 3 + [requests[0] + 1]


def test_a_full_disk_of_the_database_is_a_cause_until_it_has_room(disk: Path) -> None:
    with embedded.start(disk, tuning=SMALL) as server:
        migrations.up(server.conninfo)
        with open_pool(server.conninfo, application_name="test") as pool:
            monotonic = Monotonic()
            check = readiness(pool, monotonic=monotonic)["disk"]
            before = check()

            ballast = fill(disk)
            monotonic.now = ROOM_FRESH_S
            full = check()
            ballast.unlink()

            assert (before, check()) == (None, None)
    assert full is not None
    assert "disk is full" in full


def test_no_room_for_a_first_database_is_said_in_the_words_of_its_cause(disk: Path) -> None:
    fill(disk).rename(disk / "other")
    with (disk / "other").open("r+b") as file:
        file.truncate(file.seek(0, 2) - 8 * 2**20)

    with pytest.raises(EmbeddedServerFailed, match="No space left on device"):
        embedded.start(disk)

    assert not (disk / "postgres.unfinished").exists()


def test_deliveries_that_are_not_appended_are_a_cause_for_some_seconds() -> None:
    now = [0.0]
    outcomes = AppendOutcomes(lambda: now[0])
    outcomes.observe(Delivery(source="stripe", outcome="unavailable", reason="DiskFull"), 0.1)

    cause = outcomes.check()
    now[0] = FRESH_S + 1

    assert cause is not None
    assert "DiskFull" in cause
    assert outcomes.check() is None


def test_a_delivery_that_is_appended_ends_the_cause() -> None:
    outcomes = AppendOutcomes(lambda: 0.0)
    outcomes.observe(Delivery(source="stripe", outcome="unavailable", reason="DiskFull"), 0.1)

    outcomes.observe(Delivery(source="clerk", outcome="appended", append_s=0.1), 0.1)

    assert outcomes.check() is None
