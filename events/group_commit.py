"""Group commit: callers that come while a transaction runs share the next one.

A transaction costs much the same for one decision as for ten. So one caller at a time carries what
all who wait have asked, and the next of them begins when it is done. Nobody waits for company: a
caller who finds nobody carries its own at once.
"""

from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Generic, TypeVar

import structlog

logger = structlog.get_logger(__name__)

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Waiting(Generic[Item, Answer]):
    """One caller: asleep until there is an answer or it is its turn to carry.

    `asleep` is held while it sleeps: a plain lock wakes one thread at half the price of an Event.
    """

    __slots__ = ("answer", "asleep", "item", "leads")

    def __init__(self, item: Item, *, leads: bool) -> None:
        self.item = item
        self.leads = leads
        self.answer: Answer | None = None
        self.asleep = Lock()
        self.asleep.acquire()


class GroupCommit(Generic[Item, Answer]):
    """`carry` answers several items in one transaction, one answer each; None where it could not.

    What it raises is logged, and no item has an answer then. No two of the items it is given have
    the same `apart`.
    """

    def __init__(
        self,
        carry: Callable[[Sequence[Item]], Sequence[Answer | None]],
        *,
        apart: Callable[[Item], Hashable],
        most: int,
    ) -> None:
        self._carry = carry
        self._apart = apart
        self._most = most
        self._lock = Lock()
        self._waiting: list[_Waiting[Item, Answer]] = []
        self._led = False

    def ask(self, item: Item) -> Answer | None:
        """What `carry` answers to this item, durable. None: it was not carried."""
        with self._lock:
            me: _Waiting[Item, Answer] = _Waiting(item, leads=not self._led)
            self._led = True
            self._waiting.append(me)
        if not me.leads:
            me.asleep.acquire()
        if me.leads:
            self._lead(me)
        return me.answer

    def _lead(self, me: _Waiting[Item, Answer]) -> None:
        with self._lock:
            group = self._group(me)
        try:
            answers = self._carry([each.item for each in group])
            for each, answer in zip(group, answers, strict=True):
                each.answer = answer
        except Exception:  # perhaps another's fault: the one who carried asks alone as well
            logger.exception("group.failed", items=len(group))
        finally:
            # Whatever happened, nobody is left asleep: who has no answer asks alone.
            with self._lock:
                self._led = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].leads = True
                    group.append(self._waiting[0])
            for each in group:
                each.asleep.release()

    def _group(self, me: _Waiting[Item, Answer]) -> list[_Waiting[Item, Answer]]:
        """Mine, and of the others as many as may go with it, first come first."""
        group, taken = [me], {self._apart(me.item)}
        for each in self._waiting:
            apart = self._apart(each.item)
            if each is not me and apart not in taken and len(group) < self._most:
                group.append(each)
                taken.add(apart)
        self._waiting = [each for each in self._waiting if each not in group]
        return group
