"""The first page: counts, charts and alarms."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template

from console.charts import Chart, areas, bars
from console.deps import deps, now, trusted_keys
from console.inputs import choice
from queries.checkpoint_check import check_checkpoint
from queries.deliveries import outcomes
from queries.lag import projection_lag
from queries.overview import (
    Bucketed,
    StatusSeries,
    appended,
    attention,
    status_now,
    status_series,
    trial_funnel,
)
from queries.seals import latest_checkpoint

overview = Blueprint("overview", __name__)

DAYS = ("30", "90", "365")
WINDOWS = {"hour": timedelta(minutes=1), "day": timedelta(minutes=20), "week": timedelta(hours=2)}
LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
ORDER = ("active", "trialing", "past_due", "unpaid", "paused", "incomplete", "canceled", "incomplete_expired")
OUTCOMES = (
    "appended", "duplicate", "conflict", "unreadable", "refused", "too_large", "closed", "unavailable",
    "failed",
)  # fmt: skip
SOURCES = ("stripe", "clerk", "tenure")


@overview.get("")
def show() -> str:
    """Counts and charts; no personal data."""
    at = now()
    days = int(choice("days", DAYS) or 90)
    window = choice("window", tuple(WINDOWS)) or "hour"
    since, until = _window(window, at)
    with deps().pool.connection() as conn:
        shown: dict[str, Any] = {  # Any: what the template needs
            "statuses": _of_days(status_series(conn, now=at, days=days)),
            "status_now": _ordered(status_now(conn), (*ORDER, "none")),
            "funnel": trial_funnel(conn, since=at - timedelta(days=days)),
            "outcomes": _of_buckets(
                outcomes(conn, since=since, until=until, width=WINDOWS[window]), OUTCOMES
            ),
            "stored": _of_buckets(appended(conn, since=since, until=until, width=WINDOWS[window]), SOURCES),
            "lag": projection_lag(conn),
            "attention": attention(conn),
            "alarms": deps().alarms.recent(conn, now=at),
            "seal": latest_checkpoint(conn),
        }
        shown["seal_check"] = (
            check_checkpoint(conn, shown["seal"], trusted_keys(conn)) if shown["seal"] else None
        )
    return render_template(
        "console/overview.html", now=at, days=days, window=window, days_choices=DAYS, windows=WINDOWS, **shown
    )


def _window(name: str, at: datetime) -> tuple[datetime, datetime]:
    """Whole buckets, including the current one."""
    width, length = WINDOWS[name], LENGTHS[name]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    until = epoch + ((at - epoch) // width + 1) * width
    return until - length, until


def _ordered(counts: Mapping[str, int], order: Sequence[str]) -> dict[str, int]:
    return {name: counts[name] for name in [*order, *sorted(set(counts) - set(order))] if counts.get(name)}


def _of_days(series: StatusSeries) -> Chart:
    counts = {name: series.counts[name] for name in [*ORDER, *sorted(set(series.counts) - set(ORDER))]
              if name in series.counts}  # fmt: skip
    noons = [datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp() for day in series.days]
    return areas(counts, labels=[day.strftime("%d %b") for day in series.days], at=noons)


def _of_buckets(buckets: Bucketed, order: Sequence[str]) -> Chart:
    form = "%H:%M" if buckets.width < timedelta(hours=1) else "%d %b"
    counts = {name: buckets.counts[name] for name in order if name in buckets.counts}
    starts = [start.timestamp() for start in buckets.starts]
    return bars(counts, labels=[start.strftime(form) for start in buckets.starts], at=starts)
