"""Deliveries that wait at the same time, answered after one transaction.

A transaction costs much the same for one delivery as for ten, and so does the way to the database.
Nobody waits for company: whoever carries takes what is there. What a group can't answer at once (a body
that is no event, a head that somebody holds, a database that is away) goes the ordinary way, alone.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter

import psycopg
import structlog

from events.append import append_promptly
from events.envelope import Appended, NewEvent
from events.errors import UnreadablePayload
from webhooks.delivery import Delivery
from webhooks.endpoint import WebhookEndpoint, refused, request_id_of, taken
from webhooks.errors import DatabaseAway, WebhookError
from webhooks.responses import WebhookResponse
from webhooks.store import REFUSALS, Pool, StoredDelivery, asked
from webhooks.verification import Headers, Verified, as_body

TOGETHER = "tenure.together"  # the app's extension that answers deliveries in groups, where it has one
POOL_TIMEOUT_S = 3.0  # who comes meanwhile waits as long again, and must hear the 503 too

# Not the database's trouble but one delivery's, or one part's.
_ALONE = (*REFUSALS, psycopg.errors.LockNotAvailable)

_logger = structlog.get_logger("tenure.webhooks")


@dataclass(frozen=True, slots=True)
class Post:
    """A whole delivery: the door's path, what its headers say, its body, and when it was there."""

    path: str
    headers: Headers
    body: bytes
    began: float  # of perf_counter


@dataclass(frozen=True, slots=True)
class Answered:
    """What is said to one delivery, and what will be told of it once it is said."""

    answer: WebhookResponse
    request_id: str
    delivery: Delivery
    seconds: float


@dataclass(frozen=True, slots=True)
class _Signed:
    nth: int
    door: WebhookEndpoint
    request_id: str
    verified: Verified
    event: NewEvent


class DeliveryBatch:
    """Both doors for several deliveries at once; each statement of the pool's connections commits itself."""

    def __init__(
        self,
        doors: Iterable[WebhookEndpoint],
        pool: Pool,
        *,
        observe: Callable[[int, bool], None] | None = None,
    ) -> None:
        """`observe` hears of each transaction: of how many deliveries, and whether it kept them."""
        self._doors = {door.path: door for door in doors}
        self._pool = pool
        self._observe = observe

    def leads_to_a_door(self, path: str) -> bool:
        return path in self._doors

    def answers(self, posts: Sequence[Post]) -> list[Answered | None]:
        """One for each, in their order; None: it must be asked alone. What is acked is durable."""
        found: list[Answered | None] = [None] * len(posts)
        signed = []
        for nth, post in enumerate(posts):
            read = self._read(nth, post)
            if isinstance(read, _Signed):
                signed.append(read)
            else:
                found[nth] = read
        started = perf_counter()
        try:
            appended = self._append([each.event for each in signed])
        except DatabaseAway as away:
            for each in signed:
                delivery, answer = refused(each.door.source, away)
                seconds = perf_counter() - posts[each.nth].began
                found[each.nth] = Answered(answer, each.request_id, delivery, seconds)
            return found
        append_s = perf_counter() - started
        for each, said in zip(signed, appended, strict=False):
            stored = StoredDelivery(
                outcome=said.outcome, event_id=said.id, append_s=append_s, event_type=each.event.event_type
            )
            delivery, answer = taken(each.door.source, stored, each.verified)
            seconds = perf_counter() - posts[each.nth].began
            found[each.nth] = Answered(answer, each.request_id, delivery, seconds)
        return found

    def tell(self, posts: Sequence[Post], answers: Sequence[Answered | None]) -> None:
        """Log and count what was answered; nobody has to wait for that."""
        for post, each in zip(posts, answers, strict=True):
            if each is not None:
                self._doors[post.path].told(each.delivery, each.answer, each.request_id, each.seconds)

    def _read(self, nth: int, post: Post) -> _Signed | Answered | None:
        door = self._doors[post.path]
        request_id = request_id_of(post.headers.get("X-Request-Id", ""))
        body = as_body(post.body)
        try:
            verified = door.verify(post.headers, body)
            return _Signed(nth, door, request_id, verified, door.event(body, verified))
        except UnreadablePayload:
            return None
        except WebhookError as problem:
            delivery, answer = refused(door.source, problem)
            return Answered(answer, request_id, delivery, perf_counter() - post.began)
        except Exception:  # a bug met by this body: it is answered alone, the batch goes on
            _logger.exception("delivery goes alone")
            return None

    def _append(self, events: Sequence[NewEvent]) -> list[Appended]:
        """The log's answers, or none at all when each must be asked alone. Raises: DatabaseAway."""
        if not events:
            return []
        found: list[Appended] = []
        try:
            found = asked(self._pool, lambda conn: append_promptly(conn, events), timeout_s=POOL_TIMEOUT_S)
        except _ALONE as problem:
            _logger.info("deliveries go alone", deliveries=len(events), error=type(problem).__name__)
        except psycopg.Error as problem:
            raise DatabaseAway(type(problem).__name__) from problem
        except Exception:  # one of them can't be sent to the database at all
            _logger.exception("deliveries go alone", deliveries=len(events))
        if self._observe is not None:
            self._observe(len(events), bool(found))
        return found
