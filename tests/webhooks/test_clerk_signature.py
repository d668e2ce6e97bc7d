"""Clerk's signature check: the published vectors, and the name of each refusal."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from tests.webhooks.signing import (
    CLERK_OLD_SECRET,
    CLERK_SECRET,
    NOW,
    NOW_S,
    clerk_headers,
    clerk_signature,
    received,
)
from webhooks.clerk.signature import clerk_secrets, clerk_verifier
from webhooks.errors import UnusableSecret, WebhookRefused
from webhooks.verification import Body, Verified

BODY = b'{"type":"user.created"}'
GOOD = clerk_headers(BODY)
VERIFY = clerk_verifier(clerk_secrets([CLERK_SECRET, CLERK_OLD_SECRET]))


def as_body(raw: bytes) -> Body:
    try:
        return Body(raw, raw.decode())
    except UnicodeDecodeError:
        return Body(raw, None)


def verify(headers: dict[str, str], raw: bytes = BODY) -> Verified:
    return VERIFY(received(headers), as_body(raw), NOW)


def refusal(headers: dict[str, str], raw: bytes = BODY) -> str:
    with pytest.raises(WebhookRefused) as refused:
        verify(headers, raw)
    return refused.value.reason


def passes(vector: dict[str, Any]) -> bool:  # Any: a JSON file
    check = clerk_verifier(clerk_secrets([vector["secret"]]))
    body = as_body(base64.b64decode(vector["body_b64"]))
    try:
        check(received(vector["headers"]), body, datetime.fromtimestamp(vector["now"], UTC))
    except WebhookRefused:
        return False
    return True


def test_published_vectors(corpus: Path) -> None:
    vectors = json.loads((corpus / "signatures" / "svix_vectors.json").read_text())

    otherwise = {vector["name"] for vector in vectors if passes(vector) is not vector["expect"]}

    # The libraries can't sign bytes that are not text, so they call this one invalid. Its signature
    # is right, and what is validly signed must be kept, never refused.
    assert otherwise == {"valid sig over non-UTF8 body"}
    assert len(vectors) == 27


def test_the_older_secret_is_recorded_by_index_and_fingerprint() -> None:
    verified = verify(clerk_headers(BODY, secret=CLERK_OLD_SECRET))

    assert verified.secret.index == 1
    assert verified.message_id == "msg_1"
    assert CLERK_OLD_SECRET not in repr(verified)
    assert "key" not in repr(verified.secret)


def test_the_standard_header_names_pass_too() -> None:
    renamed = {name.replace("svix-", "webhook-"): value for name, value in GOOD.items()}

    assert verify(renamed).message_id == "msg_1"


@pytest.mark.parametrize(("age_s", "reason"), [(301, "too_old"), (-301, "too_new")])
def test_more_than_five_minutes_is_refused_both_ways(age_s: int, reason: str) -> None:
    assert refusal(clerk_headers(BODY, t=NOW_S - age_s)) == reason


@pytest.mark.parametrize("age_s", [300, -300])
def test_five_minutes_either_way_pass(age_s: int) -> None:
    assert verify(clerk_headers(BODY, t=NOW_S - age_s)).secret.index == 0


SIGNATURE = GOOD["svix-signature"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"svix-id": ""}, "missing_header"),
        ({"svix-timestamp": ""}, "missing_header"),
        ({"svix-signature": ""}, "missing_header"),
        ({"svix-id": "msg_1,msg_1"}, "malformed_header"),
        ({"svix-id": 'msg_1.1772539200.{"a":"b'}, "malformed_header"),
        ({"svix-id": "msg_ü"}, "malformed_header"),
        ({"svix-id": "m" * 257}, "malformed_header"),
        ({"svix-id": "m" * 9000}, "header_too_long"),
        ({"svix-timestamp": f"{NOW_S},{NOW_S}"}, "bad_timestamp"),
        ({"svix-timestamp": f"{NOW_S}.9"}, "bad_timestamp"),
        ({"svix-timestamp": "-1"}, "bad_timestamp"),
        ({"svix-timestamp": "inf"}, "bad_timestamp"),
        ({"svix-timestamp": "١٧٧٢٥٣٩٢٠٠"}, "bad_timestamp"),
        ({"svix-timestamp": "9" * 400}, "bad_timestamp"),
        ({"svix-signature": f"{SIGNATURE},{SIGNATURE}"}, "malformed_header"),
        ({"svix-signature": f"{SIGNATURE}, {SIGNATURE}"}, "malformed_header"),
        ({"svix-signature": "v1"}, "no_signature"),
        ({"svix-signature": "v1,abc"}, "no_signature"),
        ({"svix-signature": "v1,ü" + SIGNATURE[4:]}, "no_signature"),
        ({"svix-signature": SIGNATURE.replace("v1", "v1a")}, "no_signature"),
        ({"svix-signature": SIGNATURE.rstrip("=")}, "no_signature"),
        ({"svix-signature": "v1," + "A" * 43 + "="}, "no_match"),
        ({"svix-signature": " ".join([SIGNATURE] * 500)}, "header_too_long"),
        ({"svix-id": "msg_2"}, "no_match"),
    ],
)
def test_each_refusal_has_a_name(changed: dict[str, str], reason: str) -> None:
    assert refusal(GOOD | changed) == reason


def test_a_body_cannot_pass_for_a_newer_delivery() -> None:
    text = f'{{"type":"x","note":"a.{NOW_S}.b"}}'
    old = clerk_headers(text.encode(), msg_id="msg_1", t=NOW_S - 9000)
    head, tail = f"msg_1.{NOW_S - 9000}.{text}".split(f".{NOW_S}.")
    shifted = {"svix-id": head, "svix-timestamp": str(NOW_S)}

    signed_the_same = clerk_signature(tail.encode(), secret=CLERK_SECRET, msg_id=head, t=NOW_S)
    assert signed_the_same == old["svix-signature"]
    assert refusal(old | shifted, tail.encode()) == "malformed_header"


@given(st.binary(max_size=200))
def test_every_body_signed_with_our_secret_passes(raw: bytes) -> None:
    assert verify(clerk_headers(raw), raw).secret.index == 0


@given(st.text(max_size=100), st.text(max_size=30), st.text(max_size=100))
def test_nothing_but_a_refusal_comes_of_any_headers(msg_id: str, t: str, signature: str) -> None:
    assert refusal({"svix-id": msg_id, "svix-timestamp": t, "svix-signature": signature})


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
def test_the_library_agrees_on_what_is_signed(text: str) -> None:
    signed = Webhook(CLERK_SECRET).sign("msg_1", NOW, text)

    assert verify(GOOD | {"svix-signature": signed}, text.encode()).secret.index == 0


@pytest.mark.parametrize("text", ["whsec_", "whsec_====", "whsec_A", "whsec_MfKQ9r8G*YqrTwjU", "ü"])
def test_a_secret_that_cannot_sign_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(UnusableSecret, match="clerk signing secret number 1"):
        clerk_secrets([text])


def test_a_secret_without_prefix_or_padding_is_usable() -> None:
    bare = CLERK_SECRET.removeprefix("whsec_").rstrip("=")

    assert clerk_secrets([bare])[0].key == clerk_secrets([CLERK_SECRET])[0].key
