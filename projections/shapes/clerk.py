"""Clerk's users as webhooks render them, to the bodies of facts."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field
from msgspec.json import Decoder

from projections.facts import Body, ClerkUserFact
from projections.shapes.decoding import decode

Milliseconds = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
ADMIN_KEYS = ("is_admin", "isAdmin")


# The limit of an index: a longer address quarantines its user instead of stopping the projector.
EmailAddress = Annotated[str, Meta(max_length=320)]


class EmailShape(Struct):
    id: str
    email_address: EmailAddress | None = None


class UserShape(Struct):
    primary_email_address_id: str | None = None
    email_addresses: list[EmailShape] = field(default_factory=list)
    first_name: str | None = None
    last_name: str | None = None
    public_metadata: dict[str, Any] | None = None  # Any: the platform's own JSON
    created_at: Milliseconds | None = None


class ClerkEventShape(Struct):
    data: UserShape


_EVENT = Decoder(ClerkEventShape)


def user(payload: str) -> Body:
    """Raises: Unfoldable."""
    shape = decode(_EVENT, payload).data
    named = " ".join(part.strip() for part in (shape.first_name, shape.last_name) if part and part.strip())
    return ClerkUserFact(
        email=_primary_email(shape),
        full_name=named or None,
        is_admin=any((shape.public_metadata or {}).get(key) is True for key in ADMIN_KEYS),
        created_at=shape.created_at,
    )


def _primary_email(shape: UserShape) -> str | None:
    """The address Clerk calls primary; never simply the first."""
    if shape.primary_email_address_id is None:
        return None
    for address in shape.email_addresses:
        if address.id == shape.primary_email_address_id:
            return address.email_address
    return None
