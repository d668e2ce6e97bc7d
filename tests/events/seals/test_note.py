"""Signed notes: the C2SP form, several keys, and everything that is not a note."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.seals.errors import MalformedNote, SealError, SignatureRefused, UnusableKey
from events.seals.keys import VerifierKey, generate_signing_key, parse_verifier_key
from events.seals.note import MAX_SIGNATURES, parse_note, sign_note, verify_note

# The example in the documentation of Go's golang.org/x/mod/sumdb/note.
PETER = parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
PETERS_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
)
TEXT = "log.example\nanother line\n\nafter an empty one\n"
OLD, NEW, OTHER = (generate_signing_key("log.example") for _ in range(3))
NOTE = sign_note(TEXT, [NEW])


def test_a_note_made_by_another_implementation_verifies() -> None:
    assert verify_note(PETERS_NOTE, [PETER]).signed_by == (PETER,)


def test_a_signed_text_comes_back_with_its_key() -> None:
    note = verify_note(NOTE.encode(), [NEW.verifier])

    assert (note.text, note.signed_by) == (TEXT, (NEW.verifier,))


def test_during_a_rotation_either_key_is_enough() -> None:
    signed = sign_note(TEXT, [NEW, OLD])

    assert verify_note(signed, [OLD.verifier]).signed_by == (OLD.verifier,)
    assert verify_note(signed, [NEW.verifier]).signed_by == (NEW.verifier,)
    assert verify_note(signed, [OLD.verifier, NEW.verifier]).signed_by == (
        NEW.verifier,
        OLD.verifier,
    )


def test_signatures_by_unknown_keys_are_ignored() -> None:
    witness = generate_signing_key("witness.example")
    broken = sign_note(TEXT, [NEW, witness])[:-8] + "AAAAAA=\n"

    assert verify_note(sign_note(TEXT, [NEW, OTHER]), [NEW.verifier]).text == TEXT
    assert verify_note(broken, [NEW.verifier]).text == TEXT


@pytest.mark.parametrize("trusted", [[], [OTHER.verifier]])
def test_a_note_without_a_trusted_signature_is_refused(trusted: list[VerifierKey]) -> None:
    with pytest.raises(SignatureRefused, match="trusted"):
        verify_note(NOTE, trusted)


def test_a_key_of_the_same_id_under_another_name_is_another_key() -> None:
    renamed = NOTE.replace("— log.example", "— log.example2")

    with pytest.raises(SignatureRefused):
        verify_note(renamed, [NEW.verifier])


def test_one_bad_signature_by_a_trusted_key_spoils_a_good_one() -> None:
    lines = sign_note(TEXT, [NEW, OLD]).split("\n")
    lines[-2] = sign_note("other\n", [OLD]).split("\n")[-2]

    with pytest.raises(SignatureRefused, match="changed"):
        verify_note("\n".join(lines), [NEW.verifier, OLD.verifier])


@given(st.integers(0, len(NOTE.encode()) * 8 - 1))
def test_no_bit_of_a_note_can_be_changed(bit: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[bit // 8] ^= 1 << bit % 8

    with pytest.raises(SealError):
        verify_note(bytes(raw), [NEW.verifier])


@given(st.text(alphabet="a \n—+=/\x00é", max_size=40) | st.binary(max_size=40))
def test_any_other_text_is_refused_in_one_way(text: str | bytes) -> None:
    with pytest.raises(MalformedNote):
        verify_note(text, [NEW.verifier])


SIGNATURE = NOTE.split("\n")[-2]
MALFORMED: dict[str, Callable[[], str | bytes]] = {
    "no blank line": lambda: NOTE.replace("\n\n—", "\n—"),
    "no signature": lambda: TEXT + "\n",
    "cut last newline": lambda: NOTE[:-1],
    "trailing newline": lambda: NOTE + "\n",
    "trailing garbage": lambda: NOTE + "x",
    "trailing line": lambda: NOTE + "x\n",
    "carriage returns": lambda: NOTE.replace("\n", "\r\n"),
    "tab": lambda: "\t" + NOTE,
    "nul": lambda: "\0" + NOTE,
    "not UTF-8": lambda: b"\xff" + NOTE.encode(),
    "half a pair": lambda: "\ud800" + NOTE,
    "hyphen for the dash": lambda: NOTE.replace("—", "-"),
    "two spaces": lambda: NOTE.replace("— ", "—  "),
    "no name": lambda: NOTE.replace("— log.example", "— "),
    "plus in the name": lambda: NOTE.replace("— log.example", "— log+example"),
    "space in the name": lambda: NOTE.replace("— log.example", "— log\u2003example"),
    "padding gone": lambda: NOTE.replace("=\n", "\n"),
    "url-safe alphabet": lambda: NOTE.replace(SIGNATURE, SIGNATURE[:30] + "-_" + SIGNATURE[32:]),
    "no bytes behind the id": lambda: f"{TEXT}\n— log.example AAAAAA==\n",
    "one key twice": lambda: NOTE + SIGNATURE + "\n",
    "too many": lambda: TEXT + "\n" + "".join(f"— w{n} AAAAAAAA\n" for n in range(MAX_SIGNATURES + 1)),
    "too long": lambda: "x" * 300_000 + "\n\n" + SIGNATURE + "\n",
}


@pytest.mark.parametrize("spoil", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_note_is_refused(spoil: Callable[[], str | bytes]) -> None:
    with pytest.raises(MalformedNote):
        verify_note(spoil(), [NEW.verifier])


def test_signature_bits_that_base64_ignores_cannot_be_changed() -> None:
    assert SIGNATURE.endswith("=")
    with pytest.raises(MalformedNote, match="canonical"):
        parse_note(NOTE.replace(SIGNATURE, SIGNATURE[:-2] + chr(ord(SIGNATURE[-2]) + 1) + "="))


@pytest.mark.parametrize("text", ["no newline", "", "tab\t\n", "\ud800\n"])
def test_a_text_no_note_can_carry_is_not_signed(text: str) -> None:
    with pytest.raises((MalformedNote, UnicodeEncodeError)):
        sign_note(text, [NEW])


def test_sixteen_signatures_are_accepted_as_the_specification_asks() -> None:
    keys = [generate_signing_key(f"witness{n}.example") for n in range(15)]

    assert verify_note(sign_note(TEXT, [NEW, *keys]), [NEW.verifier]).text == TEXT


def test_nothing_is_signed_without_a_key() -> None:
    with pytest.raises(UnusableKey):
        sign_note(TEXT, [])
