"""Reconcile with Stripe: first append missed events, then compare every object with the log.

A difference is healed by a `stripe.snapshot.<object>` event, never by an UPDATE. A user is `stale` while
Stripe is ahead and no snapshot may heal that: too many ends for one run, or an end in the log that Stripe
does not have. A dry run writes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from events import livemode
from events.append import json_text
from events.clock import Clock
from events.envelope import NewEvent
from events.statements import AnyConnection
from providers.reconcile.brake import keep_refusal, most_absences, too_many
from providers.reconcile.catch_up import CaughtUp, catch_up, covers
from providers.reconcile.deleted_objects import compare_unlisted, our_customers
from providers.reconcile.drift import Drift
from providers.reconcile.event_metadata import StripeEnvelope
from providers.reconcile.objects import EXPANDED, ComparisonScope, catalog_in, compare, read_page
from providers.reconcile.objects_ahead import record_ahead
from providers.reconcile.payment_methods import compare_methods
from providers.reconcile.sessions import LISTED, compare_sessions, read_sessions
from providers.reconcile.statements import alone, append_unknown, do
from providers.reconcile.stripe_api import PAGE, StripeApi
from providers.reconcile.stripe_source import another_account
from providers.reconcile.table_drift import compare_rows
from providers.reconcile.thin_events import follow_thin_events

MAX_DRIFTS = 1_000
OBJECTS = ":objects"


@dataclass(slots=True)
class Reconciled:
    """The result of a run. Only the first thousand drifts are kept in full; `causes` counts them all."""

    events: CaughtUp | None = None
    thin: int = 0
    objects: int = 0
    healed: int = 0
    refused: str | None = None
    causes: Counter[str] = field(default_factory=Counter)
    drifts: list[Drift] = field(default_factory=list)

    def note(self, drift: Drift) -> None:
        self.causes[drift.cause] += 1
        if len(self.drifts) < MAX_DRIFTS:
            self.drifts.append(drift)

    def as_json(self) -> dict[str, Any]:  # Any: JSON values
        """Counts only, for logs and the schedule."""
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
    since: datetime | None = None,
    with_objects: bool = True,
    dry_run: bool = False,
    yes_delete: int | None = None,
    observe: Observer = _unobserved,
) -> Reconciled:
    """Reconcile events, thin events and, with `with_objects`, objects. `conn` is in autocommit.

    `refused` in the result says why nothing was read (the key of another account) or nothing ended (for more
    customers than one run may end; `yes_delete` raises the limit).
    Raises: ReconcileError's kinds; committed pages stay.
    """
    report = Reconciled()
    with alone(conn, api.scope):
        total, report.refused = another_account(conn, api, now=clock(), dry_run=dry_run)
        if not dry_run:
            keep_refusal(conn, api.scope, report.refused, now=clock())
        if report.refused is not None:
            return report
        report.events = catch_up(
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
            covered=covers(conn, api.scope, clock()),
            missed=frozenset(report.events.routes) if dry_run else frozenset(),
            catalog=catalog_in(conn),
        )
        report.thin = follow_thin_events(conn, api, judge, clock=clock, dry_run=dry_run)
        if with_objects and livemode.counts(api.livemode):
            allowed = most_absences(total) if yes_delete is None else yes_delete
            objects = _Objects(conn, api, judge, report, observe, dry_run)
            objects.compare_all()
            objects.end(allowed, total)
            if not dry_run:
                record_ahead(conn, objects.ahead, account=api.account, now=clock())
                _finished(conn, api.scope + OBJECTS, report, clock())
                keep_refusal(conn, api.scope + OBJECTS, report.refused, now=clock())
    return report


def _finished(conn: AnyConnection, scope: str, report: Reconciled, now: datetime) -> None:
    do(conn, "note_result", scope=scope, now=now, result=json_text(report.as_json()))


class _Objects:
    def __init__(
        self,
        conn: AnyConnection,
        api: StripeApi,
        judge: ComparisonScope,
        report: Reconciled,
        observe: Observer,
        dry_run: bool,
    ) -> None:
        self._conn = conn
        self._api = api
        self._judge = judge
        self._report = report
        self._observe = observe
        self._dry_run = dry_run
        self._ends: list[Drift] = []
        self.ahead: list[Drift] = []

    def compare_all(self) -> None:
        """Compare Stripe's lists, then known objects that they did not name, then the tables."""
        do(self._conn, "forget_seen", scope=self._api.scope)
        self._list("customers")
        self._list("subscriptions", status="all")
        for page in self._api.pages(f"/v1/{LISTED}", status="complete"):
            self._take(compare_sessions(self._conn, read_sessions(page, self._judge), self._judge))
        for customers in our_customers(self._conn, self._api.account):
            self._take(compare_unlisted(self._conn, self._api, list(customers), self._judge))
            users = [user for user in customers.values() if user is not None]
            self._take(compare_rows(self._conn, users))
        do(self._conn, "forget_seen", scope=self._api.scope)

    def _list(self, listed: str, **params: str) -> None:
        expand, _ = EXPANDED[listed]
        for page in self._api.pages(f"/v1/{listed}", expand=[expand], **params):
            seen = read_page(page, listed, self._judge)
            ids = [one.route if one.kind == "customer" else one.id for one in seen]
            do(self._conn, "see_objects", scope=self._api.scope, ids=ids)
            self._take(compare(self._conn, seen, self._judge))
            self._take(compare_methods(self._conn, self._api, seen, self._judge))
            self._report.objects += len(page.objects)
            self._observe(listed, self._report.objects)

    def _take(self, drifts: Iterable[Drift]) -> None:
        """Record and heal drift, one transaction per page."""
        noted = list(drifts)
        for drift in noted:
            self._report.note(drift)
        self._ends += [drift for drift in noted if drift.ends]
        self.ahead += [drift for drift in noted if drift.cause == "absorbed"]
        self._heal([drift.event for drift in noted if drift.event is not None and not drift.ends])

    def end(self, allowed: int, total: int) -> None:
        """Append the ends, now that all are known; if there are too many, append none."""
        events = [drift.event for drift in self._ends if drift.event is not None]
        customers = len({event.route_key for event in events})
        if customers > allowed:
            what = "customers, or subscriptions or cards of theirs,"
            self._report.refused = too_many("stripe", what, customers, total=total, allowed=allowed)
            self.ahead += self._ends
            return
        for first in range(0, len(events), PAGE):
            self._heal(events[first : first + PAGE])

    def _heal(self, healing: list[NewEvent]) -> None:
        if healing and not self._dry_run:
            with self._conn.transaction():
                self._report.healed += len(append_unknown(self._conn, healing))
