"""Live = replay: for any order of delivery, size of piece, workers, hash seed and moment of death."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import sleep

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.append import append_all
from events.envelope import NewEvent
from projections.replay import Options, compare, replay
from tests.databases import Server
from tests.laws.envelopes import envelope
from tests.laws.own_events import own_events
from tests.laws.projected import of_other_people, runner, session
from tests.projections import replaying
from tests.projections.model import DEFAULT_PLANS
from tests.worlds import History, histories

ROOT = Path(__file__).parent.parent.parent
ONCE = """
import sys
from pathlib import Path
from events import livemode
from projections.replay import Options, replay
livemode.bind(live_only=True)
if __name__ == "__main__":
    sizes = {"range_pages": 16, "bucket_events": 100}
    options = Options(work_dir=Path(sys.argv[2]), workers=int(sys.argv[3]), **sizes)
    print(replay(sys.argv[1], options=options).digest)
"""

on_postgres = settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def shared(server: Server, template: str) -> Iterator[str]:
    """A database with the catalog, for all examples here."""
    database = server.database(template)
    with session(database.conninfo) as conn, conn.transaction():
        append_all(conn, DEFAULT_PLANS)
    runner(database.conninfo).drain()
    yield database.conninfo
    database.drop()


def arrivals(history: History, seed: int) -> list[NewEvent]:
    """Everything of a history, some of it twice, in any order."""
    events = [envelope(delivery) for delivery in history.deliveries] + history.own
    events, _ = of_other_people(events)
    random = Random(seed)
    events += random.sample(events, k=len(events) // 4)
    random.shuffle(events)
    return events


def deliver(conninfo: str, events: list[NewEvent], random: Random) -> None:
    """In random batches, projected now and then, up to some point or to the end."""
    with session(conninfo) as conn, session(conninfo) as projecting:
        while events:
            size = random.choice((1, 3, 40))
            with conn.transaction():
                append_all(conn, events[:size])
            del events[:size]
            if random.random() < 0.4:
                runner(conninfo, parts=3, batch_events=30).step(projecting)
        while random.random() < 0.9 and runner(conninfo).step(projecting):
            pass


@on_postgres
@given(history=histories(own=own_events, max_users=3), seed=st.integers(0, 2**32))
def test_a_rebuild_at_the_live_checkpoints_is_the_live_tables(
    shared: str, tmp_path: Path, history: History, seed: int
) -> None:
    random = Random(seed)
    deliver(shared, arrivals(history, seed), random)
    options = Options(
        work_dir=tmp_path,
        workers=1,
        range_pages=random.choice((1, 8, 64)),
        bucket_events=random.choice((5, 50, 5000)),
        by_part=random.choice((False, True)),
        range_events=random.choice((1, 10, 1000)),
    )

    comparison = compare(shared, options=options)

    assert comparison.differences == []


@settings(on_postgres, max_examples=5)
@given(history=histories(own=own_events, max_users=3), seed=st.integers(0, 2**32))
def test_the_live_projector_goes_on_from_a_replay_at_any_point(
    shared: str, tmp_path: Path, history: History, seed: int
) -> None:
    random = Random(seed)
    events = arrivals(history, seed)
    options = Options(work_dir=tmp_path, workers=1, bucket_events=50)
    deliver(shared, events[::2], random)
    replay(shared, options=options)
    deliver(shared, events[1::2], random)

    assert compare(shared, options=options).differences == []


@pytest.fixture
def shop(conninfo: str) -> str:
    """A shop's log, projected."""
    replaying.tell(conninfo, replaying.shop(users=15))
    runner(conninfo).drain()
    return conninfo


def test_neither_workers_nor_hash_seed_make_a_difference(shop: str, tmp_path: Path) -> None:
    digests = set()
    for seed, workers in (("0", "1"), ("1", "2"), ("4242", "3")):
        done = _process(shop, tmp_path, workers, seed).communicate()[0]
        digests.add(done)

    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def test_killed_at_random_moments_a_replay_still_gives_the_live_tables(shop: str, tmp_path: Path) -> None:
    random = Random(7)
    before = replaying.tables(shop)
    for _ in range(6):
        process = _process(shop, tmp_path, random.choice("12"), "0")
        sleep(random.uniform(0.3, 2.5))  # any moment will do: nothing is waited for
        process.kill()
        process.communicate()
        options = Options(work_dir=tmp_path / "check", workers=1)
        replaying.wait_until_free(shop)
        assert compare(shop, options=options).differences == []
    assert _process(shop, tmp_path, "2", "0").communicate()[0]

    after = replaying.tables(shop)
    assert {**after, "projection_checkpoints": []} == {**before, "projection_checkpoints": []}


def _process(conninfo: str, folder: Path, workers: str, seed: str) -> subprocess.Popen[bytes]:
    script = folder / "once.py"
    script.write_text(ONCE)
    command = [sys.executable, str(script), conninfo, str(folder / "work"), workers]
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE)
