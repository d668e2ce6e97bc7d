"""Sign a body as the providers do, for the real webhook endpoints."""

import base64
import hashlib
import hmac
from datetime import datetime

from demo.deliveries import DemoDelivery


def sign_stripe(body: bytes, *, secret: str, at: datetime) -> dict[str, str]:
    """The `Stripe-Signature` header; the key is the whole `whsec_…` string.

    Source: https://docs.stripe.com/webhooks#verify-manually
    """
    timestamp = int(at.timestamp())
    signed = f"{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={timestamp},v1={digest}"}


def sign_svix(body: bytes, *, message_id: str, secret: str, at: datetime) -> dict[str, str]:
    """The three `svix-` headers; the key is the base64 after `whsec_`.

    Source: https://docs.svix.com/receiving/verifying-payloads/how-manual
    """
    timestamp = int(at.timestamp())
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "svix-id": message_id,
        "svix-timestamp": str(timestamp),
        "svix-signature": f"v1,{digest}",
    }


def sign(delivery: DemoDelivery, *, stripe_secret: str, clerk_secret: str, at: datetime) -> dict[str, str]:
    """The headers of this delivery for an attempt `at` that time."""
    if delivery.provider == "stripe":
        headers = sign_stripe(delivery.body, secret=stripe_secret, at=at)
    else:
        headers = sign_svix(delivery.body, message_id=delivery.message_id, secret=clerk_secret, at=at)
    return {"Content-Type": "application/json", **headers}
