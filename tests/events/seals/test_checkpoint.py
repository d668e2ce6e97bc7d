"""The checkpoint: one spelling, one root, signed by its own log."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta, timezone
from hashlib import sha256

import pytest

from events.seals.checkpoint import (
    PARTS,
    Checkpoint,
    parse_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from events.seals.errors import MalformedCheckpoint, SignatureRefused, UnusableKey
from events.seals.keys import generate_signing_key
from events.seals.note import sign_note
from events.seals.proofs import verify_inclusion
from tests.events.seals.naive_tree import tree_root
from tests.events.seals.sealed_log import ORIGIN, START, small_log

LOG = small_log()
CHECKPOINT = LOG.checkpoint()
TEXT = CHECKPOINT.text()
EMPTY = b64encode(sha256(b"").digest()).decode()


def test_the_text_is_the_documented_one() -> None:
    lines = TEXT.split("\n")

    assert lines[:2] == [ORIGIN, "16"]
    assert lines[3] == "time 2026-03-03T09:26:00.000000Z"
    assert lines[5] == f"1 0 {EMPTY}"
    assert lines[4 + 3] == f"3 11 {b64encode(LOG.frontiers[3].root).decode()}"
    assert len(lines) == 4 + PARTS + 1


def test_the_root_is_the_tree_s_over_the_documented_leaves() -> None:
    def framed(text: str) -> bytes:
        return len(text).to_bytes(4, "big") + text.encode()

    leaves = [
        b"tenure part root v1\n" + b"".join(map(framed, (str(part), str(frontier.size), frontier.root.hex())))
        for part, frontier in enumerate(LOG.frontiers)
    ]

    assert CHECKPOINT.root == tree_root(leaves)
    assert TEXT.split("\n")[2] == b64encode(tree_root(leaves)).decode()


def test_a_signed_checkpoint_comes_back_as_it_was() -> None:
    verified = verify_checkpoint(LOG.signed(), [LOG.key.verifier])

    assert verified.checkpoint == CHECKPOINT
    assert verified.signed_by == (LOG.key.verifier,)


def test_old_and_new_key_sign_during_a_rotation() -> None:
    new = generate_signing_key(ORIGIN)
    signed = sign_checkpoint(CHECKPOINT, [new, LOG.key])

    assert verify_checkpoint(signed, [LOG.key.verifier]).checkpoint == CHECKPOINT
    assert verify_checkpoint(signed, [new.verifier]).checkpoint == CHECKPOINT


@pytest.mark.parametrize("part", [0, 1, 3, 63])
def test_every_part_s_head_is_proved_by_its_vector_path(part: int) -> None:
    verify_inclusion(
        CHECKPOINT.heads[part].leaf_hash(),
        part,
        size=PARTS,
        path=CHECKPOINT.vector_path(part),
        root=CHECKPOINT.root,
    )


def test_the_same_instant_in_another_zone_is_not_a_second_spelling() -> None:
    with pytest.raises(MalformedCheckpoint, match="UTC"):
        replace(CHECKPOINT, signed_at=START.astimezone(timezone(timedelta(hours=1))))


def test_a_witness_alone_does_not_make_a_checkpoint() -> None:
    witness = generate_signing_key("witness.example")

    with pytest.raises(SignatureRefused, match="witnesses"):
        verify_checkpoint(sign_note(TEXT, [witness]), [witness.verifier])


def test_a_key_of_another_name_does_not_sign_a_checkpoint() -> None:
    with pytest.raises(UnusableKey, match="named"):
        sign_checkpoint(CHECKPOINT, [LOG.key, generate_signing_key("other.example")])


SPOILS: dict[str, Callable[[str], str]] = {
    "other total": lambda text: text.replace("\n16\n", "\n17\n"),
    "other root": lambda text: text.replace(text.split("\n")[2], EMPTY),
    "other size of a part": lambda text: text.replace("\n3 11 ", "\n3 12 "),
    "other root of a part": lambda text: text.replace(text.split("\n")[7], f"3 11 {EMPTY}"),
    "leading zero": lambda text: text.replace("\n3 11 ", "\n3 011 "),
    "sign": lambda text: text.replace("\n3 11 ", "\n3 +11 "),
    "underscore": lambda text: text.replace("\n3 11 ", "\n3 1_1 "),
    "other digits": lambda text: text.replace("\n3 11 ", "\n3 １１ "),
    "two spaces": lambda text: text.replace("\n3 11 ", "\n3  11 "),
    "no root": lambda text: text.replace(text.split("\n")[7], "3 11"),
    "short root": lambda text: text.replace(text.split("\n")[7], "3 11 AAAA"),
    "huge size": lambda text: text.replace("\n3 11 ", f"\n3 {2**63} "),
    "parts exchanged": lambda text: text.replace("\n1 0", "\nX").replace("\n2 0", "\n1 0"),
    "part twice": lambda text: text.replace("\n2 0 ", "\n1 0 "),
    "part gone": lambda text: text.replace(text.split("\n")[7] + "\n", ""),
    "extra line": lambda text: text + "more\n",
    "no last newline": lambda text: text[:-1],
    "empty origin": lambda text: text.replace(ORIGIN, ""),
    "short time": lambda text: text.replace(".000000Z", "Z"),
    "other zone": lambda text: text.replace("Z\n", "+00:00\n"),
    "impossible day": lambda text: text.replace("03-03", "02-30"),
    "unpadded month": lambda text: text.replace("2026-03", "2026-3"),
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS.keys())
def test_a_text_that_is_no_checkpoint_is_refused_though_it_is_signed(
    spoil: Callable[[str], str],
) -> None:
    spoiled = spoil(TEXT)
    assert spoiled != TEXT

    with pytest.raises(MalformedCheckpoint):
        parse_checkpoint(spoiled)


def test_empty_part_and_empty_root_go_together() -> None:
    heads = list(CHECKPOINT.heads)
    heads[1] = replace(heads[1], root=bytes(32))

    with pytest.raises(MalformedCheckpoint, match="empty root"):
        Checkpoint(ORIGIN, START, tuple(heads))
