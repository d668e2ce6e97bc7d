"""`replay`: plan, build, dress, catch up, swap, receipt."""

from dataclasses import dataclass
from time import monotonic

from events.append import append
from events.clock import Clock, utc_now
from events.domain import system, system_event
from events.routing import PARTS
from events.statements import AnyConnection
from projections import store
from projections.code_version import projector_version
from projections.projector import Projector
from projections.replay import build as building
from projections.replay import shadow
from projections.replay.build import Built
from projections.replay.digest import expected, summed
from projections.replay.errors import DigestDiffers, LogIncomplete, UnknownUser
from projections.replay.leftovers import delete_leftovers
from projections.replay.observer import Observer, Silent
from projections.replay.plan import SHADOW, Options, ReplayPlan
from projections.replay.statements import Connection, count, do, look_into, rows, session
from projections.replay.swap import swap
from projections.replay.tables import REBUILT

CATCH_UP_EVENTS = 4000
SMALL_TAIL = 500
MAX_ROUNDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The tables that a replay swapped in. `heads` is how far they are projected, by part."""

    run_id: str
    heads: tuple[int, ...]
    rows: dict[str, int]
    digest: str
    events: int
    duration_ms: int


def replay(
    conninfo: str, *, options: Options, observer: Observer | None = None, clock: Clock = utc_now
) -> Replayed:
    """Rebuild every projected table from the log and swap them in, without interrupting the endpoints.

    Runs as the tables' owner. Raises: ReplayError and its subclasses; the live tables are unchanged then.
    """
    watching = observer or Silent()
    began = monotonic()
    with building.only_one(conninfo) as conn:
        if SHADOW in delete_leftovers(conn, options.work_dir).schemas:
            watching.notice("a replay was left unfinished but a person was erased since: starting afresh")
        built = _build(conninfo, conn, options, watching)
        building.clean(built.job, options)  # indexes need the disk space
        watching.stage("indexing", 1)
        shadow.dress(conninfo, built.job.schema, workers=options.workers)
        watching.stage("catching up", 1)
        with session(conninfo, built.job.schema) as shadowed:
            done = _take_over(shadowed, built, began, clock)
        delete_leftovers(conn, options.work_dir)
        return done


def rebuild_user(conninfo: str, user_id: str) -> None:
    """Refold one user's whole history and write all their rows again, in the live tables.

    The user's links do not change. Raises: UnknownUser.
    """
    with session(conninfo) as conn, conn.transaction():
        do(conn, "replay_distrust", user_id=user_id)
        Projector().retry(conn, [user_id])
        if not rows(conn, "replay_has_user", user_id=user_id):
            raise UnknownUser(user_id)


def _build(conninfo: str, conn: Connection, options: Options, observer: Observer) -> Built:
    job = building.resumable(conn, schema=SHADOW, options=options, observer=observer)
    with session(conninfo) as reader, building.exported(reader) as snapshot:
        if job is None:
            job = building.new_job(conn, building.heads(reader), schema=SHADOW, options=options)
        try:
            return building.build(conninfo, job, snapshot=snapshot, options=options, observer=observer)
        except (LogIncomplete, DigestDiffers):
            # Resuming with pieces that do not add up would fail the same way each time.
            shadow.drop(conn, SHADOW)
            building.clean(job, options)
            raise


def _take_over(shadowed: Connection, built: Built, began: float, clock: Clock) -> Replayed:
    """Project the events since the snapshot, then swap; the receipt is in the same transaction."""
    job = built.job
    projector = Projector()
    for _ in range(MAX_ROUNDS):
        if _catch_up(shadowed, projector) <= SMALL_TAIL:
            break
    receipt: list[Replayed] = []

    def last() -> None:
        look_into(shadowed, job.schema)
        while _catch_up(shadowed, projector):
            pass
        receipt[:] = [_done(shadowed, job, began)]

    swap(shadowed, job.schema, last=last, after=lambda: _append_receipt(shadowed, receipt[0], clock))
    return receipt[0]


def _catch_up(conn: Connection, projector: Projector) -> int:
    """One round: how many events were projected or, at the end of the log, users written again."""
    with conn.transaction():
        report = projector.project(conn, parts=PARTS, limit=CATCH_UP_EVENTS // PARTS)
        if report.events == 0:
            return projector.refresh(conn, limit=CATCH_UP_EVENTS).users
    return report.events


def _done(conn: AnyConnection, job: ReplayPlan, began: float) -> Replayed:
    """The outcome, counted while projectors are paused but readers are not yet."""
    reached = store.checkpoints(conn)
    digest = summed(conn)
    if (recorded := expected(conn)) != digest:
        raise DigestDiffers(recorded, digest)
    do(conn, "replay_set_digests", digest=digest)
    return Replayed(
        run_id=job.run_id,
        heads=tuple(reached[part] for part in sorted(reached)),
        rows={table: count(conn, table) for table in REBUILT},
        digest=f"{digest:064x}",
        events=sum(reached.values()),
        duration_ms=round((monotonic() - began) * 1000),
    )


def _append_receipt(conn: AnyConnection, done: Replayed, clock: Clock) -> None:
    fact = system.ProjectionReplayed(
        heads=done.heads,
        projector_version=projector_version(),
        rows=done.rows,
        digest=done.digest,
        duration_ms=done.duration_ms,
    )
    key = f"projection.replayed:{done.run_id}"
    append(conn, system_event(fact, aggregate_id=done.run_id, now=clock(), idempotency_key=key))
