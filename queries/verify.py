"""`verify`: the whole log derived again and held against its trees and every signed checkpoint."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import AbstractContextManager, suppress

from psycopg.rows import tuple_row

from events import child_processes
from events.routing import part_of
from events.seals.checkpoint import PARTS, Checkpoint, verify_checkpoint
from events.seals.errors import SealError
from events.seals.keys import VerifierKey, parse_verifier_key
from events.seals.note import parse_note
from events.seals.removal import Span, verify_removal
from events.statements import statement
from queries.findings import CheckpointClaim, ErasedEvent, LogFinding, PartReport, VerificationReport
from queries.rows import AnyConnection
from queries.seals import StoredCheckpoint, checkpoints, origin_of
from queries.verify_part import verify_part

Connect = Callable[[], AbstractContextManager[AnyConnection]]


def verify(
    connect: Connect,
    *,
    trusted: Sequence[VerifierKey],
    since: str | None = None,
    kept: Sequence[str] = (),
    workers: int = 1,
    progress: Callable[[PartReport], None] | None = None,
) -> VerificationReport:
    """The report on the log; `progress` is told each part as it is done.

    `connect` opens a connection of its own; with several workers it goes to other processes, so it
    must be picklable. `trusted` are the keys somebody vouches for: the newest checkpoint needs a
    good signature by one of them. `since` is a note verified before: events under it are taken as
    they are. `kept` are notes that were taken out of reach: the log must still contain them.

    Raises: SealError when `since` or a `kept` note is not signed by a trusted key.
    """
    begun = _verified(since, trusted) if since else None
    outside = [_verified(note, trusted) for note in kept]
    report = VerificationReport()
    with connect() as conn:
        signed = _Signed(conn, trusted, begun)
        signed.check()
    report.findings += signed.findings
    report.checkpoints, report.note = signed.count, signed.note or since
    tasks = [_task(part, signed, begun, outside) for part in range(PARTS)]
    erased: list[ErasedEvent] = []
    for done in _run(connect, tasks, workers):
        report.events += done.events
        report.unsealed += max(0, done.head - done.sealed)
        report.findings += done.findings
        erased += done.erased
        if progress is not None:
            progress(done)
    report.erased = len(erased)
    with connect() as conn:
        report.findings += _unaccounted(conn, erased)
    report.findings.sort()
    return report


class _Signed:
    """The checkpoints, newest first: each well signed, in its own words, and in one unbroken row.

    Numbers that retention removed are in a note that the log's keys signed; any other gap is a finding.

    Trust goes back along rotations: a checkpoint signed by a trusted key and by an older one
    vouches for the older one's earlier checkpoints. Their content is pinned by the trees anyway.
    """

    def __init__(self, conn: AnyConnection, trusted: Iterable[VerifierKey], begun: Checkpoint | None) -> None:
        self._conn = conn
        self._trusted = set(trusted)
        self._begun = begun
        self._origin = origin_of(conn)
        self.findings: list[LogFinding] = []
        self.distrusted: set[int] = set()
        self.count, self.upto, self.since = 0, 0, 0
        self.note: str | None = None
        self._removed: list[Span] = []

    def check(self) -> None:
        """Look at all, or at those since the one it begins at."""
        later: StoredCheckpoint | None = None
        for stored in checkpoints(self._conn):
            if later is None:
                self.upto = stored.number
            if self._begun is not None and stored.note.startswith(self._begun.text() + "\n"):
                self.since = stored.number - 1
                return
            if self._is_behind_removed(stored, later):
                self.since = stored.number
                return
            self.count += 1
            problem = self._problem(stored, later)
            if problem is not None:
                self.distrusted.add(stored.number)
                self.findings.append(LogFinding(-1, 0, f"checkpoint {stored.number}: {problem}"))
            elif self.note is None:
                self.note = stored.note
            later = stored
        if later is not None and self._begun is None:
            self._require(1, later.number - 1)
        if self._begun is not None:
            self.findings.append(
                LogFinding(-1, 0, "the checkpoint to begin at is not in the log: it was removed")
            )

    def _problem(self, stored: StoredCheckpoint, later: StoredCheckpoint | None) -> str | None:
        if later is not None:
            self._require(stored.number + 1, later.number - 1)
        try:
            found = verify_checkpoint(stored.note, self._trusted)
        except SealError as problem:
            return str(problem)
        said = found.checkpoint
        if (said.signed_at, said.size, said.root) != (stored.signed_at, stored.size, stored.root):
            return "its columns say something else than its signed note"
        if said.origin != self._origin:
            return f"signed by {said.origin}, but the log is {self._origin}"
        if later is not None and later.signed_at < said.signed_at:
            return "signed later than the one that follows it"
        if later is not None and later.note == stored.note:
            return "the one that follows it once more"
        self._trusted |= _cosigners(stored, said.origin)
        return None

    def _require(self, first: int, last: int) -> None:
        """Of these numbers each is missing that retention did not sign as removed."""
        for start, end in self._missing(first, last):
            self.findings.append(LogFinding(-1, 0, f"checkpoints {start} to {end} are missing"))

    def _missing(self, first: int, last: int) -> list[Span]:
        if first > last:
            return []
        missing = _without(first, last, self._removed)
        if missing:  # retention may have gone on meanwhile
            self._removed = sorted(self._read_removed())
            missing = _without(first, last, self._removed)
        return missing

    def _read_removed(self) -> Iterator[Span]:
        with self._conn.cursor(row_factory=tuple_row) as cursor:
            rows = cursor.execute(statement("queries", "removals")).fetchall()
        for (payload,) in rows:
            with suppress(SealError, ValueError, KeyError, TypeError):
                note = json.loads(payload)["note"]
                yield from verify_removal(note, self._trusted, origin=self._origin or "").spans

    def _is_behind_removed(self, stored: StoredCheckpoint, later: StoredCheckpoint | None) -> bool:
        """Whether the checkpoint to begin at was signed between these two and removed by retention."""
        if self._begun is None or later is None or stored.signed_at >= self._begun.signed_at:
            return False
        is_gap = later.number - stored.number > 1
        return is_gap and not self._missing(stored.number + 1, later.number - 1)


def _without(first: int, last: int, spans: Iterable[Span]) -> list[Span]:
    """What of the numbers from first to last no ascending span covers."""
    left = []
    for start, end in spans:
        if start > last:
            break
        if start > first:
            left.append((first, start - 1))
        first = max(first, end + 1)
    return [*left, (first, last)] if first <= last else left


def _cosigners(stored: StoredCheckpoint, origin: str) -> set[VerifierKey]:
    """The other keys of the log that signed the same note well."""
    try:
        named = [parse_verifier_key(text) for text in stored.verifiers]
        note = parse_note(stored.note)
    except SealError:
        return set()
    signatures = {(each.name, each.key_id): each.signature for each in note.signatures}
    message = note.text.encode()
    return {
        key
        for key in named
        if key.name == origin and key.verifies(signatures.get((key.name, key.key_id), b""), message)
    }


class _Task(tuple[int, int, int, frozenset[int], tuple[CheckpointClaim, ...], CheckpointClaim | None]):
    """The arguments of one part's verification."""


