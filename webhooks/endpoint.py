"""The webhook endpoint of both providers: read, verify, store, respond."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from uuid import uuid4

import structlog
from flask import Blueprint, request
from werkzeug import Request, Response

from events.clock import Clock
from events.envelope import NewEvent
from events.tracing import note, span
from webhooks.delivery import Delivery, Observe, log
from webhooks.errors import BodyTooLarge, DatabaseAway, EndpointClosed, WebhookError, WebhookRefused
from webhooks.responses import WebhookResponse, answer, problem
from webhooks.store import Pool, Read, StoredDelivery, event_in, store
from webhooks.verification import Body, Headers, Verified, read_body

_logger = structlog.get_logger("tenure.webhooks")

RETRY_AFTER_S = 30

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The parts that differ per provider; `verify` is None when no secret is configured."""

    source: str
    verify: Callable[[Headers, Body, datetime], Verified] | None
    read: Read


class WebhookEndpoint:
    """`POST /webhooks/<source>`: from a request to its answer, under Flask or before it."""

    def __init__(
        self, provider: Provider, pool: Pool, clock: Clock, *, observe: Observe | None = None
    ) -> None:
        self.path = f"/webhooks/{provider.source}"
        self.source = provider.source
        self._provider = provider
        self._pool = pool
        self._clock = clock
        self._observe = observe

    def answer(self, incoming: Request, request_id: str) -> WebhookResponse:
        """The response; an acknowledged delivery is durable. The observer is called for each delivery."""
        started = perf_counter()
        try:
            delivery, response = self._receive(incoming)
        except Exception:  # the provider must get a response, and send it again
            _logger.exception("unexpected error", source=self.source, request_id=request_id)
            delivery, response = Delivery(source=self.source, outcome="failed"), _failed()
        self.record(delivery, response, request_id, perf_counter() - started)
        return response

    def verify(self, headers: Headers, body: Body) -> Verified:
        """Proof that the provider sent it. Raises: EndpointClosed, WebhookRefused."""
        if self._provider.verify is None:
            raise EndpointClosed
        with span("verify"):
            return self._provider.verify(headers, body, self._clock())

    def event(self, body: Body, verified: Verified) -> NewEvent:
        """The event in a verified body. Raises: UnreadablePayload."""
        return event_in(self._provider.read, body, verified)

    def record(self, delivery: Delivery, response: WebhookResponse, request_id: str, seconds: float) -> None:
        """Log and count an answered delivery."""
        note(**{"http.route": self.path, "tenure.outcome": delivery.outcome})
        log(delivery, request_id=request_id, status=response.status, seconds=seconds)
        if self._observe is not None:
            self._observe(delivery, seconds)

    def blueprint(self) -> Blueprint:
        """The same endpoint as a route of a Flask app."""
        blueprint = Blueprint(f"{self._provider.source}_webhook", __name__)

        @blueprint.post(self.path, provide_automatic_options=False)
        def receive() -> Response:
            bound = structlog.contextvars.get_contextvars().get("request_id")
            offered = bound if isinstance(bound, str) else request.headers.get("X-Request-Id", "")
            request_id = request_id_of(offered)
            response = self.answer(request, request_id).response()
            response.headers["X-Request-Id"] = request_id
            return response

        return blueprint

    def _receive(self, incoming: Request) -> tuple[Delivery, WebhookResponse]:
        try:
            if self._provider.verify is None:
                raise EndpointClosed  # before a byte of the body is read
            body = read_body(incoming)
            verified = self.verify(incoming.headers, body)
            return accepted(
                self.source, store(self._pool, self.source, self._provider.read, body, verified), verified
            )
        except WebhookError as problem:
            return refused(self.source, problem)


def refused(source: str, problem: WebhookError) -> tuple[Delivery, WebhookResponse]:
    """The outcome of a delivery that the endpoint refuses or can't store."""
    match problem:
        case EndpointClosed():
            return Delivery(source=source, outcome="closed"), _closed()
        case BodyTooLarge():
            return Delivery(source=source, outcome="too_large"), _too_large()
        case DatabaseAway():
            return Delivery(source=source, outcome="unavailable", reason=problem.cause), _away()
        case WebhookRefused():
            return Delivery(source=source, outcome="refused", reason=problem.reason), _refused()
    raise problem


def accepted(source: str, stored: StoredDelivery, verified: Verified) -> tuple[Delivery, WebhookResponse]:
    """The outcome of a stored delivery."""
    delivery = Delivery(
        source=source,
        outcome=stored.outcome if stored.unreadable is None else "unreadable",
        reason=stored.unreadable,
        event_type=stored.event_type,
        event_id=stored.event_id,
        secret_index=verified.secret.index,
        append_s=stored.append_s,
    )
    fields: dict[str, object] = {"status": stored.outcome, "event_id": str(stored.event_id)}
    if stored.unreadable is not None:
        fields["unreadable"] = True
    return delivery, answer(fields)


def request_id_of(offered: str) -> str:
    """The id offered for the request, if it may be one; else a new one."""
    return offered if _REQUEST_ID.fullmatch(offered) else uuid4().hex


def _refused() -> WebhookResponse:
    # One text for every reason: which check failed is for the operator, not for an attacker.
    detail = "This delivery carries no valid signature."
    return problem(400, "signature-refused", "Signature refused", detail)


def _too_large() -> WebhookResponse:
    return problem(413, "body-too-large", "Body too large", "A delivery has at most 1 MiB.")


def _failed() -> WebhookResponse:
    return problem(
        500, "internal", "Internal error", "An unexpected error occurred; send the delivery again."
    )


def _closed() -> WebhookResponse:
    detail = "No signing secret is configured for this endpoint, so nothing can be verified."
    return problem(503, "endpoint-closed", "Endpoint closed", detail, retry_after_s=RETRY_AFTER_S)


def _away() -> WebhookResponse:
    detail = "The delivery could not be stored; send it again."
    return problem(503, "database-away", "Database away", detail, retry_after_s=RETRY_AFTER_S)
