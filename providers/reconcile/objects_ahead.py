"""Record users whose Stripe objects are ahead of the log where no snapshot may or can heal them.

The projector shows `billing_sync_status = stale` from that event until an event about the object or the
next complete comparison clears it.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from zlib import crc32

import structlog

from events.domain.user import DriftObserved
from events.identifiers import key_part
from events.statements import AnyConnection
from handlers.decision import DueFact, settle
from projections.state import State
from providers.reconcile.drift import Drift
from providers.reconcile.statements import rows
from queries.instants import iso

MAX_IDS = 100

logger = structlog.get_logger(__name__)


def record_ahead(conn: AnyConnection, drifts: Iterable[Drift], *, account: str | None, now: datetime) -> None:
    """Append one event per user whose objects ahead have changed since the last comparison, each in its own
    transaction. A user in a busy partition waits for the next comparison.
    """
    objects: dict[str, set[str]] = defaultdict(set)
    for drift in drifts:
        if drift.customer_id is not None:
            objects[drift.customer_id].add(drift.customer_id if drift.kind == "customer" else drift.object_id)
    ahead: dict[str, set[str]] = defaultdict(set)
    for row in rows(conn, "users_ahead", customers=list(objects), owner=account or ""):
        ahead[row["user_id"]] |= objects.get(row["customer_id"], set())
    for user_id, ids in ahead.items():
        try:
            with conn.transaction():
                _record(conn, user_id, tuple(sorted(ids)[:MAX_IDS]), now=now)
        except Exception as problem:  # one user must not end the run for the others
            if conn.closed:
                raise
            logger.warning("reconcile.drift_not_recorded", user_id=user_id, error=type(problem).__name__)


def _record(conn: AnyConnection, user_id: str, ids: tuple[str, ...], *, now: datetime) -> None:
    def due(state: State, at: datetime) -> list[DueFact]:
        if state.ahead == ids:
            return []
        key = f"billing.drift_observed:{key_part(user_id)}:{iso(at)}:{crc32(' '.join(ids).encode()):x}"
        return [DueFact(key, DriftObserved(object_ids=ids))]

    settle(conn, [user_id], due, now=now)
