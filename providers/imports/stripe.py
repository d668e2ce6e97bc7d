"""Importing a Stripe account: every customer and subscription as a snapshot event, in parallel.

Each page is one transaction with its shard's place, so a killed run continues there. Memory holds at
most one page per worker. Customers come first: whether a subscription's card has to be
requested depends on the customer's default.
"""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from events.clock import Clock
from events.statements import AnyConnection
from providers.imports.shards import Shard, ShardQueue, do, planned, rows, split
from providers.reconcile.drift import Drift
from providers.reconcile.errors import AnotherAccount
from providers.reconcile.event_metadata import StripeEnvelope
from providers.reconcile.objects import EXPANDED, ComparisonScope, compare, read_page
from providers.reconcile.payment_methods import compare_methods
from providers.reconcile.sessions import LISTED, compare_sessions, read_sessions
from providers.reconcile.snapshots import Seen
from providers.reconcile.statements import alone, append_unknown
from providers.reconcile.stripe_api import ObjectPage, StripeApi
from providers.reconcile.stripe_source import another_account

KINDS: dict[str, dict[str, str]] = {
    "customers": {},
    "subscriptions": {"status": "all"},
    LISTED: {"status": "complete"},
}
WORKERS = 4

Connect = Callable[[], AbstractContextManager[AnyConnection]]


@dataclass(slots=True)
class StripeImport:
    """What this run imported; `totals` includes earlier, interrupted runs."""

    objects: Counter[str] = field(default_factory=Counter)
    events: int = 0
    totals: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:  # Any: JSON values
        return {"read_now": dict(self.objects), "events_appended": self.events, "objects": self.totals}


def import_stripe(
    connect: Connect,
    api: StripeApi,
    *,
    envelope: StripeEnvelope,
    clock: Clock,
    workers: int = WORKERS,
    again: bool = False,
    observe: Callable[[str, int], None] = lambda _kind, _done: None,
) -> StripeImport:
    """Import the account, or continue a killed run; `again` starts from the beginning.

    `connect` returns connections in autocommit. Raises: ReconcileError's kinds; committed pages stay.
    """
    judge = ComparisonScope(envelope=envelope, account=api.account, covered=False, importing=True)
    crew = _Crew(connect, api, judge, observe)
    scope = f"{api.scope}:import"
    with connect() as conn, alone(conn, scope):
        _, refused = another_account(conn, api, now=clock(), dry_run=False)
        if refused is not None:
            raise AnotherAccount(refused)
        if again:
            do(conn, "forget_import", scope=scope)
        for kind in KINDS:
            crew.work(scope, kind, ShardQueue(planned(conn, scope, kind, clock())), workers)
        crew.report.totals = {row["kind"]: row["objects"] for row in rows(conn, "imported", scope=scope)}
    return crew.report


class _Crew:
    def __init__(
        self, connect: Connect, api: StripeApi, judge: ComparisonScope, observe: Callable[[str, int], None]
    ) -> None:
        self.report = StripeImport()
        self._connect = connect
        self._api = api
        self._judge = judge
        self._observe = observe
        self._lock = threading.Lock()
        self._problems: list[BaseException] = []

    def work(self, scope: str, kind: str, shares: ShardQueue, workers: int) -> None:
        """All shards of one kind. Raises what the first worker that failed raised."""
        crew = [
            threading.Thread(target=self._worker, args=(scope, shares), name=f"import-{kind}-{number}")
            for number in range(workers)
        ]
        for thread in crew:
            thread.start()
        try:
            for thread in crew:
                thread.join()
        finally:
            shares.stop()
        if self._problems:
            raise self._problems[0]

    def _worker(self, scope: str, shares: ShardQueue) -> None:
        try:
            with self._connect() as conn:
                while (shard := shares.take()) is not None:
                    try:
                        self._share(conn, scope, shard, shares)
                    finally:
                        shares.done()
        except BaseException as problem:  # raised again by the thread that waits for this one
            self._problems.append(problem)
            shares.stop()

    def _share(self, conn: AnyConnection, scope: str, shard: Shard, shares: ShardQueue) -> None:
        while not shares.is_stopped:
            page = self._page(shard)
            seen, drifts = self._compared(conn, shard, page)
            self._keep(conn, scope, shard, page, drifts)
            if not page.has_more:
                return
            if shares.wants_more():
                older = split(conn, scope, shard, _oldest(seen, shard))
                if older is not None:
                    shares.add(older)

    def _compared(
        self, conn: AnyConnection, shard: Shard, page: ObjectPage
    ) -> tuple[list[Seen], list[Drift]]:
        if shard.kind == LISTED:
            sessions = read_sessions(page, self._judge)
            return sessions, compare_sessions(conn, sessions, self._judge)
        seen = read_page(page, shard.kind, self._judge)
        drifts = compare(conn, seen, self._judge)
        return seen, drifts + compare_methods(conn, self._api, seen, self._judge)

    def _page(self, shard: Shard) -> ObjectPage:
        place = {} if shard.after is None else {"starting_after": shard.after}
        window = {"gte": shard.created_from, "lt": shard.created_to}
        expand = {"expand": [EXPANDED[shard.kind][0]]} if shard.kind in EXPANDED else {}
        return self._api.page(f"/v1/{shard.kind}", created=window, **expand, **KINDS[shard.kind], **place)

    def _keep(
        self, conn: AnyConnection, scope: str, shard: Shard, page: ObjectPage, drifts: list[Drift]
    ) -> None:
        events = [drift.event for drift in drifts if drift.event is not None]
        with conn.transaction():
            appended = append_unknown(conn, events)
            do(
                conn,
                "keep_shard",
                scope=scope,
                kind=shard.kind,
                created_from=shard.created_from,
                after=page.last_id,
                objects=len(page.objects),
                is_done=not page.has_more,
            )
        shard.after = page.last_id or shard.after
        with self._lock:
            self.report.objects[shard.kind] += len(page.objects)
            self.report.events += len(appended)
            self._observe(shard.kind, self.report.objects[shard.kind])


def _oldest(seen: list[Seen], shard: Shard) -> int:
    """How far back the shard has read: its list is newest first."""
    return min((one.created for one in seen if one.created), default=shard.created_from)
