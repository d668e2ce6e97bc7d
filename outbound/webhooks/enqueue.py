"""Queue deliveries: each event that an endpoint subscribed to becomes one background job."""

from datetime import datetime

import structlog

from jobs import enqueue
from outbound.webhooks.destinations import AnyConnection, Destination, endpoints, rows
from queries.log_tail import events_after

logger = structlog.get_logger(__name__)

JOB = "outgoing.deliver"
MAX_RETRIES = 15  # with the queue's backoff about half a day
BATCH = 100
MOST_BATCHES = 50


def follow(conn: AnyConnection, *, now: datetime) -> dict[str, int]:
    """Queue new events. `conn` is in autocommit: each batch is a transaction.

    The vector moves in the transaction that queues, and a job's key names endpoint and event: so
    no event is lost or queued twice, however often this is killed. An endpoint whose batch
    fails is counted as `failed` and does not stop the others.
    """
    queued = failed = 0
    enabled = [destination for destination in endpoints(conn) if destination.disabled_at is None]
    for endpoint in enabled:
        try:
            queued += _follow(conn, endpoint, now)
        except Exception:
            if conn.closed:
                raise
            logger.exception("outgoing.not_followed", endpoint_id=str(endpoint.id))
            failed += 1
    return {"endpoints": len(enabled), "queued": queued} | ({"failed": failed} if failed else {})


def _follow(conn: AnyConnection, endpoint: Destination, now: datetime) -> int:
    """Queue the new events of one endpoint; returns how many."""
    queued = 0
    for _ in range(MOST_BATCHES):
        more, count = _batch(conn, endpoint, now)
        queued += count
        if not more:
            break
    return queued


def _batch(conn: AnyConnection, endpoint: Destination, now: datetime) -> tuple[bool, int]:
    with conn.transaction():
        locked = rows(conn, "lock_endpoint", id=endpoint.id)
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
                {"endpoint_id": str(destination.id), "part": row["part"], "position": row["position"]},
                now=now,
                max_retries=MAX_RETRIES,
                dedupe_key=f"{JOB}:{destination.id}:{row['id']}",
            )
        rows(conn, "move_endpoint", id=destination.id, followed_to=list(page.vector))
    return True, len(page.events)
