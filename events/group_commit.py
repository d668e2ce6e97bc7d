"""Group commit: callers that arrive while a transaction runs share the next one.

A transaction costs about the same for one decision as for ten. So one caller at a time carries the items
of all waiting callers, and the next group begins when it is done. No caller waits for a group to fill: if
no transaction runs, it carries its own item at once.
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

    `asleep` is locked while it sleeps: a plain lock wakes one thread at half the cost of an Event.
    """

    __slots__ = ("answer", "asleep", "item", "leads")

    def __init__(self, item: Item, *, leads: bool) -> None:
        self.item = item
        self.leads = leads
        self.answer: Answer | None = None
        self.asleep = Lock()
        self.asleep.acquire()


class GroupCommit(Generic[Item, Answer]):
    """`carry` answers several items in one transaction, one answer per item; None where it could not.

    Its exceptions are logged, and then no item has an answer. No two items of a group have the same
    `apart`.
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

    def submit(self, item: Item) -> Answer | None:
        """The answer of `carry` to this item, committed; None when it was not carried."""
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
            answers = self._carry([caller.item for caller in group])
            for caller, answer in zip(group, answers, strict=True):
                caller.answer = answer
        except Exception:  # perhaps another item's fault: every caller of the group retries alone
            logger.exception("group.failed", items=len(group))
        finally:
            # In any case wake every caller: one without an answer retries alone.
            with self._lock:
                self._led = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].leads = True
                    group.append(self._waiting[0])
            for caller in group:
                caller.asleep.release()

    def _group(self, me: _Waiting[Item, Answer]) -> list[_Waiting[Item, Answer]]:
        """This caller and as many others as fit, in order of arrival."""
        group, keys = [me], {self._apart(me.item)}
        for caller in self._waiting:
            apart = self._apart(caller.item)
            if caller is not me and apart not in keys and len(group) < self._most:
                group.append(caller)
                keys.add(apart)
        self._waiting = [caller for caller in self._waiting if caller not in group]
        return group
