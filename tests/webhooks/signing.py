"""Signs as the providers do, from their documents and not from the code under test."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

from werkzeug.datastructures import EnvironHeaders

NOW = datetime(2026, 3, 3, 12, 0, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())

STRIPE_SECRET = "whsec_stripe_newest"
STRIPE_OLD_SECRET = "whsec_stripe_before"
CLERK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CLERK_OLD_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def stripe_digest(body: bytes, *, secret: str = STRIPE_SECRET, t: int = NOW_S) -> str:
    return hmac.new(secret.encode(), b"%d." % t + body, hashlib.sha256).hexdigest()


def stripe_headers(body: bytes, *, secret: str = STRIPE_SECRET, t: int = NOW_S) -> dict[str, str]:
    return {"Stripe-Signature": f"t={t},v1={stripe_digest(body, secret=secret, t=t)}"}


def clerk_signature(body: bytes, *, secret: str, msg_id: str, t: int) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{msg_id}.{t}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def clerk_headers(
    body: bytes, *, secret: str = CLERK_SECRET, msg_id: str = "msg_1", t: int = NOW_S
) -> dict[str, str]:
    return {
        "svix-id": msg_id,
        "svix-timestamp": str(t),
        "svix-signature": clerk_signature(body, secret=secret, msg_id=msg_id, t=t),
    }


def received(headers: Mapping[str, str]) -> EnvironHeaders:
    """Headers as a WSGI server hands them over: it checks nothing about their values."""
    return EnvironHeaders(
        {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    )
