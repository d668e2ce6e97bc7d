"""Nothing secret or personal passes the redactor, under whatever name it comes."""

from uuid import UUID

import pytest

from service.redaction import HIDDEN, clean_text, redact


def _redact(**fields: object) -> dict[str, object]:
    redacted = redact(None, "info", fields)
    assert isinstance(redacted, dict)
    return redacted


@pytest.mark.parametrize(
    "key",
    [
        "email",
        "primary_email_address_id",
        "primaryEmailAddress",
        "billing_address_city",
        "full_name",
        "name",
        "Stripe-Signature",
        "svix-signature",
        "Authorization",
        "HTTP_AUTHORIZATION",
        "api_token",
        "secret",
        "STRIPE_WEBHOOK_SECRETS",
        "clerk_secret_key",
        "signing_key",
        "key",
        "phone_numbers_phone",
        "card_last4",
        "cookie",
        "payload",
        "remote_addr",
        "database_url",
    ],
)
def test_value_under_a_sensitive_name_is_hidden(key: str) -> None:
    assert _redact(**{key: "ada@example.org"}) == {key: HIDDEN}


@pytest.mark.parametrize(
    "key",
    [
        "event",
        "event_type",
        "level",
        "logger",
        "outcome",
        "part",
        "plan_key",
        "request_id",
        "source",
    ],
)
def test_value_that_says_what_happened_stays(key: str) -> None:
    assert _redact(**{key: "x"}) == {key: "x"}


def test_what_only_names_a_secret_stays() -> None:
    named = {"secret_index": 1, "secret_fingerprint": "0a1b2c", "token_id": "7"}

    assert _redact(**named) == named


def test_sensitive_names_are_hidden_inside_nested_values() -> None:
    redacted = _redact(user={"id": "user_1", "emails": [{"x": 1}], "more": [{"token": "t"}]})

    assert redacted == {"user": {"id": "user_1", "emails": HIDDEN, "more": [{"token": HIDDEN}]}}


def test_missing_value_is_shown_as_missing() -> None:
    assert _redact(email=None) == {"email": None}


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("no user ada.lovelace+x@example.org here", "ada.lovelace"),
        ("Key (email)=(ada@example.org) already exists", "ada@"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw refused", "MfKQ9"),
        ("key sk_live_51Habcdef is wrong", "51Habcdef"),
        ("Authorization: Bearer tnr_auditor_abcDEF123-_x", "abcDEF"),
        ("token tnr_service_abcdefghij", "abcdefghij"),
        ("postgresql://app:hunter2@db.example/tenure", "hunter2"),
        ("host=db password=hunter2 user=app", "hunter2"),
        ("t=1,v1=" + "ab" * 32, "abab"),
        ("v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=", "K5oZ"),
        ("-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----", "MC4CAQ"),
    ],
)
def test_secret_inside_a_text_is_hidden(text: str, secret: str) -> None:
    assert secret not in clean_text(text)


def test_bodies_are_counted_never_shown() -> None:
    assert _redact(raw=b"ada@example.org") == {"raw": "<15 bytes>"}


def test_hostile_values_neither_raise_nor_grow() -> None:
    deep: object = "ada@example.org"
    for _ in range(10_000):
        deep = [deep]

    redacted = _redact(deep=deep, many=list(range(100_000)), id=UUID(int=1))

    assert len(str(redacted)) < 2_000
    assert redacted["id"] == str(UUID(int=1))
