"""The completeness ledger: deliveries of each provider by hour, missed events, and alarms."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from flask import Blueprint, render_template

from console.deps import deps, now
from console.inputs import choice
from events.statements import Row
from handlers.alarms import alarms
from queries.completeness import COUNTED, ledger, outages, reconciled

completeness = Blueprint("completeness", __name__, url_prefix="/completeness")

DAYS = ("1", "7", "30")


@completeness.get("")
def show() -> str:
    """The figures of `tenure ledger` and `tenure status`; no personal data."""
    at, days = now(), int(choice("days", DAYS) or 1)
    app_deps = deps()
    with app_deps.pool.connection() as conn:
        rows = ledger(conn, since=at - timedelta(days=days), until=at)
        alarming, ends = alarms(conn, now=at), reconciled(conn)
    return render_template(
        "console/completeness.html",
        rows=sorted(rows, key=_newest_first), sources=_by_source(rows, ends), outages=outages(rows),
        alarms=alarming, counted=COUNTED, days=days, days_choices=DAYS, now=at,
    )  # fmt: skip


def _newest_first(row: Row) -> tuple[float, str]:
    return -row["hour"].timestamp(), row["source"]


def _by_source(rows: Iterable[Row], ends: dict[str, Row]) -> dict[str, Row]:
    """Each source's sums, its last failure and its last reconciliation."""
    by_source: dict[str, Row] = {}
    for source, end in ends.items():
        own = [row for row in rows if row["source"] == source]
        failed: list[datetime] = [row["last_failure_at"] for row in own if row["last_failure_at"]]
        by_source[source] = {name: sum(row[name] for row in own) for name in COUNTED} | {
            "last_failure_at": max(failed, default=None),
            "reconciled_at": end["finished_at"],
        }
    return by_source
