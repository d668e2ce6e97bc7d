"""Who dies is started again, with patience; who is told to stop is gone."""

import sys
import threading

import psutil
import pytest

from service.supervisor import HOPELESS, MAX_BACKOFF_S, Child, NeverReady, Supervisor, backoff


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _child(code: str) -> Child:
    return Child("it", [sys.executable, "-c", code])


def _ended(child: Child) -> None:
    assert child.process is not None
    child.process.wait(10)


def test_quick_deaths_wait_longer_each_time() -> None:
    assert [backoff(n) for n in range(5)] == [0.0, 0.5, 1.0, 2.0, 4.0]
    assert backoff(1_000) == MAX_BACKOFF_S


def test_dead_child_starts_again_after_its_delay() -> None:
    clock, child = Clock(), _child("")
    supervisor = Supervisor([child], clock=clock)
    supervisor.tick()
    _ended(child)

    supervisor.tick()
    before = child.process
    clock.now = 0.6
    supervisor.tick()

    assert (before, child.failures) == (None, 1)
    assert child.process is not None
    supervisor.stop_all()


def test_child_that_ran_long_starts_again_at_once() -> None:
    clock, child = Clock(), _child("")
    supervisor = Supervisor([child], clock=clock)
    supervisor.tick()
    _ended(child)

    clock.now = 31.0
    supervisor.tick()

    assert child.process is not None
    supervisor.stop_all()


def test_child_that_never_gets_ready_is_given_up() -> None:
    clock, child = Clock(), _child("raise SystemExit(3)")
    supervisor = Supervisor([child], clock=clock)

    def live_and_die() -> None:
        for _ in range(HOPELESS + 1):
            supervisor.tick()
            clock.now += 20
            supervisor.tick()
            _ended(child)

    with pytest.raises(NeverReady, match=rf"died {HOPELESS} times.*exit 3"):
        live_and_die()


def test_stop_kills_who_does_not_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.supervisor.STOP_S", 0.5)
    child = _child(
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "import time; time.sleep(60)"
    )
    supervisor = Supervisor([child])
    supervisor.tick()
    assert child.process is not None
    family = psutil.Process(child.process.pid)
    while not family.children():
        threading.Event().wait(0.02)
    everybody = [family, *family.children()]

    supervisor.stop_all()

    _, alive = psutil.wait_procs(everybody, timeout=5)
    assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []


def test_child_that_follows_its_parent_ends_when_the_pipe_closes() -> None:
    code = "from events.child_processes import follow_parent\nfollow_parent()\nimport time; time.sleep(60)"
    child = _child(code)
    Supervisor([child]).tick()
    assert child.process is not None
    assert child.process.stdin is not None

    child.process.stdin.close()

    assert child.process.wait(10) == -15
