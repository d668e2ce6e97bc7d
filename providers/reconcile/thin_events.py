"""Thin events name an object without its content: fetch what they point at, once.

Where the v1 event of the same change is known (`snapshot_event`) that event
counts: only it is fetched, if it is missing. Else the object itself is fetched.
Source: https://docs.stripe.com/event-destinations#events-overview
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from events.clock import Clock
from events.envelope import NewEvent
from events.errors import UnreadablePayload
from events.payload import parse
from events.routing import PARTS
from events.statements import AnyConnection
from projections.errors import Unfoldable
from providers.reconcile.errors import NotThere
from providers.reconcile.event_metadata import marks
from providers.reconcile.logged_objects import logged_customers
from providers.reconcile.objects import ComparisonScope
from providers.reconcile.snapshots import seen, snapshot
from providers.reconcile.statements import append_unknown, rows, unknown
from providers.reconcile.stripe_api import StripeApi

PAGE = 500
LOOK_BACK = timedelta(days=2)
_V1 = re.compile(r"/v1/(?:customers|subscriptions|payment_methods)/[A-Za-z0-9_]{1,255}")
_EVENT = re.compile(r"evt_[A-Za-z0-9_]{1,251}")


def follow_thin_events(
    conn: AnyConnection, api: StripeApi, judge: ComparisonScope, *, clock: Clock, dry_run: bool = False
) -> int:
    """Append events for thin events without a twin; returns how many. Raises: ReconcileError's kinds."""
    appended = 0
    for row in _unsettled(conn, api, clock() - LOOK_BACK):
        event = _fetched(conn, api, row, judge)
        if event is None:
            continue
        with conn.transaction():
            appended += len(unknown(conn, [event]) if dry_run else append_unknown(conn, [event]))
    return appended


def _unsettled(conn: AnyConnection, api: StripeApi, since: datetime) -> Iterator[dict[str, Any]]:
    """Thin events whose twin the log lacks; Any: one type a column."""
    while True:
        page = rows(
            conn,
            "thin_events",
            since=since,
            livemode=api.livemode,
            owner="" if api.account is None else f"{api.account}/",
            parts=list(range(PARTS)),
            limit=PAGE,
        )
        yield from (row for row in page if not row["has_twin"])
        if len(page) < PAGE:
            return
        since = page[-1]["recorded_at"]


def _fetched(
    conn: AnyConnection, api: StripeApi, row: dict[str, Any], judge: ComparisonScope
) -> NewEvent | None:
    """The v1 twin, else a snapshot of the object if it differs from the log."""
    # Any: one type a column
    twin, url = row["twin"] or "", row["url"] or ""
    if _EVENT.fullmatch(twin):
        try:
            body, at = api.one(f"/v1/events/{twin}")
            text = body.decode()
            return judge.envelope(parse(text), text, marks(at, cause="thin event"))
        except (NotThere, UnreadablePayload, UnicodeDecodeError):
            pass  # older than thirty days, or not this account's
    if _V1.fullmatch(url) is None:
        return None
    try:
        body, at = api.one(url)
        observed = seen(body, observed_at=at, account=judge.account)
    except (NotThere, Unfoldable, msgspec.MsgspecError, KeyError):
        return None
    ours = logged_customers(conn, [observed.route])[observed.route]
    if ours.body_of(observed.kind, observed.id, observed.route) == observed.theirs:
        return None
    last = ours.last_of(observed.id)
    return snapshot(
        observed,
        after=last.key if last else None,
        cause="thin event",
        envelope=judge.envelope,
        account=judge.account,
        causation_id=str(row["id"]),
    )
