"""Types of payload fields: a value that passes here fits its column, so that no row can stop a batch."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, UnsetType

Whole = Annotated[int, Meta(ge=-9_223_372_036_854_775_808, le=9_223_372_036_854_775_807)]
Named = Annotated[str, Meta(max_length=200)]
Instant = Annotated[datetime, Meta(tz=True)]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
Json = Raw | UnsetType | None
NULL = Raw(b"null")


def kept(raw: Raw) -> Raw | None:
    """A copy of the JSON that does not reference the payload; None for JSON's null.

    Raises: msgspec.DecodeError for a number that jsonb can't store; the log's `json` column accepts it.
    """
    return None if msgspec.json.decode(raw) is None else raw.copy()
