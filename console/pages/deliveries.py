"""Deliveries that appended no new event: repeats, second bodies under one key, bodies that are not JSON."""

from datetime import timedelta

from flask import Blueprint, render_template

from console.access import noted
from console.deps import deps, now
from queries.deliveries import conflicts, outcomes, repeats, unreadable

deliveries = Blueprint("deliveries", __name__, url_prefix="/deliveries")

SHOWN = 100
COUNTED = timedelta(days=7)


@deliveries.get("")
def show() -> str:
    """The latest of each kind, and how the deliveries of a week ended."""
    at = now()
    with deps().pool.connection() as conn:
        doubted, again = conflicts(conn, limit=SHOWN), repeats(conn, limit=SHOWN)
        week = outcomes(conn, since=at - COUNTED, until=at + timedelta(days=1), width=timedelta(days=1))
        lost = unreadable(conn, limit=SHOWN)
        noted(conn, subjects=[row["route_key"] for row in (*doubted, *again)], fields=["events"])
    totals = {name: sum(counts) for name, counts in week.counts.items()}
    return render_template(
        "console/deliveries.html", conflicts=doubted, repeats=again, unreadable=lost, totals=totals, now=at
    )
