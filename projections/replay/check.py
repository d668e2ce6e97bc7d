"""`--check` and `--diff`: rebuild to the checkpoints of the live tables and compare, without a swap."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from time import monotonic, sleep

from projections import store
from projections.replay import build as building
from projections.replay import shadow
from projections.replay.access import AccessChange, access_changes
from projections.replay.digest import expected, summed
from projections.replay.errors import ProjectorBehind
from projections.replay.leftovers import delete_leftovers
from projections.replay.observer import Observer, Silent
from projections.replay.one_user import load_user
from projections.replay.plan import CHECKED, Options
from projections.replay.statements import Connection, do, one, rows, session
from projections.replay.table_diff import MAX_KEPT, Side, ValueDifference, compare_tables, with_user_ids

PATIENCE_S = 60.0
LOOK_AGAIN_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A rebuild at `heads` compared with the live tables. At most the first 10,000 differences are kept."""

    heads: tuple[int, ...]
    differences: list[ValueDifference]
    more: int
    access: list[AccessChange]
    duration_ms: int

    @property
    def equal(self) -> bool:
        return not self.differences


def compare(
    conninfo: str,
    *,
    options: Options,
    observer: Observer | None = None,
    table: str | None = None,
    user_id: str | None = None,
) -> Comparison:
    """Rebuild up to the live checkpoints, compare every row, and drop the rebuilt tables.

    With `user_id` only that user is rebuilt and compared, with `table` only that table is compared.
    Leaves no changes behind. Raises: ReplayError and its subclasses.
    """
    watching = observer or Silent()
    began = monotonic()
    with building.only_one(conninfo) as conn, _settled(conninfo) as live:
        delete_leftovers(conn, options.work_dir)
        pins = store.checkpoints(live)
        job = building.new_job(conn, pins, schema=CHECKED, options=options)
        try:
            scope = None
            if user_id is not None:
                scope = load_user(conn, live, job, user_id)
            else:
                snapshot = one(live, "replay_export")[0]
                building.build(conninfo, job, snapshot=snapshot, options=options, observer=watching)
            watching.stage("comparing", 1)
            sides = Side(live, "public"), Side(conn, CHECKED)
            unequal = compare_tables(*sides, table=table, scope=scope)
            differences = with_user_ids(list(islice(unequal, MAX_KEPT)), *sides)
            more = sum(1 for _ in unequal)
            if table is None and user_id is None:
                differences += _digest_difference(live)
            changes = access_changes({difference.user_id for difference in differences}, *sides)
        finally:
            shadow.drop(conn, CHECKED)
            building.clean(job, options)
            delete_leftovers(conn, options.work_dir)
    return Comparison(
        heads=tuple(pins[part] for part in sorted(pins)),
        differences=differences,
        more=more,
        access=changes,
        duration_ms=round((monotonic() - began) * 1000),
    )


def _digest_difference(live: Connection) -> list[ValueDifference]:
    """The running sum of digests, if it differs from the sum over the states."""
    recorded, actual = expected(live), summed(live)
    if recorded == actual:
        return []
    return [ValueDifference("projection_digests", "(all)", "digest", f"{recorded:064x}", f"{actual:064x}")]


@contextmanager
def _settled(conninfo: str) -> Iterator[Connection]:
    """A snapshot in which every user's rows are written under the present catalog, so that the live
    tables are a function of their checkpoints. Raises: ProjectorBehind."""
    began = monotonic()
    while True:
        with session(conninfo) as live, live.transaction():
            do(live, "replay_stand_still")
            if not rows(live, "replay_unsettled"):
                yield live
                return
        if monotonic() - began > PATIENCE_S:
            raise ProjectorBehind(PATIENCE_S)
        sleep(LOOK_AGAIN_S)
