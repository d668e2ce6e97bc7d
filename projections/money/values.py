"""How a column of a money table reads a JSON value: exact, within the column's range, or not at all.

A cell is text, an integer, a boolean or None, so that it is the same in the JSON of an upsert, in a COPY and
in a file between the stages of a replay. Instants are ISO text, decimals are their digits, never floats.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from events.clock import from_micros
from events.routing import index_key
from projections.errors import Unfoldable

Cell = str | int | bool | None
Json = Any  # Any: parsed JSON of any shape

MAX_WORD_CHARACTERS = 500
SHORT_ID = 125  # characters, which are at most 500 bytes
_DECIMAL = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_ENCODER = msgspec.json.Encoder(decimal_format="number", order="deterministic")


class ValueKind(NamedTuple):
    """A column's type in PostgreSQL, the type of its JSON value, and the reader from this to a cell.

    `read` raises ValueError with the reason, for what the type does not exclude.
    """

    sql_type: str
    shape: Any  # Any: a type
    read: Callable[[Json], Cell]


def _word(value: str) -> Cell:
    if len(value) > MAX_WORD_CHARACTERS:
        raise ValueError(f"Expected `str` of length <= {MAX_WORD_CHARACTERS}")
    return value


def _lower(value: str) -> Cell:
    return str(_word(value)).lower()


def _id(value: Json) -> Cell:
    """The id of an object, whether the field was expanded or not; as the provider writes it."""
    return (value if isinstance(value, str) else value.id) or None


def _reference(value: Json) -> Cell:
    """The same as an index can hold it."""
    reference = _id(value)
    if not isinstance(reference, str):
        return None
    return reference if len(reference) <= SHORT_ID else index_key(reference)


def _same(value: Json) -> Cell:
    cell: Cell = value
    return cell


def _decimal(value: Json) -> Cell:
    """The digits as the provider writes them; a number without an exponent."""
    if isinstance(value, Decimal):
        # An exponent could stand for more digits than memory has.
        digits = format(value, "f") if abs(value.adjusted()) <= 40 else str(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        digits = str(value) if abs(value) < 10**40 else "e"
    else:
        digits = value if isinstance(value, str) else ""
    if not _DECIMAL.fullmatch(digits):
        raise ValueError("Expected a decimal number of at most 40 digits on each side of its point")
    return digits


@lru_cache(maxsize=8192)
def _instant(seconds: int) -> str:
    """Seconds since the epoch to ISO text."""
    return from_micros(seconds * 1_000_000).isoformat()


def _earliest(value: Json) -> Cell:
    """The earliest of some instants, or a single one."""
    return _instant(min(value)) if isinstance(value, list) else _instant(value)


def _json(value: Json) -> Cell:
    """JSON text; numbers keep their digits."""
    try:
        return _ENCODER.encode(value).decode()
    except RecursionError:
        raise ValueError("JSON nested too deep") from None


def read_cell(kind: ValueKind, value: Json, field: str) -> Cell:
    """The cell of a value; None for null. Raises: Unfoldable."""
    if value is None:
        return None
    try:
        return kind.read(value)
    except ValueError as problem:
        raise Unfoldable(field, str(problem)) from None


SECONDS = Annotated[int, Meta(ge=0, le=253_402_300_799)]
BIGINT = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]

WORD = ValueKind("text", str, _word)
TEXT = ValueKind("text", str, _same)
CURRENCY = ValueKind("text", str, _lower)
REFERENCE = ValueKind("text", str, _reference)
CUSTOMER = ValueKind("text", str, _id)  # gets its account's prefix, as in customer_links
MINOR = ValueKind("bigint", BIGINT, _same)
DECIMAL = ValueKind("numeric", Any, _decimal)
INSTANT = ValueKind("timestamptz", SECONDS, _instant)
EARLIEST = ValueKind("timestamptz", SECONDS, _earliest)
FLAG = ValueKind("boolean", bool, _same)
JSON = ValueKind("jsonb", Any, _json)
