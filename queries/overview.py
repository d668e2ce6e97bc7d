"""The first page of the console: subscriptions, trials, webhooks and projections."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from events.statements import AnyConnection, Row, statement
from projections.stripe_objects import STATUS_RANK, TERMINAL, UNKNOWN_RANK
from queries.rows import fetch_all, fetch_one

# In the order in which they follow each other within one second.
STATUS_EVENTS = [
    "stripe.customer.subscription.created",
    "stripe.customer.subscription.updated",
    "stripe.customer.subscription.resumed",
    "stripe.customer.subscription.paused",
    "stripe.customer.subscription.deleted",
]
NO_STATUS = "none"

StatusDays = dict[str, dict[date, str]]  # one user's subscriptions: the last status of each day


@dataclass(frozen=True, slots=True)
class StatusSeries:
    """Users by status at the end of each day; every list is as long as `days`."""

    days: list[date]
    counts: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Bucketed:
    """Counts by name in equal buckets; every list is as long as `starts`."""

    starts: list[datetime]
    width: timedelta
    counts: dict[str, list[int]]

    @property
    def total(self) -> int:
        return sum(map(sum, self.counts.values()))


def status_series(conn: AnyConnection, *, now: datetime, days: int) -> StatusSeries:
    """Users by subscription status, day by day; the last day is taken from the tables.

    Only users with an event in the window are read: the others had one status throughout.
    Events of one second are ordered by type, then by arrival, which is accurate enough for a chart.
    """
    dates = [now.date() - timedelta(days=back) for back in range(days - 1, -1, -1)]
    since = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    values = {"types": STATUS_EVENTS, "since": since}
    moved: dict[str, StatusDays] = {}
    for row in fetch_all(conn, statement("queries", "overview_status_days"), values):
        subscriptions = moved.setdefault(row["user_id"], {})
        subscriptions.setdefault(row["subscription_id"], {})[row["day"]] = row["status"]
    steady = _steady(conn, without=list(moved))
    daily = [Counter(steady) for _ in dates]
    for status_days in moved.values():
        for index, status in enumerate(statuses_of(status_days, dates)):
            daily[index][status] += 1
    daily[-1] = Counter(status_now(conn))
    names = sorted({name for counts in daily for name in counts} - {NO_STATUS})
    return StatusSeries(dates, {name: [counts[name] for counts in daily] for name in names})


def statuses_of(status_days: StatusDays, days: list[date]) -> list[str]:
    """A user's status at the end of each day; an ended subscription stays ended."""
    before = days[0] - timedelta(days=1)
    now = {name: by_day[before] for name, by_day in status_days.items() if before in by_day}
    statuses = []
    for day in days:
        for name, by_day in status_days.items():
            if day in by_day and now.get(name) not in TERMINAL:
                now[name] = by_day[day]
        statuses.append(max(now.values(), key=_rank, default=NO_STATUS))
    return statuses


def _rank(status: str) -> int:
    return STATUS_RANK.get(status, UNKNOWN_RANK)


def _steady(conn: AnyConnection, *, without: list[str]) -> dict[str, int]:
    rows = fetch_all(conn, statement("queries", "overview_status_of_others"), {"without": without})
    return {row["subscription_status"]: row["users"] for row in rows}


def status_now(conn: AnyConnection) -> dict[str, int]:
    """Users by subscription status."""
    rows = fetch_all(conn, statement("queries", "overview_status_now"), {})
    return {row["subscription_status"]: row["users"] for row in rows}


def trial_funnel(conn: AnyConnection, *, since: datetime) -> Row:
    """started, active, converted, expired: of trials that began since an instant."""
    return _one(conn, "overview_trials", {"since": since})


def attention(conn: AnyConnection) -> Row:
    """Numbers of items that need an operator, and totals."""
    return _one(conn, "overview_attention", {})


def appended(conn: AnyConnection, *, since: datetime, until: datetime, width: timedelta) -> Bucketed:
    """Events stored, by source, in buckets of `width`."""
    values = {"since": since, "until": until, "width": width}
    rows = fetch_all(conn, statement("queries", "overview_appended"), values)
    return bucketed(((row["bucket"], row["source"], row["events"]) for row in rows), since, until, width)


def bucketed(
    rows: Iterable[tuple[datetime, str, int]], since: datetime, until: datetime, width: timedelta
) -> Bucketed:
    """Rows of (bucket, name, count) as one list per name, with zeros for empty buckets."""
    starts = [since + width * index for index in range(max(1, (until - since) // width))]
    places = {start: index for index, start in enumerate(starts)}
    counts: dict[str, list[int]] = {}
    for start, name, count in rows:
        if start in places:
            counts.setdefault(name, [0] * len(starts))[places[start]] += count
    return Bucketed(starts, width, dict(sorted(counts.items())))


def _one(conn: AnyConnection, name: str, values: dict[str, object]) -> Row:
    row = fetch_one(conn, statement("queries", name), values)
    assert row is not None  # an aggregate always returns one row
    return row
