"""Types of payload fields: whatever passes here fits its column, so that no row can stop a batch."""

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
    """JSON that outlives the payload it was read from, byte for byte; JSON's null is no value.

    Raises: msgspec.DecodeError for a number jsonb can't hold, which `json` lets into the log.
    """
    return None if msgspec.json.decode(raw) is None else raw.copy()
