"""Verify Clerk's signature of a delivery (Svix).

Source: https://docs.svix.com/receiving/verifying-payloads/how-manual
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from hmac import compare_digest

from standardwebhooks import Webhook

from webhooks.errors import UnusableSecret, WebhookRefused
from webhooks.verification import (
    Body,
    Headers,
    Secret,
    Verified,
    attempt_time,
    fingerprint,
    mac,
    required_header,
    usable_secrets,
)

_PREFIX = "whsec_"
_SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=")
# What is signed is "id.time.body". An id with a brace in it could swallow time and body, and what
# follows the next ".digits." of that body would pass for a newer delivery; so it is refused.
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_.:~+=/@-]{1,256}")


def clerk_secrets(texts: Iterable[str]) -> list[Secret]:
    """The usable secrets, newest first; the key is the base64 after `whsec_`.

    Raises: UnusableSecret.
    """
    return [
        Secret(index, fingerprint(text), _key(index, text)) for index, text in usable_secrets("clerk", texts)
    ]


def _key(index: int, text: str) -> bytes:
    encoded = text.removeprefix(_PREFIX).rstrip("=")
    try:
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        raise UnusableSecret("clerk", index, "invalid base64 after whsec_") from None
    if not key:
        raise UnusableSecret("clerk", index, "an empty key")
    return key


def clerk_verifier(secrets: Sequence[Secret]) -> Callable[[Headers, Body, datetime], Verified]:
    """The check of one delivery against `secrets`; it raises WebhookRefused.

    The library's own `verify` reads the real clock and lets malformed headers out as ValueError,
    so we read the headers, keep the time, and let it sign.
    """
    signers = [(secret, Webhook(secret.key)) for secret in secrets]

    def verify(headers: Headers, body: Body, now: datetime) -> Verified:
        family = "svix" if "svix-signature" in headers else "webhook"
        message_id = required_header(headers, f"{family}-id")
        time = required_header(headers, f"{family}-timestamp")
        header = required_header(headers, f"{family}-signature")
        if _MESSAGE_ID.fullmatch(message_id) is None:
            raise WebhookRefused("malformed_header")
        claimed = _signatures(header)
        seconds, attempted_at = attempt_time(time, now)
        for secret, signer in signers:
            expected = _expected(signer, secret, body, message_id, seconds, attempted_at)
            if any(compare_digest(expected, signature) for signature in claimed):
                return Verified(secret, attempted_at, header, message_id)
        raise WebhookRefused("no_match")

    return verify


def _signatures(header: str) -> list[str]:
    """The well-formed v1 signatures; other versions (v1a is ed25519) are ignored."""
    tokens = header.split(" ")
    if any(token.count(",") > 1 or token.endswith(",") for token in tokens):
        raise WebhookRefused("malformed_header")  # a header sent twice arrives joined by a comma
    signatures = [token for token in tokens if _SIGNATURE.fullmatch(token)]
    if not signatures:
        raise WebhookRefused("no_signature")
    return signatures


def _expected(
    signer: Webhook,
    secret: Secret,
    body: Body,
    message_id: str,
    seconds: int,
    attempted_at: datetime,
) -> str:
    if body.text is None:
        digest = mac(secret.key, f"{message_id}.{seconds}.".encode() + body.raw)
        return f"v1,{b64encode(digest).decode()}"
    return signer.sign(message_id, attempted_at, body.text)
