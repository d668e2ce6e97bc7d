"""Domain events: one frozen pydantic model per type, and its conversion to a NewEvent."""

import json
from dataclasses import replace
from datetime import datetime

from events.domain import platform, system, user
from events.domain.base import DomainEvent
from events.envelope import NewEvent
from events.payload import parse
from events.routing import CATALOG_ROUTE, SYSTEM_ROUTE

SOURCE = "tenure"
REASON = "decision_reason"


def _all_models(base: type[DomainEvent]) -> dict[str, type[DomainEvent]]:
    models: dict[str, type[DomainEvent]] = {}
    for model in base.__subclasses__():
        if "event_type" in vars(model):
            models[model.event_type] = model
        models |= _all_models(model)
    return models


OWN_EVENTS = _all_models(DomainEvent)


def user_event(
    fact: DomainEvent,
    *,
    user_id: str,
    now: datetime,
    idempotency_key: str,
    aggregate_id: str | None = None,
    actor: str = "tenure",
    reason: str | None = None,
    request_id: str | None = None,
    causation_id: str | None = None,
) -> NewEvent:
    """A fact of one user's history, on that user's route. Pass `aggregate_id` if it is neither the
    aggregate in the fact nor the user.

    The reason is in the payload: it may name the person, and metadata is sealed and never erased.
    """
    is_kept = isinstance(fact, user.PrivacyErased)  # the one payload that an erasure leaves
    event = _new_event(
        fact,
        user_id,
        aggregate_id or fact.about() or user_id,
        now,
        idempotency_key,
        actor,
        reason if is_kept else None,
        request_id,
        causation_id,
    )
    if reason is None or is_kept:
        return event
    comma = "" if event.payload == "{}" else ","
    return replace(event, payload=f'{event.payload[:-1]}{comma}"{REASON}":{json.dumps(reason)}}}')


def reason_in(payload: str) -> str | None:
    """The reason in the payload of a domain event; None when there is none."""
    if f'"{REASON}"' not in payload:
        return None
    reason = parse(payload).get(REASON)
    return reason if isinstance(reason, str) else None


def without_reason(payload: str) -> str:
    """The payload without the operator's reason, which other readers must not see."""
    if f'"{REASON}"' not in payload:
        return payload
    return json.dumps({name: value for name, value in parse(payload).items() if name != REASON})


def plan_event(
    fact: system.PlanPublished | system.PlanRetired,
    *,
    now: datetime,
    idempotency_key: str,
    actor: str = "tenure",
    reason: str | None = None,
) -> NewEvent:
    """A fact of the catalog; all plans share one route, so the catalog has one order."""
    return _new_event(fact, CATALOG_ROUTE, fact.plan_key, now, idempotency_key, actor, reason, None, None)


def system_event(
    fact: DomainEvent,
    *,
    aggregate_id: str,
    now: datetime,
    idempotency_key: str,
    actor: str = "tenure",
    reason: str | None = None,
) -> NewEvent:
    """A fact of the service itself: configuration, logging, replays, seals."""
    return _new_event(fact, SYSTEM_ROUTE, aggregate_id, now, idempotency_key, actor, reason, None, None)


def _new_event(
    fact: DomainEvent,
    route_key: str,
    aggregate_id: str,
    now: datetime,
    idempotency_key: str,
    actor: str,
    reason: str | None,
    request_id: str | None,
    causation_id: str | None,
) -> NewEvent:
    context = {"actor": actor, "reason": reason, "request_id": request_id}
    return NewEvent(
        source_system=SOURCE,
        idempotency_key=idempotency_key,
        route_key=route_key,
        aggregate_type=fact.aggregate_type,
        aggregate_id=aggregate_id,
        event_type=fact.event_type,
        event_version=fact.event_version,
        payload=fact.model_dump_json(exclude_unset=True),
        occurred_at=now,
        metadata={name: value for name, value in context.items() if value is not None},
        correlation_id=request_id,
        causation_id=causation_id,
    )


__all__ = [
    "OWN_EVENTS",
    "SOURCE",
    "DomainEvent",
    "plan_event",
    "platform",
    "system",
    "system_event",
    "user",
    "user_event",
]
