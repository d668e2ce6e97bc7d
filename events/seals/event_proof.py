"""The proof file of one event: written by the log, checked with the log's public key.

The format is documented in docs/proofs.md, beside a checker that shares no code with
this one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from events.seals import json_shape
from events.seals.checkpoint import PARTS, Checkpoint, parse_checkpoint, verify_checkpoint
from events.seals.encoding import base64_text
from events.seals.errors import MalformedProofFile, ProofRefused
from events.seals.keys import VerifierKey
from events.seals.leaf import LEAF_COLUMNS, leaf_hash_of_texts
from events.seals.note import parse_note
from events.seals.proofs import verify_inclusion

FORMAT = 1
SALT_BYTES = 16

_NAMES = (
    "tenure_event_proof",
    "event",
    "salt",
    "payload",
    "part_path",
    "vector_path",
    "checkpoint",
)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of checking a proof file.

    `event` has the sealed fields as the texts of `LEAF_COLUMNS`. `payload` is None and
    `payload_state` "absent" when the file leaves the body out or it was erased.
    """

    event: dict[str, str | None]
    part: int
    position: int
    payload: str | None
    payload_state: Literal["matches", "absent"]
    checkpoint: Checkpoint
    signed_by: tuple[VerifierKey, ...]


def make_event_proof(
    texts: Sequence[str | None],
    *,
    salt: bytes | None,
    payload: str | None,
    part_path: Sequence[bytes],
    checkpoint: str,
) -> dict[str, Any]:  # Any: JSON values
    """The proof file's content; `json.dumps` makes the file.

    `texts` are the event's `LEAF_COLUMNS`; `part_path` is
    `proofs.make_inclusion(position - 1, head.size, …)` for the part's head in the
    signed `checkpoint`. Leave out salt and payload together.

    Raises: MalformedNote; MalformedCheckpoint; MalformedProofFile for half a payload.
    """
    if (salt is None) != (payload is None):
        raise MalformedProofFile("expected salt and payload together or neither, found one")
    event = dict(zip(LEAF_COLUMNS, texts, strict=True))
    vector = parse_checkpoint(parse_note(checkpoint).text)
    return {
        "tenure_event_proof": FORMAT,
        "event": event,
        "salt": None if salt is None else base64_text(salt),
        "payload": payload,
        "part_path": [base64_text(node) for node in part_path],
        "vector_path": [base64_text(node) for node in vector.vector_path(_part(event))],
        "checkpoint": checkpoint,
    }


def check_proof(
    proof: dict[str, Any],  # Any: as it comes from JSON; everything is checked here
    verifier_keys: Iterable[VerifierKey],
) -> Checked:
    """Check the proof offline, with only the public keys.

    Raises: MalformedProofFile; MalformedNote; SignatureRefused; MalformedCheckpoint;
    ProofRefused. After any of them the file proves nothing.
    """
    json_shape.exactly(proof, _NAMES, what="proof file")
    json_shape.version(proof["tenure_event_proof"], FORMAT, what="proof file")
    event = _event(proof["event"])
    part, position = _part(event), _position(event)
    verified = verify_checkpoint(json_shape.text(proof["checkpoint"], what="checkpoint"), verifier_keys)
    head = verified.checkpoint.heads[part]
    verify_inclusion(
        head.leaf_hash(),
        part,
        size=PARTS,
        path=json_shape.path(proof["vector_path"], what="vector_path"),
        root=verified.checkpoint.root,
    )
    verify_inclusion(
        leaf_hash_of_texts([event[name] for name in LEAF_COLUMNS]),
        position - 1,
        size=head.size,
        path=json_shape.path(proof["part_path"], what="part_path"),
        root=head.root,
    )
    payload = _payload(proof, event["payload_digest"])
    state: Literal["matches", "absent"] = "absent" if payload is None else "matches"
    return Checked(event, part, position, payload, state, verified.checkpoint, verified.signed_by)


def _event(value: object) -> dict[str, str | None]:
    fields = json_shape.exactly(value, LEAF_COLUMNS, what="event")
    return {
        name: None if fields[name] is None else json_shape.text(fields[name], what=name)
        for name in LEAF_COLUMNS
    }


def _part(event: dict[str, str | None]) -> int:
    part = _number(event, "part")
    if part >= PARTS:
        raise MalformedProofFile(f"part: expected 0 to {PARTS - 1}, found {part}")
    return part


def _position(event: dict[str, str | None]) -> int:
    position = _number(event, "position")
    if position < 1:
        raise MalformedProofFile("position: expected 1 or more, found 0")
    return position


def _number(event: dict[str, str | None], name: str) -> int:
    digits = event[name] or ""
    if not _NUMBER.fullmatch(digits):
        raise MalformedProofFile(f"{name}: expected a number, found {digits[:40]!r}")
    return int(digits)


def _payload(proof: dict[str, Any], digest: str | None) -> str | None:  # Any: see check_proof
    if proof["salt"] is None and proof["payload"] is None:
        return None
    salt = json_shape.raw_bytes(proof["salt"], what="salt")
    # A fixed length, or bytes could be moved between the salt and the payload.
    if len(salt) != SALT_BYTES:
        raise MalformedProofFile(f"salt: expected {SALT_BYTES} bytes, found {len(salt)}")
    payload = json_shape.text(proof["payload"], what="payload")
    actual = sha256(salt + payload.encode()).hexdigest()
    if actual != digest:
        raise ProofRefused(
            f"the payload is not the one that was sealed: expected digest {digest}, found {actual}"
        )
    return payload
