"""The search box at the top: opens the only match, or lists the matches."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from console.access import noted
from console.deps import deps
from console.inputs import text
from queries.find import PERSON, Hit
from queries.find import find as find_hits

find = Blueprint("find", __name__, url_prefix="/find")


@find.get("")
def show() -> str | Response:
    """Open the only match at once."""
    typed = text("q")
    if typed is None:
        return render_template("console/find.html", typed="", hits=[], address=_address)
    with deps().pool.connection() as conn:
        hits = find_hits(conn, typed)
        noted(conn, subjects=[hit.id for hit in hits if hit.kind == "user"], fields=PERSON)
    if len(hits) == 1 or (hits and hits[0].by == "id"):
        return redirect(_address(hits[0]), 303)
    return render_template("console/find.html", typed=typed, hits=hits, address=_address)


def _address(hit: Hit) -> str:
    if hit.kind == "user":
        return url_for("console.users.show", user_id=hit.id)
    if hit.kind == "event":
        return url_for("console.events.show", event_id=hit.id)
    return url_for("console.events.show_all", aggregate_id=hit.id)
