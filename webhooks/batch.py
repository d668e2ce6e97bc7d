"""A batch of waiting deliveries, answered after one transaction.

A transaction and its round trip cost nearly the same for one delivery as for ten. No delivery waits for
others: a batch contains the deliveries that are waiting. One that a batch can't answer at once (a body that
is not an event, a head locked by another transaction) falls back to a transaction of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter, sleep

import psycopg
import structlog

from events.append import append_skipping_locked
from events.envelope import Appended, NewEvent
from events.errors import UnreadablePayload
from webhooks.delivery import Delivery
from webhooks.endpoint import WebhookEndpoint, accepted, refused, request_id_of
from webhooks.errors import DatabaseAway, WebhookError
from webhooks.responses import WebhookResponse
from webhooks.store import REFUSALS, Pool, StoredDelivery, run_on_pool
from webhooks.verification import Headers, Verified, as_body

TOGETHER = "tenure.together"  # key of the app's extension that answers deliveries in batches
POOL_TIMEOUT_S = (
    3.0  # requests queued behind the batch wait up to twice this long and must still get their 503
)

# Another batch locks a partition for a few milliseconds. An event whose partition stays locked through these
# pauses is appended alone.
PAUSES_S = (0.0, 0.001, 0.002, 0.004, 0.008)

_logger = structlog.get_logger("tenure.webhooks")


@dataclass(frozen=True, slots=True)
class Post:
    """A complete delivery: the endpoint's path, headers, body, and when it was complete."""

    path: str
    headers: Headers
    body: bytes
    began: float  # of perf_counter


@dataclass(frozen=True, slots=True)
class Answered:
    """The response to one delivery, and what to record once it is sent."""

    answer: WebhookResponse
    request_id: str
    delivery: Delivery
    seconds: float


@dataclass(frozen=True, slots=True)
class _Signed:
    nth: int
    endpoint: WebhookEndpoint
    request_id: str
    verified: Verified
    event: NewEvent


class DeliveryBatch:
    """Both endpoints for a batch of deliveries; each statement of the pool's connections commits itself."""

    def __init__(
        self,
        endpoints: Iterable[WebhookEndpoint],
        pool: Pool,
        *,
        observe: Callable[[int, bool], None] | None = None,
    ) -> None:
        """`observe` is called per batch: the number of deliveries appended, and whether there were any."""
        self._endpoints = {endpoint.path: endpoint for endpoint in endpoints}
        self._pool = pool
        self._observe = observe

    def has_endpoint(self, path: str) -> bool:
        return path in self._endpoints

    def answers(self, posts: Sequence[Post]) -> list[Answered | None]:
        """One response per delivery, in order; None: handle it alone. An acknowledged delivery is durable."""
        answered: list[Answered | None] = [None] * len(posts)
        signed = []
        for nth, post in enumerate(posts):
            read = self._read(nth, post)
            if isinstance(read, _Signed):
                signed.append(read)
            else:
                answered[nth] = read
        started = perf_counter()
        try:
            appended = self._append([one.event for one in signed])
        except DatabaseAway as away:
            for one in signed:
                delivery, answer = refused(one.endpoint.source, away)
                seconds = perf_counter() - posts[one.nth].began
                answered[one.nth] = Answered(answer, one.request_id, delivery, seconds)
            return answered
        append_s = perf_counter() - started
        for one, row in zip(signed, appended, strict=True):
            if row is None:
                continue
            stored = StoredDelivery(
                outcome=row.outcome, event_id=row.id, append_s=append_s, event_type=one.event.event_type
            )
            delivery, answer = accepted(one.endpoint.source, stored, one.verified)
            seconds = perf_counter() - posts[one.nth].began
            answered[one.nth] = Answered(answer, one.request_id, delivery, seconds)
        return answered

    def record(self, posts: Sequence[Post], answers: Sequence[Answered | None]) -> None:
        """Log and count the answered deliveries, after the responses are sent."""
        for post, answered in zip(posts, answers, strict=True):
            if answered is not None:
                self._endpoints[post.path].record(
                    answered.delivery, answered.answer, answered.request_id, answered.seconds
                )

    def _read(self, nth: int, post: Post) -> _Signed | Answered | None:
        endpoint = self._endpoints[post.path]
        request_id = request_id_of(post.headers.get("X-Request-Id", ""))
        body = as_body(post.body)
        try:
            verified = endpoint.verify(post.headers, body)
            return _Signed(nth, endpoint, request_id, verified, endpoint.event(body, verified))
        except UnreadablePayload:
            return None
        except WebhookError as problem:
            delivery, answer = refused(endpoint.source, problem)
            return Answered(answer, request_id, delivery, perf_counter() - post.began)
        except Exception:  # a bug that this body triggers: it is handled alone, the batch continues
            _logger.exception("delivery retried singly")
            return None

    def _append(self, events: Sequence[NewEvent]) -> list[Appended | None]:
        """What became of each event; None: handle it alone. Raises: DatabaseAway if nothing was appended."""
        appended: list[Appended | None] = [None] * len(events)
        for pause_s in PAUSES_S:
            waiting = [nth for nth, row in enumerate(appended) if row is None]
            if not waiting:
                break
            if pause_s:
                sleep(pause_s)
            rows = self._append_free([events[nth] for nth in waiting], first=len(waiting) == len(events))
            if not rows:
                break
            for nth, row in zip(waiting, rows, strict=True):
                appended[nth] = row
        if self._observe is not None and events:
            count = sum(row is not None for row in appended)
            self._observe(count, count > 0)
        return appended

    def _append_free(self, events: Sequence[NewEvent], *, first: bool) -> list[Appended | None]:
        """One transaction with the events whose partitions are free; empty when it failed."""
        rows: list[Appended | None] = []
        try:
            rows = run_on_pool(
                self._pool, lambda conn: append_skipping_locked(conn, events), timeout_s=POOL_TIMEOUT_S
            )
        except REFUSALS as problem:
            _logger.info("deliveries retried singly", deliveries=len(events), error=type(problem).__name__)
        except psycopg.Error as problem:
            if first:  # otherwise some are appended already, and the others get their 503 alone
                raise DatabaseAway(type(problem).__name__) from problem
        except Exception:  # one of the events can't be sent to the database
            _logger.exception("deliveries retried singly", deliveries=len(events))
        return rows
