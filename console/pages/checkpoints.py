"""Signed checkpoints of the whole log, and whether the latest one verifies."""

from itertools import islice

from flask import Blueprint, Response, render_template

from console.deps import deps, now, trusted_keys
from console.errors import not_found
from queries.checkpoint_check import check_checkpoint
from queries.sealed_leaves import part_sizes
from queries.seals import checkpoint_numbered, checkpoints, latest_checkpoint

pages = Blueprint("checkpoints", __name__, url_prefix="/checkpoints")

SHOWN = 100


@pages.get("")
def show() -> str:
    """The latest, checked now; those before it; how far each part is sealed."""
    with deps().pool.connection() as conn:
        latest = latest_checkpoint(conn)
        trusted = trusted_keys(conn)
        check = None if latest is None else check_checkpoint(conn, latest, trusted)
        older = list(islice(checkpoints(conn), SHOWN))
        sizes = part_sizes(conn)
    waiting = sum(size.head - size.sealed for size in sizes)
    return render_template(
        "console/checkpoints.html",
        latest=latest, check=check, items=older, waiting=waiting, sizes=sizes, keys=trusted, now=now(),
    )  # fmt: skip


@pages.get("/<int:number>/note")
def note(number: int) -> Response:
    """The signed note itself, to keep where the log's operators can't reach."""
    if number >= 2**63:
        raise not_found("checkpoint")
    with deps().pool.connection() as conn:
        checkpoint = checkpoint_numbered(conn, number)
    if checkpoint is None:
        raise not_found("checkpoint")
    name = f"tenure-checkpoint-{number}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(checkpoint.note, content_type="text/plain; charset=utf-8", headers=headers)
