"""Scheduled reconciliation: events and users hourly, all objects daily."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from database.pool import Connection
from events.clock import utc_now
from jobs.schedule import Scheduled
from providers.reconcile.clerk import reconcile_clerk
from providers.reconcile.errors import AlreadyRunning
from providers.reconcile.stripe import reconcile_stripe
from service.providers import clerk_api, stripe_api
from service.unsigned_events import fetched_clerk_event, fetched_stripe_event
from settings import Settings

Result = Mapping[str, Any]  # Any: JSON values


def reconciling(settings: Settings) -> list[Scheduled]:
    """The handlers of those providers whose key is set."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    handlers = []
    if settings.stripe_api_key is not None:
        handlers += [
            Scheduled(
                "reconcile_stripe",
                hour,
                _stripe(settings, objects=False),
                "Append events of lost Stripe webhooks",
            ),
            Scheduled(
                "compare_stripe",
                day,
                _stripe(settings, objects=True),
                "Compare Stripe's objects with the tables",
            ),
        ]
    if settings.clerk_secret_key is not None:
        handlers.append(
            Scheduled("reconcile_clerk", hour, _clerk(settings), "Append users of lost Clerk webhooks")
        )
    return handlers


def _stripe(settings: Settings, *, objects: bool) -> Callable[[Connection, datetime], Result]:
    def run(conn: Connection, _now: datetime) -> Result:
        try:
            return reconcile_stripe(
                conn,
                stripe_api(settings, clock=utc_now),
                envelope=fetched_stripe_event,
                clock=utc_now,
                with_objects=objects,
            ).as_json()
        except AlreadyRunning:
            return {"busy": True}

    return run


def _clerk(settings: Settings) -> Callable[[Connection, datetime], Result]:
    def run(conn: Connection, _now: datetime) -> Result:
        try:
            with clerk_api(settings, clock=utc_now) as api:
                return reconcile_clerk(conn, api, envelope=fetched_clerk_event, clock=utc_now).as_json()
        except AlreadyRunning:
            return {"busy": True}

    return run
