"""Validate a whole archived log before any of it is imported.

Every digest is computed again, every position must follow the previous one, every route must be in its
part, and the events in the database must be the beginning of the same log.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from archive.errors import ArchiveDiffers
from archive.format import Cells, Damaged, Reader
from events.payload import digest
from events.routing import PARTS, part_of
from queries.pluralize import counted

ERASED = "privacy.erased"


@dataclass
class LogCounts:
    """Counts of an archive. `erased_since`: positions whose payload is here but was erased there.

    `signature` is the note that signs the checksum; it is not checked yet.
    """

    heads: dict[int, int] = field(default_factory=dict)
    recorded_at: dict[int, str] = field(default_factory=dict)
    events: int = 0
    present: int = 0
    checksum: str = ""
    signature: str | None = None
    erased_since: list[tuple[int, int]] = field(default_factory=list)

    @property
    def new(self) -> int:
        return self.events - self.present


class LogCheck:
    """Checks the rows of an archive one by one."""

    def __init__(self, archive: Reader, here: dict[int, int], rows_here: Iterator[Cells]) -> None:
        """`here`: heads of the log in the database; `rows_here`: its events in the same order and format."""
        self._archive = archive
        self._here = here
        self._rows_here = rows_here
        self._at = {name: index for index, name in enumerate(archive.columns["events"])}
        self._last = (0, 0)
        self._missing: list[tuple[str, str, str]] = []
        self._routes: set[str] = set()
        self._ids: set[str] = set()
        self.found = LogCounts()

    def take(self, table: str, cells: Cells) -> None:
        """Check one row. Raises: Damaged, ArchiveDiffers."""
        if table == "part_heads":
            self._head(cells)
        elif table == "events":
            self._event(cells)

    def finish(self) -> LogCounts:
        """The counts. Raises: Damaged if events are missing."""
        if len(self.found.heads) != PARTS:
            raise Damaged(self._archive.path, f"expected {PARTS} parts, found {len(self.found.heads)}")
        self._close_part(PARTS)
        self._account()
        self.found.checksum, self.found.signature = self._archive.checksum, self._archive.signature
        return self.found

    def _head(self, cells: Cells) -> None:
        head = dict(zip(self._archive.columns["part_heads"], cells, strict=True))
        part = int(head["part"] or 0)
        self.found.heads[part] = int(head["head"] or 0)
        self.found.recorded_at[part] = head["recorded_at"] or "-infinity"
        if self._here.get(part, 0) > self.found.heads[part]:
            raise ArchiveDiffers(
                f"the log here is ahead of the archive: part {part} has "
                f"{counted(self._here[part], 'event')} here and {self.found.heads[part]} "
                f"in {self._archive.path}; nothing was changed"
            )

    def _event(self, cells: Cells) -> None:
        part, position = int(self._cell(cells, "part")), int(self._cell(cells, "position"))
        if part != self._last[0]:
            self._close_part(part)
        if position != self._last[1] + 1:
            self._broken(part, position, f"expected position {self._last[1] + 1}")
        self._last = (part, position)
        route = self._cell(cells, "route_key")
        if part_of(route) != part:
            self._broken(part, position, f"its route belongs in part {part_of(route)}")
        self._digest(cells, part, position, route)
        if self._cell(cells, "event_type") == ERASED:
            self._erasure(cells, route)
        if position <= self._here.get(part, 0):
            self._same(cells, part, position)
        self.found.events += 1

    def _close_part(self, following: int) -> None:
        """Check that every part up to the next one has all events its head counts."""
        part, position = self._last
        if following <= part:
            raise Damaged(self._archive.path, f"part {following} comes after part {part}")
        for passed in range(part, following):
            expected, actual = self.found.heads.get(passed, 0), position if passed == part else 0
            if expected != actual:
                raise Damaged(
                    self._archive.path,
                    f"part {passed} has {counted(actual, 'event')}, its head counts {expected}",
                )
        self._last = (following, 0)

    def _digest(self, cells: Cells, part: int, position: int, route: str) -> None:
        payload, salt = cells[self._at["event_data"]], cells[self._at["payload_salt"]]
        if payload is None and salt is None:
            self._missing.append((route, self._cell(cells, "id"), f"part {part}, position {position}"))
        elif payload is None or salt is None:
            self._broken(part, position, "its payload or its salt is missing, but not both")
        elif digest(_bytes(salt), payload) != _bytes(self._cell(cells, "payload_digest")):
            self._broken(part, position, "its payload does not match its digest")

    def _erasure(self, cells: Cells, route: str) -> None:
        erasure = json.loads(cells[self._at["event_data"]] or "{}")
        self._routes |= {route, *erasure.get("customer_ids", ())}
        self._ids |= set(erasure.get("event_ids", ()))

    def _account(self) -> None:
        for route, event_id, place in self._missing:
            if route not in self._routes and event_id not in self._ids:
                raise Damaged(
                    self._archive.path,
                    f"the payload of {place} is missing, but no {ERASED} event covers it",
                )

    def _same(self, cells: Cells, part: int, position: int) -> None:
        here = list(next(self._rows_here, ()))
        self.found.present += 1
        if here == list(cells):
            return
        forgotten = list(here)
        for name in ("event_data", "payload_salt"):
            forgotten[self._at[name]] = None
        if forgotten == list(cells):
            self.found.erased_since.append((part, position))
            return
        raise ArchiveDiffers(
            f"another log is here: its event at part {part}, position {position} is not the archive's; "
            "nothing was changed. Import into an empty log"
        )

    def _cell(self, cells: Cells, name: str) -> str:
        cell = cells[self._at[name]]
        if cell is None:
            raise Damaged(self._archive.path, f"an event has no {name}")
        return cell

    def _broken(self, part: int, position: int, what: str) -> None:
        raise Damaged(self._archive.path, f"event at part {part}, position {position}: {what}")


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("\\x"))
