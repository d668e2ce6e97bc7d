"""The log: searching it, and one event with its body, signature, flow and neighbours."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for

from console.access import noted
from console.deps import deps, now, trusted_keys
from console.errors import bad_input, not_found
from console.event_summary import gist
from console.inputs import LIMIT, choice, instant, text
from console.path_ids import key
from console.proofs import as_file, proof_of
from events.statements import AnyConnection, Row
from queries.deliveries import conflicts_of
from queries.event_context import flow, marks, neighbours
from queries.events import EventFilter, event_types, one_event, search

events = Blueprint("events", __name__, url_prefix="/events")

SOURCES = ("stripe", "clerk", "tenure")
TIMES = ("occurred_after", "occurred_before", "recorded_after", "recorded_before")
SIGNATURE = ("received_by", "attempted_at", "secret_index", "secret_fingerprint", "signature", "message_id")


@events.get("")
def show_all() -> str:
    """The log, newest first, page by page in both directions."""
    where = EventFilter(
        user_id=text("user_id"),
        type=text("type"),
        source=choice("source", SOURCES),
        aggregate_id=text("aggregate_id"),
        **{name: instant(name) for name in TIMES},
    )
    after, before = text("after"), text("before")
    if after is not None and before is not None:
        raise bad_input("Expected a page after or before another, found both.")
    with deps().pool.connection() as conn:
        page = search(conn, where, limit=LIMIT, after=after, before=before)
        beside = marks(conn, page.items)
        types = event_types(conn)
        subjects = [where.user_id] if where.user_id else [row["route_key"] for row in page.items]
        noted(conn, subjects=subjects, fields=["events"])
    arguments = {
        name: value for name, value in request.args.items() if name not in ("after", "before") and value
    }
    return render_template(
        "console/events.html",
        page=page, marks=beside, types=types, sources=SOURCES, where=asdict(where),
        arguments=arguments, now=now(),
    )  # fmt: skip


@events.get("/<uuid:event_id>/proof")
def prove(event_id: UUID) -> Response:
    """The proof file, body included; it can be checked offline with the public key alone."""
    with deps().pool.connection() as conn:
        event = one_event(conn, str(event_id))
        proof = None if event is None else as_file(conn, event_id, trusted_keys(conn))
        if event is None or proof is None:
            raise not_found("proof yet")
        noted(conn, subjects=[event["route_key"]], fields=["events", "event_data"])
    headers = {"Content-Disposition": f'attachment; filename="tenure-proof-{event_id}.json"'}
    return Response(proof, content_type="application/json", headers=headers)


@events.get("/<path:event_id>")
def show(event_id: str) -> str:
    """One event, by its id or by its provider's id (evt_…, msg_…)."""
    row_id = key(event_id, "event")
    with deps().pool.connection() as conn:
        one = one_event(conn, row_id)
        if one is None:
            raise not_found("event")
        shown = _around(conn, one)
        noted(conn, subjects=[one["route_key"]], fields=["events", "event_data"])
    return render_template("console/event.html", event=one, gist=gist(one), now=now(), **shown)


def _around(conn: AnyConnection, event: Row) -> dict[str, Any]:  # Any: what the template needs
    metadata = event["metadata"]
    related = flow(conn, event)
    return {
        "proof": proof_of(conn, event["id"], trusted_keys(conn)),
        "marks": marks(conn, [event]),
        "conflicts": conflicts_of(conn, event),
        "neighbours": neighbours(conn, event),
        "flow": related,
        "signature": {name: metadata[name] for name in SIGNATURE if name in metadata},
        "others": {name: metadata[name] for name in sorted(metadata) if name not in SIGNATURE},
        "owner": _owner(event),
    }


def _owner(event: Row) -> tuple[str, str] | None:
    """(label, URL) of the page of the event's user or customer."""
    route = event["route_key"]
    if route.startswith("user_"):
        return "user", url_for("console.users.show", user_id=route)
    if route.startswith("cus_"):
        return "customer", url_for("console.users.show_all", q=route)
    return None
