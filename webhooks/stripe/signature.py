"""Verify Stripe's signature of a delivery. Source: https://docs.stripe.com/webhooks/signature"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from stripe import SignatureVerificationError, WebhookSignature

from webhooks.errors import WebhookRefused
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

_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


def stripe_secrets(texts: Iterable[str]) -> list[Secret]:
    """The usable secrets, newest first; the key is the whole `whsec_…` text.

    Raises: UnusableSecret.
    """
    return [
        Secret(index, fingerprint(text), text.encode()) for index, text in usable_secrets("stripe", texts)
    ]


def stripe_verifier(secrets: Sequence[Secret]) -> Callable[[Headers, Body, datetime], Verified]:
    """The check of one delivery against `secrets`; it raises WebhookRefused."""

    def verify(headers: Headers, body: Body, now: datetime) -> Verified:
        header = required_header(headers, "Stripe-Signature")
        claimed = _read(header)
        seconds, attempted_at = attempt_time(claimed.time, now)
        for secret in secrets:
            if _signed(body, seconds, claimed.digests, secret):
                return Verified(secret, attempted_at, header)
        raise WebhookRefused("no_match")

    return verify


@dataclass(frozen=True, slots=True)
class _Claimed:
    time: str
    digests: list[str]


def _read(header: str) -> _Claimed:
    """The header's one time and its well-formed v1 digests; other schemes are ignored."""
    times: list[str] = []
    digests: list[str] = []
    for item in header.split(","):
        scheme, _, value = item.strip(" \t").partition("=")
        if scheme == "t":
            times.append(value)
        elif scheme == "v1" and _HEX_DIGEST.fullmatch(value):
            digests.append(value)
    if len(times) != 1:  # a header sent twice arrives joined by a comma
        raise WebhookRefused("malformed_header")
    if not digests:
        raise WebhookRefused("no_signature")
    return _Claimed(times[0], digests)


def _signed(body: Body, seconds: int, digests: list[str], secret: Secret) -> bool:
    if body.text is None:
        expected = mac(secret.key, b"%d." % seconds + body.raw).hex()
        return any(compare_digest(expected, digest) for digest in digests)
    header = f"t={seconds}," + ",".join(f"v1={digest}" for digest in digests)
    try:
        WebhookSignature.verify_header(body.text, header, secret.key.decode(), tolerance=None)
    except SignatureVerificationError:
        return False
    return True
