"""Reconciling with Stripe: first the events we missed, then every object against our log.

A difference is healed by a `stripe.snapshot.<object>` event, never by an UPDATE. A user is `stale` while
Stripe is ahead and no snapshot may heal that: too many ends for one run, or an end here that Stripe does
not have. A dry run writes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from events.append import json_text
from events.clock import Clock
from events.envelope import NewEvent
from providers.reconcile.brake import keep_refusal, most_absences, too_many
from providers.reconcile.catch_up import CaughtUp, catch_up, covers
from providers.reconcile.deleted_objects import compare_unlisted, our_customers
from providers.reconcile.drift import Drift
from providers.reconcile.event_metadata import StripeEnvelope
from providers.reconcile.objects import EXPANDED, ComparisonScope, catalog_in, compare, read_page
from providers.reconcile.objects_ahead import record_ahead
from providers.reconcile.payment_methods import compare_methods
from providers.reconcile.sessions import LISTED, compare_sessions, read_sessions
from providers.reconcile.statements import AnyConnection, alone, append_unknown, do
from providers.reconcile.stripe_api import PAGE, StripeApi
from providers.reconcile.stripe_source import another_account
from providers.reconcile.table_drift import compare_rows
from providers.reconcile.thin_events import follow_thin_events

TOLD = 1_000
OBJECTS = ":objects"


@dataclass(slots=True)
class Reconciled:
    """What a run found. Only the first thousand drifts are kept in full; `causes` counts them all."""

    events: CaughtUp | None = None
    thin: int = 0
    objects: int = 0
    healed: int = 0
    refused: str | None = None
    causes: Counter[str] = field(default_factory=Counter)
    drifts: list[Drift] = field(default_factory=list)

    def note(self, drift: Drift) -> None:
        self.causes[drift.cause] += 1
        if len(self.drifts) < TOLD:
            self.drifts.append(drift)

    def told(self) -> dict[str, Any]:  # Any: JSON values
        """For logs and for the schedule: counts only."""
        caught = self.events
        return {
            "events_seen": caught.seen if caught else 0,
            "events_missed": caught.appended if caught else 0,
            "since": caught.since.isoformat() if caught else None,
            "thin_followed": self.thin,
            "objects_compared": self.objects,
            "healed": self.healed,
            "drift": dict(self.causes),
            "refused": self.refused,
        }


Observer = Callable[[str, int], None]


def _unobserved(_stage: str, _done: int) -> None:
    pass


def reconcile_stripe(
    conn: AnyConnection,
    api: StripeApi,
    *,
    envelope: StripeEnvelope,
    clock: Clock,
    live_only: bool,
    since: datetime | None = None,
    with_objects: bool = True,
    dry_run: bool = False,
    yes_delete: int | None = None,
    observe: Observer = _unobserved,
) -> Reconciled:
    """Events, thin events and, unless told otherwise, objects. `conn` is in autocommit.

    `refused` in the result says why nothing was read (the key of another account) or nothing ended (of more
    customers than one run may believe; `yes_delete` raises that to so many).
    Raises: ReconcileError's kinds; what was caught up so far is kept.
    """
    found = Reconciled()
    with alone(conn, api.scope):
        known, found.refused = another_account(conn, api, now=clock(), dry_run=dry_run)
        if not dry_run:
            keep_refusal(conn, api.scope, found.refused, now=clock())
        if found.refused is not None:
            return found
        found.events = catch_up(
            conn,
            api,
            envelope=envelope,
            clock=clock,
            since=since,
            dry_run=dry_run,
            on_page=lambda so_far: observe("events", so_far.seen),
        )
        judge = ComparisonScope(
            envelope=envelope,
            account=api.account,
            live_only=live_only,
            covered=covers(conn, api.scope, clock()),
            missed=frozenset(found.events.routes) if dry_run else frozenset(),
            catalog=catalog_in(conn),
        )
        found.thin = follow_thin_events(conn, api, judge, clock=clock, dry_run=dry_run)
        if with_objects and not (live_only and not api.livemode):
            allowed = most_absences(known) if yes_delete is None else yes_delete
            objects = _Objects(conn, api, judge, found, observe, dry_run)
            objects.compare_all()
            objects.end(allowed, known)
            if not dry_run:
                record_ahead(conn, objects.ahead, account=api.account, now=clock(), live_only=live_only)
                _finished(conn, api.scope + OBJECTS, found, clock())
                keep_refusal(conn, api.scope + OBJECTS, found.refused, now=clock())
    return found


def _finished(conn: AnyConnection, scope: str, found: Reconciled, now: datetime) -> None:
    do(conn, "note_result", scope=scope, now=now, result=json_text(found.told()))


class _Objects:
    def __init__(
        self,
        conn: AnyConnection,
        api: StripeApi,
        judge: ComparisonScope,
        found: Reconciled,
        observe: Observer,
        dry_run: bool,
    ) -> None:
        self._conn = conn
        self._api = api
        self._judge = judge
        self._found = found
        self._observe = observe
        self._dry_run = dry_run
        self._ends: list[Drift] = []
        self.ahead: list[Drift] = []

    def compare_all(self) -> None:
        """Stripe's lists, then what we have and they did not name, then our own tables."""
        do(self._conn, "forget_seen", scope=self._api.scope)
        self._list("customers")
        self._list("subscriptions", status="all")
        for page in self._api.pages(f"/v1/{LISTED}", status="complete"):
            self._take(compare_sessions(self._conn, read_sessions(page, self._judge), self._judge))
        for customers in our_customers(self._conn, self._api.account):
            self._take(compare_unlisted(self._conn, self._api, list(customers), self._judge))
            users = [user for user in customers.values() if user is not None]
            self._take(compare_rows(self._conn, users, live_only=self._judge.live_only))
        do(self._conn, "forget_seen", scope=self._api.scope)

    def _list(self, listed: str, **params: str) -> None:
        expand, _ = EXPANDED[listed]
        for page in self._api.pages(f"/v1/{listed}", expand=[expand], **params):
            seen = read_page(page, listed, self._judge)
            ids = [one.route if one.kind == "customer" else one.id for one in seen]
            do(self._conn, "see_objects", scope=self._api.scope, ids=ids)
            self._take(compare(self._conn, seen, self._judge))
            self._take(compare_methods(self._conn, self._api, seen, self._judge))
            self._found.objects += len(page.objects)
            self._observe(listed, self._found.objects)

    def _take(self, drifts: Iterable[Drift]) -> None:
        """Note and heal, a page a transaction."""
        noted = list(drifts)
        for drift in noted:
            self._found.note(drift)
        self._ends += [drift for drift in noted if drift.ends]
        self.ahead += [drift for drift in noted if drift.cause == "absorbed"]
        self._heal([drift.event for drift in noted if drift.event is not None and not drift.ends])

    def end(self, allowed: int, known: int) -> None:
        """Append what takes something away, now that all of it is known; too many of them are none at all."""
        events = [drift.event for drift in self._ends if drift.event is not None]
        customers = len({event.route_key for event in events})
        if customers > allowed:
            what = "customers, or subscriptions or cards of theirs,"
            self._found.refused = too_many("stripe", what, customers, known=known, allowed=allowed)
            self.ahead += self._ends
            return
        for first in range(0, len(events), PAGE):
            self._heal(events[first : first + PAGE])

    def _heal(self, healing: list[NewEvent]) -> None:
        if healing and not self._dry_run:
            with self._conn.transaction():
                self._found.healed += len(append_unknown(self._conn, healing))
