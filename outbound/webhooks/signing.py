"""Signatures of outgoing webhooks. Source: https://www.standardwebhooks.com, version 1.0.0"""

import base64
import hmac
import os
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

PREFIX = "whsec_"
KEY_BYTES = 32


def new_secret() -> str:
    """A signing secret in the standard's format."""
    return PREFIX + base64.b64encode(os.urandom(KEY_BYTES)).decode()


def headers(message_id: str, body: bytes, *, secrets: Iterable[str], at: datetime) -> dict[str, str]:
    """The three headers; one signature for each secret, the newest first."""
    seconds = int(at.timestamp())
    signed = f"{message_id}.{seconds}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
