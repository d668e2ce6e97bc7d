"""Catch up with Stripe's events: append those that the Events API has and the log lacks.

A run reads one window, newest first, page by page; each page is committed together with its end,
so a killed run continues there. The next window begins before the last one's newest event and
never after it: Stripe lists an event some time after its `created`, and several share a second.
Source: https://docs.stripe.com/api/events/list (30 days are kept)
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from events.clock import Clock
from events.envelope import NewEvent
from events.errors import UnreadablePayload
from events.payload import parse
from events.statements import AnyConnection
from providers.reconcile.errors import NotThere, ProviderRefused
from providers.reconcile.event_metadata import StripeEnvelope, marks
from providers.reconcile.statements import append_unknown, do, rows, unknown
from providers.reconcile.stripe_api import ObjectPage, StripeApi

KEPT = timedelta(days=30)
OVERLAP = timedelta(hours=2)
PATH = "/v1/events"


@dataclass(slots=True)
class CaughtUp:
    """The result of a run. `missed`: events the log lacked, by type; `routes`: their streams."""

    since: datetime
    pages: int = 0
    seen: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    routes: set[str] = field(default_factory=set)
    unreadable: int = 0

    @property
    def appended(self) -> int:
        return self.missed.total()


def catch_up(
    conn: AnyConnection,
    api: StripeApi,
    *,
    envelope: StripeEnvelope,
    clock: Clock,
    since: datetime | None = None,
    dry_run: bool = False,
    on_page: Callable[[CaughtUp], None] = lambda _: None,
) -> CaughtUp:
    """Append missed events. `conn` is in autocommit; `alone` excludes other processes.

    `dry_run` only counts. Raises: ReconcileError's kinds; committed pages stay.
    """
    reader = _Reader(conn, api, envelope, clock, on_page, dry_run)
    if dry_run:
        return reader.window(since or _next_window(conn, api, clock()), after=None)
    interrupted = rows(conn, "read_cursor", scope=api.scope)
    if since is None and interrupted and interrupted[0]["window_from"] is not None:
        reader.finish(interrupted[0]["window_from"], interrupted[0]["after"])
    since = since or _next_window(conn, api, clock())
    do(conn, "begin_window", scope=api.scope, window_from=since, now=clock())
    return reader.finish(since, None)


def covers(conn: AnyConnection, scope: str, now: datetime) -> bool:
    """Whether the log has every event of the API's last thirty days."""
    cursors = rows(conn, "read_cursor", scope=scope)
    if not cursors or cursors[0]["covers_from"] is None:
        return False
    return bool(cursors[0]["covers_from"] <= now - KEPT + OVERLAP)


def _next_window(conn: AnyConnection, api: StripeApi, now: datetime) -> datetime:
    cursors = rows(conn, "read_cursor", scope=api.scope)
    oldest = now - KEPT
    if not cursors or cursors[0]["caught_up_to"] is None:
        return oldest
    newest: datetime = cursors[0]["caught_up_to"]
    return max(oldest, newest - OVERLAP)


class _Reader:
    def __init__(
        self,
        conn: AnyConnection,
        api: StripeApi,
        envelope: StripeEnvelope,
        clock: Clock,
        on_page: Callable[[CaughtUp], None],
        dry_run: bool,
    ) -> None:
        self._conn = conn
        self._api = api
        self._envelope = envelope
        self._clock = clock
        self._on_page = on_page
        self._dry_run = dry_run
        self._total: CaughtUp | None = None

    def finish(self, since: datetime, after: str | None) -> CaughtUp:
        """Read the window to its end, from the event where an earlier run stopped."""
        try:
            report = self.window(since, after)
        except (ProviderRefused, NotThere):
            if after is None:
                raise
            report = self.window(since, None)  # that event is older than thirty days by now
        do(self._conn, "end_window", scope=self._api.scope, now=self._clock())
        return report

    def window(self, since: datetime, after: str | None) -> CaughtUp:
        report = self._total = self._total or CaughtUp(since)
        report.since = min(report.since, since)
        created = {"gte": int(since.timestamp())}
        for page in self._api.pages(PATH, after=after, created=created):
            self._take(page, report)
            self._on_page(report)
        return report

    def _take(self, page: ObjectPage, report: CaughtUp) -> None:
        events = [event for body in page.objects if (event := self._event(body, page, report))]
        if self._dry_run:
            missing = unknown(self._conn, events)
        else:
            with self._conn.transaction():
                missing = [event for event, _ in append_unknown(self._conn, events)]
                self._keep_place(page, events)
        report.pages += 1
        report.seen += len(page.objects)
        report.missed.update(event.event_type for event in missing)
        report.routes.update(event.route_key for event in missing)

    def _keep_place(self, page: ObjectPage, events: list[NewEvent]) -> None:
        newest = max((event.occurred_at for event in events), default=None)
        do(
            self._conn,
            "keep_page",
            scope=self._api.scope,
            after=page.last_id,
            newest=newest,
            now=self._clock(),
        )

    def _event(self, body: bytes, page: ObjectPage, report: CaughtUp) -> NewEvent | None:
        """The event as its webhook would have been stored; a connected account's events name the account."""
        try:
            text = body.decode("utf-8")
            payload = parse(text)
        except (UnreadablePayload, UnicodeDecodeError):
            report.unreadable += 1
            return None
        if self._api.account is not None and "account" not in payload:
            text = owned(text, self._api.account)
            payload["account"] = self._api.account
        return self._envelope(payload, text, marks(page.observed_at))


def owned(text: str, account: str) -> str:
    """An event's text with the account its webhook would have named."""
    rest = text.lstrip()[1:]
    comma = "" if rest.lstrip().startswith("}") else ","
    return f'{{"account":"{account}"{comma}{rest}'
