"""Checks that both endpoints make before they trust a delivery: bounded body, headers, time, secrets."""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from werkzeug import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from events.clock import from_micros
from webhooks.errors import BodyTooLarge, UnusableSecret, WebhookRefused

MAX_BODY_BYTES = 1024 * 1024
MAX_HEADER_CHARS = 8192
TOLERANCE_S = 300

_CHUNK_BYTES = 64 * 1024
_SECONDS = re.compile(r"[1-9][0-9]{0,11}")
_SECRET = re.compile(r"[!-~]+")


class Headers(Protocol):
    """The headers of a request; names in any case."""

    def __contains__(self, name: str, /) -> bool: ...

    def get(self, name: str, default: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Secret:
    """One signing key; `index` counts from the newest, `fingerprint` names it without the key."""

    index: int
    fingerprint: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes that were signed; `text` is None when they are not UTF-8."""

    raw: bytes
    text: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    """Proof that the provider sent this: which secret matched, and when it was sent."""

    secret: Secret
    attempted_at: datetime
    signature: str
    message_id: str | None = None

    def metadata(self) -> dict[str, object]:
        """The delivery's metadata in the log: enough to check the signature again."""
        kept: dict[str, object] = {
            "received_by": "webhook",
            "signature": self.signature,
            "secret_index": self.secret.index,
            "secret_fingerprint": self.secret.fingerprint,
            "attempted_at": self.attempted_at.isoformat(),
        }
        return kept | ({} if self.message_id is None else {"message_id": self.message_id})


def read_body(request: Request) -> Body:
    """The whole body; at most one byte over the limit is read.

    Raises: BodyTooLarge; WebhookRefused when the sender hangs up half way.
    """
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise BodyTooLarge
    # Werkzeug silently cuts a chunked body at its limit: read one byte more to detect it.
    request.max_content_length = MAX_BODY_BYTES + 1
    try:
        raw = _read_up_to(request, MAX_BODY_BYTES + 1)
    except RequestEntityTooLarge:
        raise BodyTooLarge from None
    except (BadRequest, OSError):
        raise WebhookRefused("body_cut_short") from None
    if len(raw) > MAX_BODY_BYTES:
        raise BodyTooLarge
    return as_body(raw)


def as_body(raw: bytes) -> Body:
    """A Body of complete bytes."""
    return Body(raw, _text(raw))


def _read_up_to(request: Request, limit: int) -> bytes:
    body = bytearray()
    while len(body) < limit:
        chunk = request.stream.read(min(_CHUNK_BYTES, limit - len(body)))
        if not chunk:
            break
        body += chunk
    return bytes(body)


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def required_header(headers: Headers, name: str) -> str:
    """The header's value.

    Raises: WebhookRefused (missing_header, header_too_long).
    """
    value = headers.get(name, "")
    if not value:
        raise WebhookRefused("missing_header")
    if len(value) > MAX_HEADER_CHARS:
        raise WebhookRefused("header_too_long")
    return value


def attempt_time(text: str, now: datetime) -> tuple[int, datetime]:
    """(Unix seconds, instant) of the attempt, at most five minutes from `now` either way.

    Only ASCII digits count: int() and float() would also take signs, spaces, other scripts and NaN.
    Raises: WebhookRefused (bad_timestamp, too_old, too_new).
    """
    if _SECONDS.fullmatch(text) is None:
        raise WebhookRefused("bad_timestamp")
    seconds = int(text)
    age_s = now.timestamp() - seconds
    if age_s > TOLERANCE_S:
        raise WebhookRefused("too_old")
    if age_s < -TOLERANCE_S:
        raise WebhookRefused("too_new")
    return seconds, from_micros(seconds * 1_000_000)


def usable_secrets(source: str, texts: Iterable[str]) -> list[tuple[int, str]]:
    """(index, text) of each secret that is not blank: an empty key would accept any signature.

    Raises: UnusableSecret.
    """
    secrets = [text.strip() for text in texts if text.strip()]
    for index, text in enumerate(secrets):
        if _SECRET.fullmatch(text) is None:
            raise UnusableSecret(source, index, "characters outside printable ASCII")
    return list(enumerate(secrets))


def fingerprint(secret_text: str) -> str:
    """Twelve hex digits that name a secret; one way."""
    return sha256(b"tenure webhook secret\x00" + secret_text.encode()).hexdigest()[:12]


def mac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 over bytes: both libraries can only sign text, and a body need not be text."""
    return hmac.new(key, message, sha256).digest()
