"""The schedule: past runs, and the users that time alone will change in the coming days."""

from flask import Blueprint, render_template

from console.access import noted
from console.deps import deps, now
from console.inputs import choice
from handlers.schedule_preview import preview
from jobs.schedule import runs_so_far

pages = Blueprint("schedule", __name__, url_prefix="/schedule")

DAYS = ("1", "7", "30")
SHOWN = 300


@pages.get("")
def show() -> str:
    """Show runs and the preview, which is computed and not stored."""
    at, days = now(), int(choice("days", DAYS) or 7)
    with deps().pool.connection() as conn:
        coming = preview(conn, at, days)
        runs = runs_so_far(conn)
        shown = coming[:SHOWN]
        noted(
            conn, subjects=[change.user_id for change in shown], fields=["trial_end_date", "usage_reset_date"]
        )
    return render_template(
        "console/schedule.html",
        coming=shown, more=len(coming) - len(shown), runs=runs, days=days, days_choices=DAYS, now=at,
    )  # fmt: skip
