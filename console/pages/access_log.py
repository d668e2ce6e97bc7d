"""The access log: the reads of personal data, with reader, person, instant and reason."""

from flask import Blueprint, render_template

from console.deps import deps, now
from console.inputs import LIMIT, text, uuid
from queries.access_log import reads

access_log = Blueprint("access_log", __name__, url_prefix="/access-log")


@access_log.get("")
def show() -> str:
    """The newest first. Reading it is not recorded: it contains no personal data but ids."""
    subject, reader = text("subject"), text("reader")
    with deps().pool.connection() as conn:
        items, following = reads(conn, limit=LIMIT, subject=subject, reader=reader, after=uuid("after"))
    return render_template(
        "console/access_log.html", items=items, next=following, subject=subject, reader=reader, now=now()
    )
