"""Replay while the service runs, and replays that are killed: nothing is refused, nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any

import psutil
import psycopg
import pytest

from database.pool import Connection
from events.append import append
from events.envelope import NewEvent
from projections.replay import Silent, compare, replay, roll_back
from projections.replay import build as building
from projections.replay.build import Built
from projections.replay.errors import TablesBusy
from projections.runner import Runner
from tests.projections import event_builders, replaying
from tests.projections.replaying import options, project, tell, wait_until_free

PATIENCE_S = 60


def service(conninfo: str) -> Connection:
    conn = psycopg.connect(conninfo, autocommit=True, prepare_threshold=2)
    conn.execute("SET ROLE tenure_app")
    return conn


class Busy:
    """Projectors at work, somebody reading, and a door that keeps appending."""

    def __init__(self, conninfo: str, events: list[NewEvent]) -> None:
        self._conninfo = conninfo
        self._events = iter(events)
        self.stop = threading.Event()
        self.errors: list[BaseException] = []
        self.appended = self.read = 0
        self._threads = [
            *(threading.Thread(target=self._kept, args=(self._project,)) for _ in range(2)),
            threading.Thread(target=self._kept, args=(self._append,)),
            threading.Thread(target=self._kept, args=(self._look,)),
        ]

    def __enter__(self) -> "Busy":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _kept(self, work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:
            self.errors.append(error)

    def _project(self) -> None:
        Runner(lambda: service(self._conninfo)).run(self.stop)

    def _append(self) -> None:
        with service(self._conninfo) as conn:
            for event in self._events:
                if self.stop.is_set():
                    return
                append(conn, event)
                self.appended += 1

    def _look(self) -> None:
        query = b"SELECT * FROM users u JOIN user_subscriptions s ON s.user_id = u.id, user_usage"
        with service(self._conninfo) as conn:
            while not self.stop.is_set():
                conn.execute(query).fetchall()
                self.read += 1


class Listener(Silent):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def notice(self, text: str) -> None:
        self.messages.append(text)


def test_replays_while_events_arrive_refuse_nothing(conninfo: str, tmp_path: Path) -> None:
    events = replaying.shop(users=25, seed=5)
    tell(conninfo, events[:200])
    project(conninfo)

    with Busy(conninfo, events[200:]) as busy:
        for _ in range(4):
            before = busy.appended
            replay(conninfo, options=options(tmp_path))
            with psycopg.connect(conninfo, autocommit=True) as conn:
                roll_back(conn)
                roll_back(conn)
            assert busy.appended > before or busy.appended == len(events) - 200
    project(conninfo)

    assert busy.errors == []
    assert compare(conninfo, options=options(tmp_path)).differences == []


def test_check_while_events_arrive_finds_no_difference(conninfo: str, tmp_path: Path) -> None:
    events = replaying.shop(users=20, seed=6)
    tell(conninfo, events[:100])

    with Busy(conninfo, events[100:]) as busy:
        comparisons = [compare(conninfo, options=options(tmp_path)) for _ in range(3)]

    assert busy.errors == []
    assert [comparison.differences for comparison in comparisons] == [[], [], []]


def test_a_long_transaction_on_the_tables_stops_the_swap_and_nothing_else(
    conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.replay.swap.TRIES", 2)
    tell(conninfo, replaying.shop(users=2))
    with psycopg.connect(conninfo) as reader:
        reader.execute("SELECT * FROM users")
        with pytest.raises(TablesBusy):
            replay(conninfo, options=options(tmp_path))

    replay(conninfo, options=options(tmp_path))
    assert compare(conninfo, options=options(tmp_path)).equal


REPLAY = """
import sys
from pathlib import Path
from events import livemode
from tests.projections.replaying import options
from projections.replay import replay
livemode.bind(live_only=False)
if __name__ == "__main__":
    replay(sys.argv[1], options=options(Path(sys.argv[2]), workers=int(sys.argv[3])))
