"""User ids in Stripe objects: arbitrary text from another party, so only valid ids are accepted."""

from collections.abc import Mapping

from events.text import REPLACEMENT

USER_KEYS = ("userId", "user_id", "clerk_user_id")
MAX_CHARACTERS = 200


def usable_id(value: object) -> str | None:
    """The id of a user, without surrounding space; None for a value that can't be one."""
    return value.strip() if isinstance(value, str) and unusable(value) is None else None


def unusable(value: object) -> str | None:
    """Why a value can't be a user's id; None if it can."""
    if not isinstance(value, str):
        return "is no text"
    text = value.strip()
    if not text:
        return "is blank"
    if len(text) > MAX_CHARACTERS:
        return f"has {len(text)} characters, more than {MAX_CHARACTERS}"
    is_plain = text.isprintable() and REPLACEMENT not in text  # as which a NUL is read
    return None if is_plain else "has a control character"


def ignored_claim(stripe_object: Mapping[str, object]) -> str | None:
    """Which claim of an object is ignored, and why; None when none is ignored."""
    metadata = stripe_object.get("metadata")
    named = {key: metadata.get(key) for key in USER_KEYS} if isinstance(metadata, dict) else {}
    named["client_reference_id"] = stripe_object.get("client_reference_id")
    reasons = (
        f"{key} {unusable(value)}" for key, value in named.items() if value is not None and unusable(value)
    )
    return next(reasons, None)
