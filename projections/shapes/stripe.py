"""Stripe's objects as webhooks render them, from 2016 to today, to the bodies of facts: the common parts.

An endpoint's API version determines the shape of its bodies, and a log has many versions: each reader
accepts all forms and never reads the version.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar

from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.json import Decoder

from events.text import REPLACEMENT
from projections.shapes.decoding import convert, decode
from projections.shapes.user_ids import USER_KEYS, usable_id

F = TypeVar("F", covariant=True)
Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799)]
Small = Annotated[int, Meta(ge=0, le=32_767)]
Amount = Annotated[int, Meta(ge=-9_223_372_036_854_775_808, le=9_223_372_036_854_775_807)]
Metadata = dict[str, Any] | None  # Any: hostile until proven text

# The limit of the indexed columns that store ids and words.
Word = Annotated[str, Meta(max_length=500)]

PLAN_KEYS = ("plan_key", "planId")


class Expanded(Struct):
    id: Word


Reference = Word | Expanded | None


class FactAddress(Struct, frozen=True, array_like=True):
    city: str | None = None
    country: str | None = None
    postal_code: str | None = None


class AddressShape(Struct):
    city: str | None = None
    country: str | None = None
    postal_code: str | None = None


class DataShape(Struct):
    object: Raw
    previous_attributes: Raw | UnsetType = UNSET


class StripeEventShape(Struct):
    data: DataShape


@dataclass(frozen=True)
class StripeObject(Generic[F]):
    """One kind of Stripe object that a table reads.

    `fact` takes the object's shape, the prefix of its connected account, and the type of the event. `events`
    are types, or beginnings of types before a star.
    """

    kind: str
    shape: type[Struct]
    fact: Callable[[Any, str, str], F]  # Any: a `shape`
    events: tuple[str, ...]

    def read(self, raw: Raw | dict[str, Any], account: str, event_type: str) -> F:  # Any: parsed JSON
        """The fact of an object. Raises: Unfoldable."""
        shape = decode(self._decoder, raw) if isinstance(raw, Raw) else convert(raw, self.shape)
        return self.fact(shape, account, event_type)

    @cached_property
    def _decoder(self) -> Decoder[Struct]:
        return Decoder(self.shape)


_EVENT = Decoder(StripeEventShape)


def read_event(payload: str) -> DataShape:
    """The `data` of an event, its object still unread. Raises: Unfoldable."""
    return decode(_EVENT, payload).data


def id_of(reference: Reference) -> str | None:
    """An id, whether the field was expanded or not."""
    return reference.id if isinstance(reference, Expanded) else reference or None


def address_of(shape: AddressShape | None) -> FactAddress:
    return FactAddress(shape.city, shape.country, shape.postal_code) if shape else FactAddress()


def claimed_user(metadata: Metadata) -> str | None:
    """The user that the metadata names: empty when it names none, None when there is no metadata."""
    return None if metadata is None else user_in(metadata) or ""


def user_in(metadata: Metadata) -> str | None:
    candidates = (usable_id((metadata or {}).get(key)) for key in USER_KEYS)
    return next((user for user in candidates if user is not None), None)


def text_of(metadata: Metadata, keys: tuple[str, ...]) -> str | None:
    for key in keys if metadata else ():
        if text := _usable(metadata.get(key) if metadata else None):
            return text
    return None


def _usable(value: object) -> str | None:
    """A key from another party: text of at most 200 characters without a NUL (read as U+FFFD), or None."""
    if not isinstance(value, str) or REPLACEMENT in value:
        return None
    return value.strip() if 0 < len(value.strip()) <= 200 else None