"""


@contextmanager
def replaying_process(conninfo: str, work_dir: Path, workers: int) -> Iterator[subprocess.Popen[bytes]]:
    script = work_dir / "replaying.py"
    script.write_text(REPLAY)
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(
        [sys.executable, str(script), conninfo, str(work_dir / "work"), str(workers)],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    ) as process:
        yield process
        process.kill()


def pieces_done(conninfo: str) -> int:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        try:
            row = conn.execute("SELECT count(*) FROM tenure_shadow.replay_progress").fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
    return row[0] if row else 0


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("when", [1, 9, 24])
def test_a_replay_killed_anywhere_goes_on(conninfo: str, tmp_path: Path, workers: int, when: int) -> None:
    tell(conninfo, replaying.shop(users=20))
    project(conninfo)
    before = replaying.tables(conninfo)
    with replaying_process(conninfo, tmp_path, workers) as process:
        while process.poll() is None and pieces_done(conninfo) < when:
            sleep(0.005)
        process.send_signal(signal.SIGKILL)
    listener = Listener()

    wait_until_free(conninfo)
    replay(conninfo, options=options(tmp_path / "work"), observer=listener)

    after = replaying.tables(conninfo)
    del before["projection_checkpoints"], after["projection_checkpoints"]  # a receipt more
    assert after == before
    assert listener.messages in (["going on with the replay that was left unfinished"], [])


@pytest.mark.parametrize("when", [0, 1, 24])
def test_a_killed_replay_can_be_finished_where_its_folder_is_not(
    conninfo: str, tmp_path: Path, when: int
) -> None:
    tell(conninfo, replaying.shop(users=20))
    project(conninfo)
    with replaying_process(conninfo, tmp_path, 1) as process:
        while process.poll() is None and (pieces_done(conninfo) < when or not has_plan(conninfo)):
            sleep(0.005)
        process.send_signal(signal.SIGKILL)

    wait_until_free(conninfo)
    replay(conninfo, options=options(tmp_path / "another machine"))

    assert compare(conninfo, options=options(tmp_path)).equal


def has_plan(conninfo: str) -> bool:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        row = conn.execute("SELECT to_regclass('tenure_shadow.replay_plan') IS NOT NULL").fetchone()
    return row == (True,)


def test_a_killed_worker_is_replaced(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, replaying.shop(users=20))
    project(conninfo)
    before = replaying.tables(conninfo)
    with replaying_process(conninfo, tmp_path, 2) as process:
        while process.poll() is None and pieces_done(conninfo) < 3:
            sleep(0.005)
        kill_one_child(process.pid)
        assert process.wait(PATIENCE_S) == 0

    after = replaying.tables(conninfo)
    del before["projection_checkpoints"], after["projection_checkpoints"]
    assert after == before


def kill_one_child(pid: int) -> None:
    children = [
        child for child in psutil.Process(pid).children() if "spawn_main" in " ".join(child.cmdline())
    ]
    if children:
        children[0].kill()


def test_a_replay_that_could_not_swap_goes_on_from_where_it_had_caught_up(
    conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = replaying.shop(users=6)
    tell(conninfo, events[:-80])
    built = building.build

    def build_then_more(*args: Any, **named: Any) -> Built:  # Any: as build
        done = built(*args, **named)
        tell(conninfo, events[-80:])
        return done

    monkeypatch.setattr("projections.replay.build.build", build_then_more)
    monkeypatch.setattr("projections.replay.swap.TRIES", 0)
    with pytest.raises(TablesBusy):
        replay(conninfo, options=options(tmp_path))
    monkeypatch.undo()
    files = list(tmp_path.iterdir())
    listener = Listener()

    replay(conninfo, options=options(tmp_path), observer=listener)

    assert files == []  # the files between the stages would take the room that indexes need
    assert listener.messages == ["going on with the replay that was left unfinished"]
    assert compare(conninfo, options=options(tmp_path)).differences == []


def test_an_unfinished_replay_of_pages_is_not_gone_on_with_by_part(
    conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(conninfo, [event_builders.linked()])
    monkeypatch.setattr("projections.replay.run._take_over", lambda *_: (_ for _ in ()).throw(KeyError))
    with pytest.raises(KeyError):
        replay(conninfo, options=options(tmp_path))
    monkeypatch.undo()
    listener = Listener()

    replay(conninfo, options=options(tmp_path, by_part=True), observer=listener)

    assert "lay elsewhere" in listener.messages[0]


def test_another_projectors_unfinished_replay_is_not_gone_on_with(
    conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(conninfo, [event_builders.linked()])
    monkeypatch.setattr("projections.replay.run._take_over", lambda *_: (_ for _ in ()).throw(KeyError))
    with pytest.raises(KeyError):
        replay(conninfo, options=options(tmp_path))
    monkeypatch.undo()
    with psycopg.connect(conninfo, autocommit=True) as conn:
        edit = """UPDATE tenure_shadow.replay_plan
                     SET plan = replace(plan::text, '"version":"', '"version":"x')::json"""
        conn.execute(edit)
    listener = Listener()

    replay(conninfo, options=options(tmp_path), observer=listener)

    assert "another version" in listener.messages[0]
