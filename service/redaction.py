"""Keep secrets and personal data out of all log lines."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

HIDDEN = "***"

_MAX_DEPTH = 6
_MAX_ITEMS = 100


def redact(_logger: object, _method: str, event: Any) -> Any:  # Any: structlog's event_dict
    """structlog processor: hides values under a sensitive name, and sensitive text in others."""
    return {
        key: HIDDEN if _is_sensitive(key) and value is not None else _clean(value)
        for key, value in event.items()
    }


def _clean(value: object, depth: int = 0) -> object:
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if depth >= _MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return _clean_mapping(value, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, depth + 1) for item in list(value)[:_MAX_ITEMS]]
    return clean_text(str(value))


def _clean_mapping(value: Mapping[Any, object], depth: int) -> dict[str, object]:  # Any: foreign keys
    return {
        str(key): HIDDEN if _is_sensitive(str(key)) and item is not None else _clean(item, depth + 1)
        for key, item in list(value.items())[:_MAX_ITEMS]
    }


def clean_text(text: str) -> str:
    """`text` without what looks like a secret or an e-mail address."""
    if _SUSPECT.search(text) is None:  # true for nearly every text, and each line has a dozen
        return text
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


@lru_cache(maxsize=4096)
def _is_sensitive(key: str) -> bool:
    words = _WORDS.sub("_", _HUMPS.sub("_", key)).lower().strip("_")
    if words in _HARMLESS:
        return False
    parts = set(words.split("_"))
    return words in _EXACT or not parts.isdisjoint(_WORD)


_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORDS = re.compile(r"[^A-Za-z0-9]+")

# A key is sensitive when it is one of these, or has one of the words in it …
_EXACT = frozenset(
    {
        "key",
        "name",
        "full_name",
        "first_name",
        "last_name",
        "business_name",
        "user_name",
        "username",
    }
    | {
        "display_name",
        "customer_name",
        "brand_description",
        "body",
        "raw_body",
        "payload",
        "event_data",
    }
    | {
        "api_key",
        "secret_key",
        "signing_key",
        "private_key",
        "billing_details",
        "card",
        "last4",
        "card_last4",
    }
    | {
        "ip",
        "ip_address",
        "remote_addr",
        "user_agent",
        "database_url",
        "smtp_url",
        "dsn",
        "conninfo",
        "url_with_secret",
    }
)
_WORD = frozenset(
    {
        "email",
        "emails",
        "mail",
        "address",
        "addresses",
        "phone",
        "phones",
        "token",
        "tokens",
        "authorization",
    }
    | {
        "cookie",
        "cookies",
        "password",
        "passwd",
        "signature",
        "signatures",
        "secret",
        "secrets",
        "credential",
    }
    | {"credentials", "bearer", "iban", "ssn", "birthday", "postal", "zip"}
)
# … unless it is one of these, which describe a secret without revealing it.
_HARMLESS = frozenset(
    {"secret_index", "secret_fingerprint", "token_id", "address_count", "email_count", "email_kind"}
)

_IN_ADDRESS = r"[^\s@<>\"'(),;:=]"
_PATTERNS = (
    (re.compile(r"\b(whsec|sk|rk|pk)_[A-Za-z0-9_+/=-]{6,}"), r"\1_" + HIDDEN),
    (re.compile(r"\btnr_([a-z]+)_[A-Za-z0-9_-]+"), r"tnr_\1_" + HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 " + HIDDEN),
    (re.compile(r"\b([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@]+@"), r"\1:" + HIDDEN + "@"),
    (re.compile(r"(?i)\bpassword=\S+"), "password=" + HIDDEN),
    (re.compile(r"\bv1[=,][A-Za-z0-9+/=]{32,}"), "v1=" + HIDDEN),
    (re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*", re.DOTALL), HIDDEN),
    (
        re.compile(rf"(?<!{_IN_ADDRESS}){_IN_ADDRESS}++@{_IN_ADDRESS}{{1,255}}\.[A-Za-z]{{2,}}"),
        HIDDEN,
    ),
)
# A fragment of each pattern: text without any of these matches none of them.
_SUSPECT = re.compile(r"@|://|v1[=,]|-----BEGIN|(?:whsec|sk|rk|pk|tnr)_|(?i:bearer|basic)\s|(?i:password)=")
