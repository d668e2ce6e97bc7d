"""`verify`: derive the whole log's hashes again and compare them with its trees and all checkpoints."""

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
from events.statements import AnyConnection, statement
from queries.findings import CheckpointClaim, ErasedEvent, LogFinding, PartReport, VerificationReport
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
    """The report on the log; `progress` is called with the report of each finished part.

    `connect` opens a new connection; with several workers it is sent to other processes, so it must
    be picklable. `trusted` are the caller's trusted keys: the newest checkpoint needs a valid
    signature by one of them. `since` is a note verified before: events under it are not read again.
    `kept` are notes stored outside the database: the log must still contain them.

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
    """The checkpoints, newest first: validly signed, equal to their notes, and numbered without gaps.

    Numbers that retention removed are in a note that the log's keys signed; any other gap is a finding.

    Trust extends back along rotations: a checkpoint signed by a trusted key and by an older one
    makes the older key trusted for earlier checkpoints. The trees verify their content in any case.
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
        """Check all checkpoints, or those since the one to begin at."""
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
            verified = verify_checkpoint(stored.note, self._trusted)
        except SealError as problem:
            return str(problem)
        checkpoint = verified.checkpoint
        if (checkpoint.signed_at, checkpoint.size, checkpoint.root) != (
            stored.signed_at,
            stored.size,
            stored.root,
        ):
            return "its columns differ from its signed note"
        if checkpoint.origin != self._origin:
            return f"signed by {checkpoint.origin}, but the log is {self._origin}"
        if later is not None and later.signed_at < checkpoint.signed_at:
            return "signed later than the one that follows it"
        if later is not None and later.note == stored.note:
            return "the one that follows it once more"
        self._trusted |= _cosigners(stored, checkpoint.origin)
        return None

    def _require(self, first: int, last: int) -> None:
        """Report the numbers that are missing without a signed removal."""
        for start, end in self._missing(first, last):
            self.findings.append(LogFinding(-1, 0, f"checkpoints {start} to {end} are missing"))

    def _missing(self, first: int, last: int) -> list[Span]:
        if first > last:
            return []
        missing = _without(first, last, self._removed)
        if missing:  # retention may have removed more meanwhile
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
    """The numbers from first to last that no ascending span covers."""
    uncovered = []
    for start, end in spans:
        if start > last:
            break
        if start > first:
            uncovered.append((first, start - 1))
        first = max(first, end + 1)
    return [*uncovered, (first, last)] if first <= last else uncovered


def _cosigners(stored: StoredCheckpoint, origin: str) -> set[VerifierKey]:
    """The other keys of the log that validly signed the same note."""
    try:
        named = [parse_verifier_key(text) for text in stored.verifiers]
        note = parse_note(stored.note)
    except SealError:
        return set()
    signatures = {(signature.name, signature.key_id): signature.signature for signature in note.signatures}
    message = note.text.encode()
    return {
        key
        for key in named
        if key.name == origin and key.verifies(signatures.get((key.name, key.key_id), b""), message)
    }


class _Task(tuple[int, int, int, frozenset[int], tuple[CheckpointClaim, ...], CheckpointClaim | None]):
    """The arguments of one part's verification."""


def _task(part: int, signed: _Signed, begun: Checkpoint | None, outside: Sequence[Checkpoint]) -> _Task:
    kept = tuple(_promise(checkpoint, part, "a kept checkpoint") for checkpoint in outside)
    begin = None if begun is None else _promise(begun, part, "the checkpoint to begin at")
    if begin is not None:
        kept = tuple(promise for promise in kept if promise.size >= begin.size)
    return _Task((part, signed.since, signed.upto, frozenset(signed.distrusted), kept, begin))


def _promise(checkpoint: Checkpoint, part: int, name: str) -> CheckpointClaim:
    return CheckpointClaim(
        checkpoint.heads[part].size,
        checkpoint.heads[part].root,
        f"{name} of {checkpoint.signed_at:%Y-%m-%dT%H:%M:%SZ}",
    )


def _run(connect: Connect, tasks: list[_Task], workers: int) -> Iterator[PartReport]:
    if workers < 2:
        with connect() as conn:
            for task in tasks:
                yield _verified_by(conn, task)
                conn.rollback()  # each part is read in its own snapshot
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
    """Payloads that are missing without a privacy.erased event."""
    if not erased:
        return []
    routes: dict[str, int] = {}  # route to the instant of its erasure, by releases before `through`
    through: dict[str, int] = {}  # route to the last position covered, in its only part
    event_ids: set[str] = set()
    with conn.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(statement("queries", "erasures")).fetchall()
    for _, _, route, recorded, payload in rows:
        erasure = json.loads(payload) if payload else {}
        for name in (route, *erasure.get("customer_ids", ())):
            covered = erasure.get("through", {}).get(str(part_of(name)))
            into, upto = (routes, recorded) if covered is None else (through, covered)
            into[name] = max(upto, into.get(name, 0))
        event_ids.update(erasure.get("event_ids", ()))
    return [
        LogFinding(one.part, one.position, "its payload is missing without a privacy.erased event")
        for one in erased
        if one.event_id not in event_ids
        and one.recorded > routes.get(one.route_key, -1)
        and one.position > through.get(one.route_key, 0)
    ]
