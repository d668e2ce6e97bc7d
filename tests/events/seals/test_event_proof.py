"""An event's proof file: good ones are read out, anything touched is refused."""

import copy
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.seals.errors import MalformedProofFile, SealError, SignatureRefused
from events.seals.event_proof import check_proof, make_event_proof
from events.seals.json_shape import parse_proof_file
from events.seals.keys import generate_signing_key
from events.seals.leaf import LEAF_COLUMNS
from tests.events.seals.sealed_log import ORIGIN, PAYLOAD, salt, small_log

LOG = small_log()
KEYS = [LOG.key.verifier]
PROOF = LOG.proof(3, 7)


def file_of(proof: dict[str, Any]) -> dict[str, Any]:
    return parse_proof_file(json.dumps(proof))


@pytest.mark.parametrize("address", LOG.rows)
def test_every_event_s_proof_survives_its_file(address: tuple[int, int]) -> None:
    checked = check_proof(file_of(LOG.proof(*address)), KEYS)

    assert (checked.part, checked.position) == address
    assert list(checked.event.values()) == LOG.rows[address]
    assert (checked.payload, checked.payload_state) == (PAYLOAD, "matches")
    assert checked.signed_by == tuple(KEYS)


def test_an_erased_event_still_proves() -> None:
    checked = check_proof(LOG.proof(3, 7, erased=True), KEYS)

    assert (checked.payload, checked.payload_state) == (None, "absent")
    assert checked.event["idempotency_key"] == "evt_7"


def test_a_proof_needs_a_key_the_auditor_trusts() -> None:
    with pytest.raises(SignatureRefused):
        check_proof(PROOF, [generate_signing_key(ORIGIN).verifier])


@pytest.mark.parametrize("column", LEAF_COLUMNS)
def test_no_sealed_field_can_be_changed(column: str) -> None:
    for other in ("8", "", None, 7, True):
        proof = copy.deepcopy(PROOF)
        if proof["event"][column] == other:
            continue
        proof["event"][column] = other

        with pytest.raises(SealError):
            check_proof(proof, KEYS)


@settings(max_examples=300)
@given(st.data())
def test_no_character_of_a_proof_can_be_changed(data: st.DataObject) -> None:
    text = json.dumps(PROOF, ensure_ascii=False)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from('0aZ"\\{ \n+/=é'))
    changed = text[:place] + other + text[place + 1 :]

    try:
        same = json.loads(changed) == PROOF
    except ValueError:
        same = False
    if same:
        return
    with pytest.raises(SealError):
        check_proof(parse_proof_file(changed), KEYS)


def change(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(PROOF), **changes}


def change_event(**changes: Any) -> dict[str, Any]:
    return change(event={**PROOF["event"], **changes})


BAD: dict[str, Callable[[], Any]] = {
    "no object": list,
    "nothing": dict,
    "other version": lambda: change(tenure_event_proof=2),
    "true for a version": lambda: change(tenure_event_proof=True),
    "extra name": lambda: change(more=1),
    "extra field": lambda: change_event(more="1"),
    "event no object": lambda: change(event=list(PROOF["event"].items())),
    "part out of range": lambda: change_event(part="64"),
    "negative part": lambda: change_event(part="-1"),
    "position 0": lambda: change_event(position="0"),
    "position beyond the checkpoint": lambda: change_event(position="12"),
    "half a pair": lambda: change_event(metadata="\ud800"),
    "path no list": lambda: change(part_path="AAAA"),
    "path of numbers": lambda: change(part_path=[1]),
    "path cut": lambda: change(part_path=PROOF["part_path"][:-1]),
    "path longer": lambda: change(part_path=[*PROOF["part_path"], PROOF["part_path"][0]]),
    "path turned": lambda: change(part_path=PROOF["part_path"][::-1]),
    "path endless": lambda: change(part_path=PROOF["part_path"] * 1000),
    "vector path cut": lambda: change(vector_path=PROOF["vector_path"][:-1]),
    "paths exchanged": lambda: change(part_path=PROOF["vector_path"], vector_path=PROOF["part_path"]),
    "no checkpoint": lambda: change(checkpoint=None),
    "salt alone": lambda: change(payload=None),
    "payload alone": lambda: change(salt=None),
    "other payload": lambda: change(payload=PAYLOAD + " "),
    "payload no text": lambda: change(payload=json.loads(PAYLOAD)),
    "byte moved from payload to salt": lambda: change(
        salt=b64encode(salt(7) + PAYLOAD[:1].encode()).decode(), payload=PAYLOAD[1:]
    ),
    "byte moved from salt to payload": lambda: change(
        salt=b64encode(salt(7)[:-1]).decode(), payload="\x07" + PAYLOAD
    ),
    "proof of another event": lambda: change(event=LOG.proof(3, 8)["event"]),
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD.keys())
def test_a_spoiled_proof_is_refused(spoil: Callable[[], Any]) -> None:
    with pytest.raises(SealError):
        check_proof(spoil(), KEYS)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "nul", '{"a":1,"a":1}', '{"a":NaN}', "[" * 100_000, b"\xff\xfe", "9" * 10_000],
)
def test_a_file_that_is_no_proof_is_refused(text: str | bytes) -> None:
    with pytest.raises(MalformedProofFile):
        parse_proof_file(text)


def test_a_file_too_long_is_refused() -> None:
    with pytest.raises(MalformedProofFile, match="bytes"):
        parse_proof_file(" " * 20_000_000)


def test_half_a_payload_makes_no_proof() -> None:
    with pytest.raises(MalformedProofFile, match="together"):
        make_event_proof(
            list(PROOF["event"].values()),
            salt=None,
            payload=PAYLOAD,
            part_path=[],
            checkpoint=PROOF["checkpoint"],
        )