def _task(part: int, signed: _Signed, begun: Checkpoint | None, outside: Sequence[Checkpoint]) -> _Task:
    kept = tuple(_promise(each, part, "a kept checkpoint") for each in outside)
    begin = None if begun is None else _promise(begun, part, "the checkpoint to begin at")
    if begin is not None:
        kept = tuple(promise for promise in kept if promise.size >= begin.size)
    return _Task((part, signed.since, signed.upto, frozenset(signed.distrusted), kept, begin))


def _promise(said: Checkpoint, part: int, name: str) -> CheckpointClaim:
    return CheckpointClaim(
        said.heads[part].size, said.heads[part].root, f"{name} of {said.signed_at:%Y-%m-%dT%H:%M:%SZ}"
    )


def _run(connect: Connect, tasks: list[_Task], workers: int) -> Iterator[PartReport]:
    if workers < 2:
        with connect() as conn:
            for task in tasks:
                yield _verified_by(conn, task)
                conn.rollback()  # each part is read as one snapshot of its own
        return
    with child_processes.pool(workers) as pool:
        waiting = [pool.submit(_verified_part, connect, task) for task in tasks]
        for done in as_completed(waiting):
            yield done.result()


def _verified_part(connect: Connect, task: _Task) -> PartReport:
    with connect() as conn:
        return _verified_by(conn, task)


def _verified_by(conn: AnyConnection, task: _Task) -> PartReport:
    part, since, upto, distrusted, kept, begin = task
    return verify_part(conn, part, since=since, upto=upto, distrusted=distrusted, kept=kept, begin=begin)


def _verified(note: str, trusted: Sequence[VerifierKey]) -> Checkpoint:
    return verify_checkpoint(note, trusted).checkpoint


def _unaccounted(conn: AnyConnection, erased: list[ErasedEvent]) -> list[LogFinding]:
    """Payloads that are gone though no privacy.erased says so."""
    if not erased:
        return []
    routes: dict[str, int] = {}  # route to when it was erased, by code older than `through`
    through: dict[str, int] = {}  # route to the last position covered, in the one part that it has
    event_ids: set[str] = set()
    with conn.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(statement("queries", "erasures")).fetchall()
    for _, _, route, recorded, payload in rows:
        said = json.loads(payload) if payload else {}
        for name in (route, *said.get("customer_ids", ())):
            covered = said.get("through", {}).get(str(part_of(name)))
            into, upto = (routes, recorded) if covered is None else (through, covered)
            into[name] = max(upto, into.get(name, 0))
        event_ids.update(said.get("event_ids", ()))
    return [
        LogFinding(one.part, one.position, "its payload is gone, but no privacy.erased event says so")
        for one in erased
        if one.event_id not in event_ids
        and one.recorded > routes.get(one.route_key, -1)
        and one.position > through.get(one.route_key, 0)
    ]
