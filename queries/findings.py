"""What a verification found: each place where the log is not what was promised."""

from dataclasses import dataclass, field
from typing import NamedTuple


class CheckpointClaim(NamedTuple):
    """What a signed checkpoint says of one part."""

    size: int
    root: bytes
    by: str


@dataclass(frozen=True, slots=True, order=True)
class LogFinding:
    """Something wrong. `position` is the first wrong row of the part; 0 when it is no row but the
    tree or a checkpoint. `part` is -1 when it is no part's."""

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
    """What one part was found to be."""

    part: int
    events: int = 0
    sealed: int = 0
    head: int = 0
    findings: list[LogFinding] = field(default_factory=list)
    erased: list[ErasedEvent] = field(default_factory=list)


@dataclass(slots=True)
class VerificationReport:
    """What the whole log was found to be; good without findings.

    `events` were read and hashed again, `unsealed` of all events are younger than the tree.
    `note` is the newest good checkpoint, which the next run may begin at.
    """

    events: int = 0
    unsealed: int = 0
    erased: int = 0
    checkpoints: int = 0
    note: str | None = None
    findings: list[LogFinding] = field(default_factory=list)

    @property
    def first(self) -> LogFinding | None:
        """The first wrong row; without one, the first of what else is wrong."""
        rows = [found for found in self.findings if found.position]
        return min(rows or self.findings, default=None)
