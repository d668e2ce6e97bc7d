"""Seals: the signed checkpoint, public, and the proof of an event."""

from typing import Literal

from flask import Blueprint, Response
from pydantic import BaseModel, Field

from api.auth import noted, requires
from api.deps import deps
from api.errors import RequestRefused, not_found
from api.events import BODIES_READ, HEADERS_READ
from api.models import Question
from api.openapi import documented
from api.replica import reading
from api.responses import answer
from events.errors import EventNotFound
from events.seals.errors import MissingNode
from queries.seals import NoCheckpoint, NotSealedYet, event_proof, latest_checkpoint

seals = Blueprint("seals", __name__, url_prefix="/api")

RETRY_AFTER_S = 60
NOTE = "text/plain"


class ProofQuestion(Question):
    payload: Literal["true", "false"] = Field("true", description="`false`: leave the body out.")


class EventProof(BaseModel):
    """A proof file; its format is in docs/proofs.md. All bytes are base64."""

    tenure_event_proof: int
    event: dict[str, str | None]
    salt: str | None
    payload: str | None
    part_path: list[str]
    vector_path: list[str]
    checkpoint: str


@seals.get("/checkpoints/latest")
@documented(tags=("seals",), public=True, HTTP_200=None, HTTP_404=None)
def show_latest() -> Response:
    """The newest signed checkpoint: a C2SP signed note, as text. Fetch it often and keep it."""
    with deps().pool.connection() as conn:
        checkpoint = latest_checkpoint(conn)
    if checkpoint is None:
        raise not_found("checkpoint yet; the first is signed within a minute")
    response = Response(checkpoint.note, mimetype=NOTE)
    response.last_modified = checkpoint.signed_at
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(checkpoint.root.hex() + f"-{checkpoint.number}")
    return response


@seals.get("/events/<key:event_id>/proof")
@requires("auditor")
@documented(query=ProofQuestion, tags=("seals",), HTTP_200=EventProof, HTTP_404=None, HTTP_409=None)
def show_proof(event_id: str, query: ProofQuestion) -> Response:
    """The proof file of an event: check it offline with `tenure audit check` or forty lines of code.

    409 while the event is younger than the newest checkpoint. With `payload=false` the body is omitted.
    """
    payload = query.payload == "true"
    try:
        with reading() as conn:
            proof = event_proof(conn, event_id, payload=payload)
            fields = BODIES_READ if payload else HEADERS_READ
            noted(conn, subjects=[str(proof["event"]["route_key"])], fields=fields)
    except EventNotFound:
        raise not_found("event") from None
    except (NotSealedYet, NoCheckpoint):
        raise RequestRefused(
            409,
            "not-sealed-yet",
            "Not sealed yet",
            "the event is younger than the newest checkpoint; one is signed every minute",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        ) from None
    except MissingNode:
        detail = "the stored tree has a gap, so nothing can be proved; run: tenure audit verify --full"
        raise RequestRefused(500, "broken-tree", "Broken tree", detail) from None
    return answer(proof)
