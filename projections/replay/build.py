"""From a plan to filled shadow tables: read, link, fold, and check that no event is missing."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from psycopg import sql

from events import livemode
from events.statements import AnyConnection
from projections.code_version import projector_version
from projections.replay import shadow
from projections.replay.digest import MODULUS, summed
from projections.replay.errors import DigestDiffers, LogIncomplete, ReplayRunning
from projections.replay.folding import fold_bucket
from projections.replay.leftovers import FOLDER
from projections.replay.linking import link_bucket
from projections.replay.observer import Observer
from projections.replay.plan import Options, ReplayPlan, WorkerContext, plan
from projections.replay.progress import WorkOutcome, all_finished, finish, finished
from projections.replay.scan import read_range
from projections.replay.spill import path_of
from projections.replay.statements import Connection, do, look_into, one, rows, session
from projections.replay.worker_pool import WorkerPool

# The stage after which newer events may be projected into the shadow tables.
BUILT = "built"

LETS_GO_S = 3.0
LOOK_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Built:
    """Shadow tables filled up to the plan's pins."""

    job: ReplayPlan
    rows: dict[str, int]
    digest: int


@contextmanager
def only_one(conninfo: str) -> Iterator[Connection]:
    """A session that holds the replay lock of this database. Raises: ReplayRunning.

    Waits a moment for a replay that just ended or was killed: its server process unlocks a little later.
    """
    until = monotonic() + LETS_GO_S
    with session(conninfo) as conn:
        while not one(conn, "replay_lock")[0]:
            if monotonic() > until:
                raise ReplayRunning
            sleep(LOOK_AGAIN_S)
        yield conn


def heads(conn: AnyConnection) -> dict[int, int]:
    """Part to the position of its last event."""
    return dict(rows(conn, "replay_heads"))


def new_job(conn: AnyConnection, pins: dict[int, int], *, schema: str, options: Options) -> ReplayPlan:
    """A plan, and the empty tables it will fill."""
    pages = None if _reads_by_part(conn, options) else one(conn, "replay_pages")[0]
    job = plan(pins, heap_pages=pages, schema=schema, options=options)
    return shadow.create(conn, job)


def resumable(conn: AnyConnection, *, schema: str, options: Options, observer: Observer) -> ReplayPlan | None:
    """The plan of a killed replay that can be resumed; the observer receives the reason when it can't."""
    job = shadow.kept_plan(conn, schema)
    if job is None:
        return None
    if (reason := _stale(conn, job, options)) is not None:
        observer.notice(f"a replay was left unfinished but {reason}: starting afresh")
        return None
    observer.notice("going on with the replay that was left unfinished")
    return job


def _stale(conn: AnyConnection, job: ReplayPlan, options: Options) -> str | None:
    if job.version != projector_version():
        return "by another version of the projector"
    if job.live_only != livemode.live_only():
        return "with another livemode"
    if job.is_by_part != _reads_by_part(conn, options):
        return "of a log that lay elsewhere"
    now = heads(conn)
    if any(now.get(part, 0) < position for part, position in job.pins.items()):
        return "of another log"
    look_into(conn, job.schema)
    is_built = finished(conn, BUILT, 0) is not None
    done = {} if is_built else {stage: all_finished(conn, stage) for stage in ("read", "link")}
    look_into(conn, "public")
    for stage, outcomes in done.items():
        for number, outcome in outcomes.items():
            path = path_of(_folder(options, job), stage, number)
            if not path.is_file() or path.stat().st_size != outcome.bytes:
                return f"its file {path.name} is gone"
    return None


def _reads_by_part(conn: AnyConnection, options: Options) -> bool:
    """True if the log is read by part: a log on several nodes has no heap pages."""
    if options.by_part is not None:
        return options.by_part
    return bool(one(conn, "replay_has_nodes")[0]) and bool(rows(conn, "replay_is_on_nodes"))


def build(conninfo: str, job: ReplayPlan, *, snapshot: str, options: Options, observer: Observer) -> Built:
    """Fill the shadow tables. Raises: LogIncomplete, DigestDiffers, WorkersLost."""
    context = WorkerContext(job, conninfo, snapshot, _folder(options, job))
    _make_folder(context.folder)  # missing when a killed replay is resumed on another machine
    stages = (
        ("reading the log", read_range, job.ranges, job.events),
        ("linking customers", link_bucket, job.buckets, job.buckets),
        ("folding users", fold_bucket, job.buckets, None),
    )
    total = job.events
    with (
        session(conninfo, job.schema) as conn,
        WorkerPool(context, workers=options.workers, observer=observer) as crew,
    ):
        if (earlier := finished(conn, BUILT, 0)) is not None:
            return Built(job, earlier.rows, int(earlier.digest, 16))
        for (name, piece, pieces, amount), stage in zip(stages, ("read", "link", "fold"), strict=True):
            done = all_finished(conn, stage)
            observer.stage(name, total if amount is None else amount)
            remaining = [number for number in range(pieces) if number not in done]
            crew.run(piece, remaining, stage=name)
            if stage == "read":
                _nothing_missing(job, all_finished(conn, "read"))
        built = _built(job, all_finished(conn, "link"), all_finished(conn, "fold"))
        if (actual := summed(conn)) != built.digest:
            raise DigestDiffers(built.digest, actual)
        with conn.transaction():
            do(conn, "replay_set_digests", digest=built.digest)
            finish(conn, BUILT, 0, WorkOutcome(rows=built.rows, digest=f"{built.digest:x}"))
    return built


def clean(job: ReplayPlan, options: Options) -> None:
    """Remove the files between the stages."""
    shutil.rmtree(_folder(options, job), ignore_errors=True)


@contextmanager
def exported(conn: Connection) -> Iterator[str]:
    """An exported snapshot that workers can use until the block ends."""
    with conn.transaction():
        conn.execute(sql.SQL("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        yield one(conn, "replay_export")[0]


def _nothing_missing(job: ReplayPlan, outcomes: dict[int, WorkOutcome]) -> None:
    """Check that each part has as many events as its pin: positions have no gaps."""
    counts: Counter[int] = Counter()
    for outcome in outcomes.values():
        counts.update(outcome.parts)
    for part, expected in job.pins.items():
        if counts[part] != expected:
            raise LogIncomplete(part, expected, counts[part])


def _built(job: ReplayPlan, linked: dict[int, WorkOutcome], folded: dict[int, WorkOutcome]) -> Built:
    counts: Counter[str] = Counter()
    digest = 0
    for outcome in (*linked.values(), *folded.values()):
        counts.update(outcome.rows)
        digest += int(outcome.digest, 16)
    return Built(job, dict(counts), digest % MODULUS)


def _make_folder(folder: Path) -> None:
    """Create it with mode 0700 regardless of the umask: it will contain personal data of all users."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)  # an earlier release may have created it


def _folder(options: Options, job: ReplayPlan) -> Path:
    return options.work_dir / f"{FOLDER}{job.run_id}"
