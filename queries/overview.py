"""The first page of the console: how subscriptions, trials, webhooks and projections stand."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from events.statements import statement
from projections.stripe_objects import STATUS_RANK, TERMINAL, UNKNOWN_RANK
from queries.rows import AnyConnection, Row, fetch_all, fetch_one

# In the order in which they follow each other within one second.
STATUS_EVENTS = [
    "stripe.customer.subscription.created",
    "stripe.customer.subscription.updated",
    "stripe.customer.subscription.resumed",
    "stripe.customer.subscription.paused",
    "stripe.customer.subscription.deleted",
]
NO_STATUS = "none"

Told = dict[str, dict[date, str]]  # one user's subscriptions: the last status told on a day


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
    """Users by subscription status, day by day; the last day is what the tables say.

    Only users with an event in the window are looked into: the others had one status all along.
    Events of one second are ordered by type, then by arrival, which is good enough for a picture.
    """
    wanted = [now.date() - timedelta(days=back) for back in range(days - 1, -1, -1)]
    since = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    values = {"types": STATUS_EVENTS, "since": since}
    moved: dict[str, Told] = {}
    for row in fetch_all(conn, statement("queries", "overview_status_days"), values):
        subscriptions = moved.setdefault(row["user_id"], {})
        subscriptions.setdefault(row["subscription_id"], {})[row["day"]] = row["status"]
    steady = _steady(conn, without=list(moved))
    daily = [Counter(steady) for _ in wanted]
    for told in moved.values():
        for index, status in enumerate(statuses_of(told, wanted)):
            daily[index][status] += 1
    daily[-1] = Counter(status_now(conn))
    names = sorted({name for counts in daily for name in counts} - {NO_STATUS})
    return StatusSeries(wanted, {name: [counts[name] for counts in daily] for name in names})


def statuses_of(told: Told, days: list[date]) -> list[str]:
    """The status that spoke for a user at the end of each day; what has ended stays ended."""
    before = days[0] - timedelta(days=1)
    now = {name: by_day[before] for name, by_day in told.items() if before in by_day}
    found = []
    for day in days:
        for name, by_day in told.items():
            if day in by_day and now.get(name) not in TERMINAL:
                now[name] = by_day[day]
        found.append(max(now.values(), key=_rank, default=NO_STATUS))
    return found


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
    """started, active, converted, expired: of trials that began since then."""
    return _one(conn, "overview_trials", {"since": since})


def attention(conn: AnyConnection) -> Row:
    """What waits for somebody, and how much there is in all."""
    return _one(conn, "overview_attention", {})


def appended(conn: AnyConnection, *, since: datetime, until: datetime, width: timedelta) -> Bucketed:
    """Events stored, by source, in buckets of `width`."""
    values = {"since": since, "until": until, "width": width}
    rows = fetch_all(conn, statement("queries", "overview_appended"), values)
    return bucketed(((row["bucket"], row["source"], row["events"]) for row in rows), since, until, width)


def bucketed(
    rows: Iterable[tuple[datetime, str, int]], since: datetime, until: datetime, width: timedelta
) -> Bucketed:
    """Rows of (bucket, name, count) as one list a name, with zeros where nothing was."""
    starts = [since + width * index for index in range(max(1, (until - since) // width))]
    places = {start: index for index, start in enumerate(starts)}
    counts: dict[str, list[int]] = {}
    for start, name, count in rows:
        if start in places:
            counts.setdefault(name, [0] * len(starts))[places[start]] += count
    return Bucketed(starts, width, dict(sorted(counts.items())))


def _one(conn: AnyConnection, name: str, values: dict[str, object]) -> Row:
    row = fetch_one(conn, statement("queries", name), values)
    assert row is not None  # an aggregate always answers one row
    return row
