"""Findings of a verification: each place where the log differs from its checkpoints."""

from dataclasses import dataclass, field
from typing import NamedTuple


class CheckpointClaim(NamedTuple):
    """The size and root of one part in a signed checkpoint."""

    size: int
    root: bytes
    by: str


@dataclass(frozen=True, slots=True, order=True)
class LogFinding:
    """A problem. `position` is the first wrong row of the part; 0 for a problem of the tree or a
    checkpoint. `part` is -1 for a problem of no single part."""

    part: int
    position: int
    what: str

    def __str__(self) -> str:
        if self.part < 0:
            return self.what
        where = f"part {self.part}" + (f", position {self.position}" if self.position else "")
        return f"{where}: {self.what}"


class ErasedEvent(NamedTuple):
    """An event without its payload; `recorded` is microseconds."""

    part: int
    position: int
    event_id: str
    route_key: str
    recorded: int


@dataclass(slots=True)
class PartReport:
    """The result of verifying one part."""

    part: int
    events: int = 0
    sealed: int = 0
    head: int = 0
    findings: list[LogFinding] = field(default_factory=list)
    erased: list[ErasedEvent] = field(default_factory=list)


@dataclass(slots=True)
class VerificationReport:
    """The result of verifying the whole log; valid without findings.

    `events` were read and hashed again; `unsealed` events are newer than the tree.
    `note` is the newest valid checkpoint, at which the next run may begin.
    """

    events: int = 0
    unsealed: int = 0
    erased: int = 0
    checkpoints: int = 0
    note: str | None = None
    findings: list[LogFinding] = field(default_factory=list)

    @property
    def first(self) -> LogFinding | None:
        """The first wrong row; without one, the first other finding."""
        rows = [finding for finding in self.findings if finding.position]
        return min(rows or self.findings, default=None)
