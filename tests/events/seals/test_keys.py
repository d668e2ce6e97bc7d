"""Keys: their text forms, and every form that is refused."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from events.seals.errors import UnusableKey
from events.seals.keys import (
    VerifierKey,
    generate_signing_key,
    parse_signing_keys,
    parse_verifier_key,
)

NAME = "log.example/tenure"
# RFC 8032 §7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
SEED_TEXT = base64.b64encode(SEED).decode()


def pem(private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> str:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def test_a_seed_gives_the_public_key_of_the_rfc() -> None:
    (key,) = parse_signing_keys(f" {SEED_TEXT}\n", name=NAME)

    assert key.verifier.public == PUBLIC
    assert key.verifier.verifies(key.sign(b"message"), b"message")


def test_pem_and_seed_are_the_same_key() -> None:
    (key,) = parse_signing_keys(SEED_TEXT, name=NAME)
    text = key.pem().decode()

    assert parse_signing_keys(text, name=NAME)[0].verifier == key.verifier
    assert parse_signing_keys(text.replace("\n", "\\n"), name=NAME)[0].verifier == key.verifier


def test_several_keys_keep_their_order() -> None:
    one, two = generate_signing_key(NAME), generate_signing_key(NAME)
    both = parse_signing_keys((one.pem() + two.pem()).decode(), name=NAME)
    seeds = parse_signing_keys(f"{SEED_TEXT}, {base64.b64encode(bytes(32)).decode()}", name=NAME)

    assert [key.verifier for key in both] == [one.verifier, two.verifier]
    assert seeds[0].verifier.public == PUBLIC
    assert len(seeds) == 2


def test_a_verifier_key_survives_its_text() -> None:
    key = generate_signing_key(NAME).verifier

    assert parse_verifier_key(f"{key}\n") == key
    assert str(key).split("+")[:2] == [NAME, key.key_id.hex()]


BAD_SIGNING_KEYS = {
    "empty": "",
    "short": "AAAA",
    "empty second seed": f"{SEED_TEXT},",
    "one seed twice": f"{SEED_TEXT},{SEED_TEXT}",
    "no padding": SEED_TEXT.rstrip("="),
    "begin without end": "-----BEGIN PRIVATE KEY-----",
    "no key in the block": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "another curve": pem(ec.generate_private_key(ec.SECP256R1())),
    "encrypted": pem(ed25519.Ed25519PrivateKey.generate(), password=b"secret"),
}


@pytest.mark.parametrize("text", BAD_SIGNING_KEYS.values(), ids=BAD_SIGNING_KEYS.keys())
def test_unusable_signing_key_is_refused(text: str) -> None:
    with pytest.raises(UnusableKey):
        parse_signing_keys(text, name=NAME)


def test_private_key_is_in_no_message() -> None:
    almost = SEED_TEXT[:-2]
    with pytest.raises(UnusableKey) as refused:
        parse_signing_keys(almost, name=NAME)
    (key,) = parse_signing_keys(SEED_TEXT, name=NAME)

    assert almost[:8] not in str(refused.value) + repr(refused.value.__cause__)
    assert SEED_TEXT not in repr(key) + str(key)
    assert SEED.hex() not in repr(vars(key))


GOOD = str(VerifierKey(NAME, PUBLIC))


@pytest.mark.parametrize(
    "text",
    [
        "",
        NAME,
        GOOD.replace("log", "lag"),
        GOOD[:-4],
        GOOD + "=",
        GOOD.replace("+", "-"),
        f"{NAME}+00000000+{GOOD.split('+', 2)[2]}",
        f"{NAME}+{GOOD.split('+')[1].upper()}A+{GOOD.split('+', 2)[2]}",
        f"{NAME}+é+{GOOD.split('+', 2)[2]}",
        GOOD[: -len(GOOD.split("+", 2)[2])] + base64.b64encode(b"\x02" + PUBLIC).decode(),
        "a b" + GOOD[len(NAME) :],
    ],
)
def test_unusable_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(UnusableKey):
        parse_verifier_key(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2028b", "a\x00b"])
def test_a_name_no_note_can_carry_is_refused(name: str) -> None:
    with pytest.raises(UnusableKey, match="name"):
        generate_signing_key(name)


def test_signature_of_any_other_length_is_no_signature() -> None:
    key = generate_signing_key(NAME)

    assert not any(key.verifier.verifies(key.sign(b"x")[:n], b"x") for n in (0, 63))
    assert not key.verifier.verifies(key.sign(b"x") + b"\0", b"x")
