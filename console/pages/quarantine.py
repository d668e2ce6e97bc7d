"""Users whose history stops at an event that can't be folded."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from console.access import caller, noted, operator_only
from console.deps import deps, now
from console.errors import not_found
from console.path_ids import key
from projections.projector import Projector
from queries.quarantine import is_quarantined, quarantined

quarantine = Blueprint("quarantine", __name__, url_prefix="/quarantine")

SHOWN = 200


@quarantine.get("")
def show() -> str:
    """The events at which histories stop, and the reasons."""
    with deps().pool.connection() as conn:
        items = quarantined(conn, limit=SHOWN)
        noted(conn, subjects=[row["user_id"] for row in items], fields=["quarantine"])
    return render_template("console/quarantine.html", items=items, can_retry=caller().may(()), now=now())


@quarantine.post("/<path:user_id>/retry")
@operator_only
def retry(user_id: str) -> Response:
    """Fold the whole history again with the running code."""
    user_id, app_deps = key(user_id, "user"), deps()
    with app_deps.pool.connection() as conn:
        if not is_quarantined(conn, user_id):
            raise not_found("quarantined user")
        Projector().retry(conn, [user_id])
        remains = is_quarantined(conn, user_id)
    if remains:
        flash(f"{user_id} still can't be folded.")
        return redirect(url_for("console.quarantine.show"), 303)
    flash(f"{user_id} is up to date.")
    return redirect(url_for("console.users.show", user_id=user_id), 303)
