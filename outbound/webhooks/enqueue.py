"""From the log to the queue: each event an endpoint subscribed to becomes one background job."""

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
    """Queue what came since the last time. `conn` is in autocommit: a batch is a transaction.

    The vector moves in the transaction that queues, and a job's key names endpoint and event: so
    nothing is lost and nothing queued twice, however often this is killed. An endpoint whose batch
    fails is counted as `failed` and stops no other.
    """
    queued = failed = 0
    found = [each for each in endpoints(conn) if each.disabled_at is None]
    for endpoint in found:
        try:
            queued += _follow(conn, endpoint, now)
        except Exception:
            if conn.closed:
                raise
            logger.exception("outgoing.not_followed", endpoint_id=str(endpoint.id))
            failed += 1
    return {"endpoints": len(found), "queued": queued} | ({"failed": failed} if failed else {})


def _follow(conn: AnyConnection, endpoint: Destination, now: datetime) -> int:
    """How many events were queued for this endpoint."""
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
        held = Destination(**locked[0])
        found = events_after(
            conn,
            held.followed_to,
            types=held.event_types,
            live_only=held.live_only,
            bodies=False,
            limit=BATCH,
        )
        if not found.looked_at:
            return False, 0
        for row in found.events:
            enqueue(
                conn,
                JOB,
                {"endpoint_id": str(held.id), "part": row["part"], "position": row["position"]},
                now=now,
                max_retries=MAX_RETRIES,
                dedupe_key=f"{JOB}:{held.id}:{row['id']}",
            )
        rows(conn, "move_endpoint", id=held.id, followed_to=list(found.vector))
    return True, len(found.events)
