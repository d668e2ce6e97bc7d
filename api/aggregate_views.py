"""Shared parts of the endpoints of campaigns, jobs and lists: owner, version, request."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Response, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from api.auth import reason
from api.decisions import WHOLE, command, decided
from api.errors import RequestRefused, bad_request, not_found
from api.models import Cursor, Limit, Question
from api.responses import answer, json_bytes
from api.usage import REPEATED
from events.text import storable
from handlers.decision import Command, Decided
from queries.listing import Page

DEEPEST_JSON = 16
IF_MATCH = "If-Match"
CODES: dict[str, Any] = {f"HTTP_{code}": None for code in (404, 409, 412, 415, 503)}  # Any: a model or None


def plain(value: object) -> object:
    """JSON in a form that can be stored. Raises: ValueError."""
    return _cleaned(value, DEEPEST_JSON)


def _cleaned(value: object, depth: int) -> object:
    """The value with text that PostgreSQL can store, at most `depth` levels deep."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict | list) and depth == 0:
        raise ValueError(f"expected JSON of at most {DEEPEST_JSON} levels, found more")
    if isinstance(value, dict):
        return {_cleaned(key, depth): _cleaned(item, depth - 1) for key, item in value.items()}
    return [_cleaned(item, depth - 1) for item in value] if isinstance(value, list) else value


UserId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    Field(description="Clerk id of the owner."),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=50)]
Prose = Annotated[str, StringConstraints(max_length=10_000)]
Version = Annotated[
    int, Field(ge=1, le=2**53, description="Refused if the current version differs; or send If-Match."), WHOLE
]
Whole = Annotated[int, Field(ge=0, le=2_147_483_647), WHOLE]
JsonObject = Annotated[dict[str, Any], BeforeValidator(plain)]  # Any: JSON values
Flag = Literal["true", "false"]


class PlatformOrder(BaseModel):
    """Base of all commands here: an unknown field is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user_id: UserId


class VersionedOrder(PlatformOrder):
    version: Version | None = None


def some_of(*names: str) -> dict[str, Any]:  # Any: JSON schema
    """Schema of a change: at least one of these fields."""
    return {"anyOf": [{"required": [name]} for name in names]}


def unsaid(value: Any = None) -> Any:  # Any: stands for a field of any type
    """An optional field without a default: absent differs from null, and the document shows no default."""
    return Field(value, json_schema_extra=_no_default)


def _no_default(schema: dict[str, Any]) -> None:  # Any: JSON schema
    schema.pop("default", None)


class ChangeOrder(VersionedOrder):
    """Absent fields stay unchanged."""

    @model_validator(mode="after")
    def _says_something(self) -> "ChangeOrder":
        if not self.changes():
            raise ValueError("expected at least one field to change, found none")
        return self

    def changes(self) -> dict[str, Any]:  # Any: as the fields
        """The fields to change, and nothing else."""
        return self.model_dump(exclude_unset=True, exclude={"user_id", "version"})


class OwnerQuestion(Question):
    user_id: UserId


class PageQuestion(OwnerQuestion):
    limit: Limit = 50
    after: Cursor | None = None


class VersionedQuestion(OwnerQuestion):
    version: Annotated[int, Field(ge=1, le=2**53)] | None = Field(None, description="Or send If-Match.")


class DecidedChange(BaseModel):
    """The decision's event and the version after it."""

    model_config = ConfigDict(extra="allow")

    id: str
    user_id: str
    version: int
    event_id: str


def ordered(order: BaseModel, what: str, *about: object, user_id: str) -> Command:
    """The command of a request. A repetition of its key must have the same body and ids."""
    body = order.model_dump(mode="json", exclude_unset=True)
    digest = sha256(json_bytes([what, [str(part) for part in about], body])).hexdigest()
    return replace(command(user_id, what, reason()), request={"sha256": digest})


def version_of(order: VersionedOrder | VersionedQuestion) -> int | None:
    """The version the caller has read: If-Match's, else the body's. Raises: RequestRefused."""
    etag = request.headers.get(IF_MATCH)
    if etag is None or etag.strip() == "*":
        return order.version
    digits = etag.strip().removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        raise bad_request(f'{IF_MATCH}: expected an ETag of this API such as "3"')
    if order.version is not None and order.version != int(digits):
        raise bad_request(f"expected one version, found {digits} in {IF_MATCH} and {order.version}")
    return int(digits)


def done(decision: Any, issued: Command, *, status: int = 200) -> Response:  # Any: as `decided` takes it
    """The answer to a command, committed. Raises: RequestRefused."""
    try:
        outcome: Decided = decided(decision)
    except RequestRefused as refused:
        if refused.slug == "version-conflict" and IF_MATCH in request.headers:
            refused.status = 412
        raise
    fields = {"user_id": issued.user_id, "event_id": outcome.event_id, **outcome.answer}
    response = answer(dict(sorted(fields.items())), status=status)
    response.headers["ETag"] = f'"{outcome.answer["version"]}"'
    if outcome.repeated:
        response.headers[REPEATED] = "true"
    return response


def one(row: Mapping[str, Any] | None, what: str) -> Response:  # Any: a column's value
    """One row, and its version as its ETag. Raises: RequestRefused."""
    if row is None:
        raise not_found(what)
    response = answer(row)
    response.headers["ETag"] = f'"{row["version"]}"'
    return response


def paged(page: Page) -> Response:
    """A page, the cursor after it, and the total number of matches."""
    return answer(
        {
            "items": page.items,
            "next": page.next,
            "total": page.total,
            "total_is_estimate": page.total_is_estimate,
        }
    )


def uuid_of(text: str, what: str) -> UUID:
    """The id in a path. Raises: RequestRefused (404) for any other text."""
    try:
        return UUID(text)
    except ValueError:
        raise not_found(what) from None


def flag(text: Flag | None) -> bool | None:
    return None if text is None else text == "true"
