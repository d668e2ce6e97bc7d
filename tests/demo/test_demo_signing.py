"""The demo's signatures are the ones the providers' own libraries accept."""

import base64
from datetime import UTC, datetime

import pytest
import stripe
from standardwebhooks import Webhook, WebhookVerificationError

from demo.history import make_world
from demo.signing import sign, sign_stripe, sign_svix

STRIPE_SECRET = "whsec_test_stripe"
CLERK_SECRET = "whsec_" + base64.b64encode(b"a secret of the demo's own").decode()


def test_stripe_library_accepts_the_signature() -> None:
    now = datetime.now(UTC)
    body = '{"id": "evt_1", "name": "Zoë"}'.encode()

    header = sign_stripe(body, secret=STRIPE_SECRET, at=now)["Stripe-Signature"]

    assert stripe.WebhookSignature.verify_header(body.decode(), header, STRIPE_SECRET, 300)


def test_stripe_library_refuses_another_body() -> None:
    header = sign_stripe(b"{}", secret=STRIPE_SECRET, at=datetime.now(UTC))["Stripe-Signature"]

    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header("{ }", header, STRIPE_SECRET, 300)


def test_standardwebhooks_accepts_the_signature() -> None:
    now = datetime.now(UTC)
    body = b'{"type":"user.created"}'

    headers = _standard(sign_svix(body, message_id="msg_1", secret=CLERK_SECRET, at=now))

    assert Webhook(CLERK_SECRET).verify(body, headers) == {"type": "user.created"}


def test_standardwebhooks_refuses_another_message() -> None:
    headers = sign_svix(b"{}", message_id="msg_1", secret=CLERK_SECRET, at=datetime.now(UTC))

    with pytest.raises(WebhookVerificationError):
        Webhook(CLERK_SECRET).verify(b"{}", _standard({**headers, "svix-id": "msg_2"}))


def test_every_delivery_is_signed_by_its_provider() -> None:
    now = datetime.now(UTC)
    for delivery in make_world(3, 3, days=30, steps_per_user=4).deliveries:
        headers = sign(delivery, stripe_secret=STRIPE_SECRET, clerk_secret=CLERK_SECRET, at=now)
        if delivery.provider == "stripe":
            header = headers["Stripe-Signature"]
            stripe.WebhookSignature.verify_header(delivery.body.decode(), header, STRIPE_SECRET, 300)
        else:
            Webhook(CLERK_SECRET).verify(delivery.body, _standard(headers))


def _standard(headers: dict[str, str]) -> dict[str, str]:
    """Svix's header names in the spelling of Standard Webhooks."""
    return {key.lower().replace("svix-", "webhook-"): value for key, value in headers.items()}
