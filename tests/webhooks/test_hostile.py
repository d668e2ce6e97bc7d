"""Before a signature is proven: one line of refusal, and the database never hears of it."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.captured_logs import own_lines
from tests.webhooks.conftest import Doors, UntouchablePool
from tests.webhooks.signing import (
    NOW_S,
    STRIPE_SECRET,
    clerk_headers,
    stripe_digest,
    stripe_headers,
)
from webhooks import Delivery
from webhooks.verification import MAX_BODY_BYTES

PATHS = ("/webhooks/stripe", "/webhooks/clerk")
BODY = b'{"id":"evt_1"}'

HOSTILE_BODIES = {
    "empty": b"",
    "not utf-8": b"\xff\xfe{}",
    "5,000 deep": b"[" * 5000 + b"]" * 5000,
    "5,000 deep, never closed": b'{"a":' * 5000,
    "NaN": b'{"created":NaN}',
    "array": b"[]",
    "text": b"hello",
    "NUL": b"\x00" * 100,
    "byte order mark": b"\xef\xbb\xbf{}",
}
HOSTILE_HEADERS: dict[str, dict[str, str]] = {
    "none": {},
    "wrong digest": {"Stripe-Signature": f"t={NOW_S},v1={'0' * 64}"},
    "not ascii": {"Stripe-Signature": f"t={NOW_S},v1=\xfc\xe9"},
    "not hex": {"Stripe-Signature": f"t={NOW_S},v1={'z' * 64}"},
    "huge time": {"Stripe-Signature": f"t={'9' * 4000},v1={'0' * 64}"},
    "negative time": {"Stripe-Signature": f"t=-1,v1={'0' * 64}"},
    "thousands": {"Stripe-Signature": f"t={NOW_S}" + (",v1=" + "0" * 64) * 5000},
    "bad base64": {
        "svix-id": "msg_1",
        "svix-timestamp": str(NOW_S),
        "svix-signature": "v1,not*base64 v1,abc v1, , v2,AAAA garbage",
    },
    "clerk not ascii": {
        "svix-id": "msg_\xfc",
        "svix-timestamp": "\xb2\xb3",
        "svix-signature": "v1,\xe9",
    },
    "clerk thousands": {
        "svix-id": "msg_1",
        "svix-timestamp": str(NOW_S),
        "svix-signature": ("v1," + "A" * 43 + "= ") * 5000,
    },
}


def assert_one_line_problem(response: Any, status: int) -> None:  # Any: werkzeug's test response
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert response.data.count(b"\n") == 1
    problem = json.loads(response.data)
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == status


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", HOSTILE_HEADERS.values(), ids=HOSTILE_HEADERS.keys())
@pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES.keys())
def test_unsigned_junk_is_one_line_of_refusal(
    guarded: FlaskClient, path: str, headers: dict[str, str], body: bytes
) -> None:
    assert_one_line_problem(guarded.post(path, data=body, headers=headers), 400)


def test_every_refusal_reads_the_same(guarded: FlaskClient, observed: list[Delivery]) -> None:
    answers = {
        guarded.post("/webhooks/stripe", data=BODY, headers=headers).data
        for headers in (
            {},
            stripe_headers(BODY, t=NOW_S - 301),
            stripe_headers(BODY, t=NOW_S + 301),
            stripe_headers(BODY, secret="whsec_other"),
        )
    }

    assert len(answers) == 1
    assert [delivery.reason for delivery in observed] == [
        "missing_header",
        "too_old",
        "too_new",
        "no_match",
    ]


@pytest.mark.parametrize("path", PATHS)
def test_duplicated_headers_are_refused(guarded: FlaskClient, path: str) -> None:
    signed = {**stripe_headers(BODY), **clerk_headers(BODY)}
    twice = [pair for pair in signed.items() for _ in range(2)]

    assert_one_line_problem(guarded.post(path, data=BODY, headers=twice), 400)


def test_one_providers_signature_opens_no_other_door(guarded: FlaskClient) -> None:
    for path, headers in zip(PATHS, (clerk_headers(BODY), stripe_headers(BODY)), strict=True):
        assert_one_line_problem(guarded.post(path, data=BODY, headers=headers), 400)


@pytest.mark.parametrize("path", PATHS)
def test_a_body_over_1_mib_is_413_signed_or_not(guarded: FlaskClient, path: str) -> None:
    body = b" " * (MAX_BODY_BYTES + 1)
    for headers in ({}, stripe_headers(body) | clerk_headers(body)):
        assert_one_line_problem(guarded.post(path, data=body, headers=headers), 413)


@pytest.mark.parametrize("secrets", [(), ("",), ("  ", "")])
@pytest.mark.parametrize("path", PATHS)
def test_a_door_without_a_secret_never_opens(
    doors: Doors, observed: list[Delivery], path: str, secrets: tuple[str, ...]
) -> None:
    client = doors(UntouchablePool(), stripe=secrets, clerk=secrets)
    with_empty_key = {"Stripe-Signature": f"t={NOW_S},v1={stripe_digest(BODY, secret='')}"}

    response = client.post(path, data=BODY, headers=with_empty_key)

    assert_one_line_problem(response, 503)
    assert "Retry-After" in response.headers
    assert observed[-1].outcome == "closed"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_only_post_is_answered(guarded: FlaskClient, path: str, method: str) -> None:
    assert guarded.open(path, method=method).status_code == 405


def test_a_refusal_is_logged_in_one_line_without_the_header(guarded: FlaskClient) -> None:
    headers = {"Stripe-Signature": f"t={NOW_S},v1={'0' * 64}", "X-Request-Id": "req-7"}
    with own_lines() as lines:
        response = guarded.post("/webhooks/stripe", data=b"maria@example.org", headers=headers)

    assert len(lines) == 1
    assert (lines[0]["outcome"], lines[0]["reason"]) == ("refused", "no_match")
    assert lines[0]["request_id"] == response.headers["X-Request-Id"] == "req-7"
    assert "maria" not in str(lines)
    assert "0" * 64 not in str(lines)
    assert STRIPE_SECRET not in str(lines)


def test_a_made_up_request_id_replaces_a_hostile_one(guarded: FlaskClient) -> None:
    response = guarded.post("/webhooks/stripe", headers={"X-Request-Id": "x" * 65})

    assert len(response.headers["X-Request-Id"]) == 32


HEADER_TEXTS = st.text(st.characters(max_codepoint=255), max_size=120)
SIGNED_HEADERS = (
    "HTTP_STRIPE_SIGNATURE",
    "HTTP_SVIX_ID",
    "HTTP_SVIX_TIMESTAMP",
    "HTTP_SVIX_SIGNATURE",
    "HTTP_X_REQUEST_ID",
    "HTTP_TRANSFER_ENCODING",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "HTTP_CONTENT_ENCODING",
)
NEARLY_SIGNED = st.sampled_from(
    [f"t={NOW_S},v1=", f"t={NOW_S}", f"{NOW_S}", "msg_1", "v1," + "A" * 43 + "=", "1e9", "-0"]
)


@settings(max_examples=300)
@given(
    path=st.sampled_from(PATHS),
    body=st.binary(max_size=300),
    headers=st.dictionaries(
        st.sampled_from(SIGNED_HEADERS),
        st.one_of(
            HEADER_TEXTS,
            NEARLY_SIGNED,
            st.tuples(NEARLY_SIGNED, HEADER_TEXTS).map("".join),
        ),
    ),
    terminated=st.booleans(),
    method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT"]),
)
def test_no_bytes_get_further_than_a_refusal(
    guarded: FlaskClient,
    path: str,
    body: bytes,
    headers: dict[str, str],
    terminated: bool,
    method: str,
) -> None:
    environ: dict[str, Any] = EnvironBuilder(path, method=method, data=body).get_environ()
    environ |= headers
    if terminated:
        environ["wsgi.input_terminated"] = True
    app: Flask = guarded.application

    _, status, _ = run_wsgi_app(app.wsgi_app, environ)

    assert status[:3] in {"400", "405", "413"}
