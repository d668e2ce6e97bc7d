"""Queue deliveries: each event that a destination subscribed to becomes one background job."""

from datetime import datetime

import structlog

from events.statements import AnyConnection
from jobs import enqueue
from outbound.webhooks.destinations import Destination, all_destinations, rows
from queries.log_tail import events_after

logger = structlog.get_logger(__name__)

JOB = "outgoing.deliver"
MAX_RETRIES = 15  # with the queue's backoff about half a day
BATCH = 100
MAX_BATCHES = 50


def follow(conn: AnyConnection, *, now: datetime) -> dict[str, int]:
    """Queue new events. `conn` is in autocommit: each batch is a transaction.

    The vector moves in the transaction that queues, and a job's key names destination and event: so
    no event is lost or queued twice, however often this is killed. A destination whose batch
    fails is counted as `failed` and does not stop the others.
    """
    queued = failed = 0
    enabled = [destination for destination in all_destinations(conn) if destination.disabled_at is None]
    for destination in enabled:
        try:
            queued += _follow(conn, destination, now)
        except Exception:
            if conn.closed:
                raise
            logger.exception("outgoing.not_followed", destination_id=str(destination.id))
            failed += 1
    return {"destinations": len(enabled), "queued": queued} | ({"failed": failed} if failed else {})


def _follow(conn: AnyConnection, destination: Destination, now: datetime) -> int:
    """Queue the new events of one destination; returns how many."""
    queued = 0
    for _ in range(MAX_BATCHES):
        more, count = _batch(conn, destination, now)
        queued += count
        if not more:
            break
    return queued


def _batch(conn: AnyConnection, destination: Destination, now: datetime) -> tuple[bool, int]:
    with conn.transaction():
        locked = rows(conn, "lock_destination", id=destination.id)
        if not locked:
            return False, 0
        destination = Destination(**locked[0])
        page = events_after(
            conn,
            destination.followed_to,
            types=destination.event_types,
            bodies=False,
            limit=BATCH,
        )
        if not page.looked_at:
            return False, 0
        for row in page.events:
            enqueue(
                conn,
                JOB,
                {"destination_id": str(destination.id), "part": row["part"], "position": row["position"]},
                now=now,
                max_retries=MAX_RETRIES,
                dedupe_key=f"{JOB}:{destination.id}:{row['id']}",
            )
        rows(conn, "move_destination", id=destination.id, followed_to=list(page.vector))
    return True, len(page.events)
