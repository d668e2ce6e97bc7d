"""Errors that stop a replay. None of them changes the live tables."""

from collections.abc import Sequence
from typing import NamedTuple


class ReplayError(Exception):
    """Base of the errors that stop a replay."""


class ReplayRunning(ReplayError):
    """Another replay holds the lock of this database. Wait for it."""

    def __init__(self) -> None:
        super().__init__("another replay of this database is running: wait for it, or stop it")


class LogIncomplete(ReplayError):
    """The log has fewer or more events than its heads count. Run `tenure audit verify`."""

    def __init__(self, part: int, expected: int, actual: int) -> None:
        super().__init__(
            f"part {part} of the log: expected {expected} events, found {actual}; "
            "the log was changed by hand or rewritten meanwhile (VACUUM FULL): tenure audit verify; "
            "the next tenure replay starts afresh"
        )
        self.part, self.expected, self.actual = part, expected, actual


class DigestDiffers(ReplayError):
    """The rows read back differ from those written. Start the replay again."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(
            f"rebuilt tables: expected digest {expected:064x}, found {actual:064x}; start the replay again"
        )
        self.expected, self.actual = expected, actual


class WorkersLost(ReplayError):
    """Worker processes died repeatedly, most likely killed for lack of memory."""

    def __init__(self, stage: str, times: int) -> None:
        super().__init__(
            f"replay workers died {times} times while they were {stage}; "
            "look for the kernel's out-of-memory killer, then try fewer: tenure replay --workers 1"
        )
        self.stage, self.times = stage, times


class TablesBusy(ReplayError):
    """Another transaction locks the live tables. Nothing was swapped; the rebuilt tables are kept."""

    def __init__(self, tries: int) -> None:
        super().__init__(
            f"the live tables stayed locked through {tries} tries to swap; end long transactions, "
            "then run tenure replay again: it goes on where it stopped"
        )
        self.tries = tries


class TablesReferenced(ReplayError):
    """An object outside the projection depends on its tables; a swap would leave it on the old ones."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"{', '.join(names)}: made on top of the projected tables, so a swap would leave it on the old "
            "ones; drop it, replay, and make it again"
        )
        self.names = list(names)


class AddedIndex(NamedTuple):
    """An index that no migration made, and the statement that drops it."""

    name: str
    table: str
    drop: str


class AddedUnique(ReplayError):
    """Rebuilt rows may violate a unique index that no migration made; no single row is at fault then."""

    def __init__(self, added: Sequence[AddedIndex]) -> None:
        names = ", ".join(f"{index.name} on {index.table}" for index in added)
        super().__init__(
            f"unique, but made by no migration: {names}. Rebuilt rows may violate that, and the live "
            f"projector quarantines users for it; drop it: {'; '.join(index.drop for index in added)}; "
            "then run the command again. An index that is not unique is carried over"
        )
        self.added = list(added)


class IndexRefused(ReplayError):
    """The rebuilt rows violate an index or a constraint of the live table. The rebuilt tables are kept."""

    def __init__(self, table: str, definition: str, message: str) -> None:
        super().__init__(
            f"{table}: PostgreSQL refused “{definition}” for the rebuilt rows: {message}; drop that index or "
            "constraint from the live table, then run the command again: it goes on where it stopped"
        )
        self.table, self.definition = table, definition


class ProjectorBehind(ReplayError):
    """The live tables are not settled: users wait to be written under a newer catalog."""

    def __init__(self, waited_s: float) -> None:
        super().__init__(
            f"the live tables still wait for the projector after {waited_s:.0f} s: is `tenure work` running?"
        )
        self.waited_s = waited_s


class ColumnsDiffer(ReplayError):
    """A fold gave two rows of one table different columns: a fault in the projector. Report it."""

    def __init__(self, table: str, expected: Sequence[str], actual: Sequence[str]) -> None:
        super().__init__(
            f"{table}: expected a row with the columns {', '.join(expected)}, found {', '.join(actual)}; "
            "the live tables are untouched, report this as a fault"
        )
        self.table, self.expected, self.actual = table, list(expected), list(actual)


class NothingToRollBack(ReplayError):
    """There are no previous tables, or they have other columns than the live ones."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"nothing to roll back to: {reason}")
        self.reason = reason


class UnknownUser(ReplayError):
    """The log has no event about a user with that id."""

    def __init__(self, user_id: str) -> None:
        super().__init__(f"no user {user_id}: expected the Clerk id of a user in the log")
        self.user_id = user_id
