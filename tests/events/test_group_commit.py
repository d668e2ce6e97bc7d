"""Callers that share a turn: each hears its own answer, once, and nobody is left asleep."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from time import sleep

import pytest

from events.group_commit import GroupCommit

MAX_ITEMS = 4


class Slow:
    """Carries when it is let to; remembers each group."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.begun = Event()
        self.go_on = Event()

    def __call__(self, items: Sequence[str]) -> list[str | None]:
        self.groups.append(list(items))
        self.begun.set()
        assert self.go_on.wait(10)
        return [item.upper() for item in items]


def submitted(
    group: GroupCommit[str, str], threads: ThreadPoolExecutor, *items: str
) -> list[Future[str | None]]:
    """Asked in this order while somebody carries: the next when the one before is in the queue."""
    futures = []
    for item in items:
        before = len(group._waiting)
        futures.append(threads.submit(group.submit, item))
        while len(group._waiting) == before:
            sleep(0.001)
    return futures


@pytest.fixture
def slow() -> Slow:
    return Slow()


def first_letter(item: str) -> str:
    return item[0]


def test_a_caller_alone_waits_for_nobody() -> None:
    group: GroupCommit[str, str] = GroupCommit(lambda items: list(items), apart=str, most=MAX_ITEMS)

    assert [group.submit(item) for item in "abc"] == ["a", "b", "c"]


def test_who_comes_meanwhile_goes_together(slow: Slow) -> None:
    group: GroupCommit[str, str] = GroupCommit(slow, apart=first_letter, most=MAX_ITEMS)
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(group.submit, "a1")
        assert slow.begun.wait(10)
        later = submitted(group, threads, "b1", "c1", "b2", "d1", "e1", "f1")
        slow.go_on.set()

        assert [future.result(10) for future in (first, *later)] == ["A1", "B1", "C1", "B2", "D1", "E1", "F1"]
    # No two of one letter, at most four, whoever came first first.
    assert slow.groups == [["a1"], ["b1", "c1", "d1", "e1"], ["b2", "f1"]]


def test_who_leads_and_fails_leaves_nobody_asleep(slow: Slow) -> None:
    def fails_first(items: Sequence[str]) -> list[str | None]:
        answers = slow(items)
        if items[0] == "a1":
            raise MemoryError
        return answers

    group: GroupCommit[str, str] = GroupCommit(fails_first, apart=first_letter, most=MAX_ITEMS)
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(group.submit, "a1")
        assert slow.begun.wait(10)
        later = submitted(group, threads, "b1", "c1")
        slow.go_on.set()

        assert first.result(10) is None
        assert [future.result(10) for future in later] == ["B1", "C1"]


def test_what_could_not_be_carried_is_told_apart() -> None:
    group: GroupCommit[str, str] = GroupCommit(lambda items: [None] * len(items), apart=str, most=MAX_ITEMS)

    assert group.submit("a") is None
