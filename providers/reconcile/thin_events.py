"""Thin events name an object and say nothing of it: what they point at is fetched, once.

Where the v1 event of the same change is known (`snapshot_event`) that event is the one that
counts: it is fetched if it is missing, and nothing else is. Else the object itself is observed.
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
from projections.errors import Unfoldable
from providers.reconcile.errors import NotThere
from providers.reconcile.event_metadata import marks
from providers.reconcile.logged_objects import held
from providers.reconcile.objects import ComparisonScope
from providers.reconcile.snapshots import seen, snapshot
from providers.reconcile.statements import AnyConnection, append_unknown, rows, unknown
from providers.reconcile.stripe_api import StripeApi

PAGE = 500
LOOK_BACK = timedelta(days=2)
_V1 = re.compile(r"/v1/(?:customers|subscriptions|payment_methods)/[A-Za-z0-9_]{1,255}")
_EVENT = re.compile(r"evt_[A-Za-z0-9_]{1,251}")


def follow_thin_events(
    conn: AnyConnection, api: StripeApi, judge: ComparisonScope, *, clock: Clock, dry_run: bool = False
) -> int:
    """How many events came of thin events without a twin. Raises: ReconcileError's kinds."""
    made = 0
    for row in _unsettled(conn, api, clock() - LOOK_BACK):
        event = _fetched(conn, api, row, judge)
        if event is None:
            continue
        with conn.transaction():
            made += len(unknown(conn, [event]) if dry_run else append_unknown(conn, [event]))
    return made


def _unsettled(conn: AnyConnection, api: StripeApi, since: datetime) -> Iterator[dict[str, Any]]:
    """Thin events whose twin the log lacks; Any: one type a column."""
    while True:
        found = rows(
            conn,
            "thin_events",
            since=since,
            livemode=api.livemode,
            owner="" if api.account is None else f"{api.account}/",
            parts=list(range(PARTS)),
            limit=PAGE,
        )
        yield from (row for row in found if not row["has_twin"])
        if len(found) < PAGE:
            return
        since = found[-1]["recorded_at"]


def _fetched(
    conn: AnyConnection, api: StripeApi, row: dict[str, Any], judge: ComparisonScope
) -> NewEvent | None:
    """The v1 twin, else a snapshot of the object if it says something new."""
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
        found = seen(body, observed_at=at, account=judge.account)
    except (NotThere, Unfoldable, msgspec.MsgspecError, KeyError):
        return None
    ours = held(conn, [found.route], live_only=judge.live_only)[found.route]
    if ours.body_of(found.kind, found.id, found.route) == found.theirs:
        return None
    last = ours.last_of(found.id)
    return snapshot(
        found,
        after=last.key if last else None,
        cause="thin event",
        envelope=judge.envelope,
        account=judge.account,
        causation_id=str(row["id"]),
    )
