"""One delivery: build, sign, send to a checked address, and classify the response.

Only a 2xx is success; a redirect is a failure, since its target is not the subscribed destination. 410
means the receiver is gone for good: the destination is disabled. The response's body is never read.
"""

import ssl
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpcore
import orjson

from events.domain import SOURCE, without_reason
from events.statements import AnyConnection
from jobs import JobContext, JobResult, JobType
from jobs.errors import Postponed
from outbound.webhooks.destinations import Destination, disable, find, rows, secrets
from outbound.webhooks.enqueue import JOB
from outbound.webhooks.errors import AddressRefused, WebhookNotDelivered
from outbound.webhooks.signing import headers
from outbound.webhooks.ssrf_guard import GuardedBackend

TIMEOUT_S = 10.0
LIMIT_S = 60.0
GONE = 410
WAIT_DISABLED = timedelta(hours=1)

# (url, headers, body) to the HTTP status. Raises: AddressRefused, WebhookNotDelivered.
Send = Callable[[str, dict[str, str], bytes], int]


def deliver_job(send: Send | None = None) -> JobType:
    """The job type that delivers; `send` is the network."""
    sending = send or sender(GuardedBackend())

    def handle(context: JobContext) -> JobResult:
        return _deliver(context, sending)

    return JobType(JOB, handle, limit_s=LIMIT_S)


def sender(backend: httpcore.NetworkBackend, *, trust: ssl.SSLContext | None = None) -> Send:
    """A `Send` that uses that backend, without proxy, redirect or cookie."""

    def send(url: str, request_headers: dict[str, str], body: bytes) -> int:
        pool = httpcore.ConnectionPool(
            ssl_context=trust or ssl.create_default_context(),
            network_backend=backend,
            max_connections=1,
            max_keepalive_connections=0,
        )
        limits = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT_S)
        try:
            with (
                pool,
                pool.stream(
                    "POST",
                    url,
                    headers=list(request_headers.items()),
                    content=body,
                    extensions={"timeout": limits},
                ) as answer,
            ):
                return answer.status
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as problem:
            raise WebhookNotDelivered(f"{type(problem).__name__}: {problem}"[:300]) from None

    return send


def _deliver(context: JobContext, send: Send) -> JobResult:
    job, conn = context.job, context.conn
    destination = find(conn, UUID(job.payload["destination_id"]))
    if destination is None:
        return JobResult({"why": "the destination was removed"}, status="cancelled")
    if destination.disabled_at is not None:
        raise Postponed(WAIT_DISABLED, "the destination is disabled")
    event_id, body = _message(conn, destination, job.payload)
    now = context.clock()
    request_headers = headers(event_id, body, secrets=secrets(conn, destination.id, now=now), at=now)
    request_headers |= {"content-type": "application/json", "user-agent": "Tenure"}
    try:
        status = send(destination.url, request_headers, body)
    except AddressRefused as refused:
        raise WebhookNotDelivered(str(refused)) from None
    if status == GONE:
        disable(conn, destination.id, now=now, reason="the receiver answered 410 Gone")
        return JobResult({"status": status}, status="cancelled")
    if not 200 <= status < 300:
        raise WebhookNotDelivered(f"expected 2xx, found {status}")
    return JobResult({"status": status})


def _public(source: str, body: str) -> str:
    return without_reason(body) if source == SOURCE else body


def _message(conn: AnyConnection, destination: Destination, place: dict[str, Any]) -> tuple[str, bytes]:
    """(id, body): the same bytes at every attempt, so that the receiver sees one message.

    Any: JSON values.
    """
    row = rows(conn, "event_to_send", part=place["part"], position=place["position"])[0]
    body = row.pop("event_data")
    if destination.include_data:
        row["event_data"] = None if body is None else orjson.Fragment(_public(row["source_system"], body))
    message = {"type": row["event_type"], "timestamp": row["occurred_at"], "data": row}
    return str(row["id"]), orjson.dumps(message, default=str, option=orjson.OPT_UTC_Z)
