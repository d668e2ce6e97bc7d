"""Destinations of outgoing webhooks, with their subscriptions and secrets."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from psycopg.rows import dict_row

from events.identifiers import uuid7
from events.statements import AnyConnection, statement
from outbound.webhooks.errors import BadDestination, DestinationUnknown
from outbound.webhooks.signing import new_secret
from outbound.webhooks.ssrf_guard import Allowed, checked, public
from queries.log_tail import START, heads

OVERLAP = timedelta(hours=24)
URL_LIMIT = 2_000
_TYPE = re.compile(r"(?:[a-z0-9_.]{1,100}\*?|\*)", re.ASCII)
_LITERAL = re.compile(r"[0-9.]+|\[[^\]]*\]|[^:]*:.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One subscription. `followed_to`: the head vector up to which its deliveries are queued."""

    id: UUID
    url: str
    event_types: list[str]
    include_data: bool
    live_only: bool
    description: str
    followed_to: list[int]
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None

    def as_json(self) -> dict[str, Any]:  # Any: JSON values
        """The public fields, without the vector."""
        return {name: getattr(self, name) for name in SHOWN}


SHOWN = (
    "id",
    "url",
    "event_types",
    "include_data",
    "live_only",
    "description",
    "created_at",
    "disabled_at",
    "disabled_reason",
)


def subscribe(
    conn: AnyConnection,
    url: str,
    *,
    event_types: Sequence[str],
    now: datetime,
    include_data: bool = False,
    live_only: bool = True,
    description: str = "",
    from_start: bool = False,
    allowed: Allowed = public,
) -> tuple[Destination, str]:
    """Add a destination; returns it and its secret, which is shown only once.

    Raises: BadDestination, AddressRefused.
    """
    check_url(url, allowed=allowed)
    for event_type in event_types or ("",):
        if _TYPE.fullmatch(event_type) is None:
            raise BadDestination(
                f"expected an event type, or a beginning followed by *, found {event_type!r}"
            )
    values = {
        "id": uuid7(),
        "url": url,
        "event_types": list(event_types),
        "include_data": include_data,
        "live_only": live_only,
        "description": description[:500],
        "followed_to": list(START if from_start else heads(conn)),
        "now": now,
    }
    destination = Destination(**rows(conn, "add_destination", **values)[0])
    return destination, _add_secret(conn, destination.id, now)


def all_destinations(conn: AnyConnection) -> list[Destination]:
    """All destinations, the oldest first."""
    return [Destination(**row) for row in rows(conn, "list_destinations")]


def find(conn: AnyConnection, destination_id: UUID) -> Destination | None:
    destination_rows = rows(conn, "find_destination", id=destination_id)
    return Destination(**destination_rows[0]) if destination_rows else None


def rotate(conn: AnyConnection, destination_id: UUID, *, now: datetime, overlap: timedelta = OVERLAP) -> str:
    """Add a secret; the earlier ones also sign for `overlap`. Raises: DestinationUnknown."""
    _known(conn, destination_id)
    rows(conn, "expire_secrets", destination_id=destination_id, expires_at=now + overlap)
    return _add_secret(conn, destination_id, now)


def secrets(conn: AnyConnection, destination_id: UUID, *, now: datetime) -> list[str]:
    """The secrets that sign now, the newest first."""
    return [row["secret"] for row in rows(conn, "live_secrets", destination_id=destination_id, now=now)]


def disable(conn: AnyConnection, destination_id: UUID, *, now: datetime, reason: str) -> None:
    """Send nothing to the destination until it is enabled. Raises: DestinationUnknown."""
    _known(conn, destination_id)
    rows(conn, "disable_destination", id=destination_id, now=now, reason=reason)


def enable(conn: AnyConnection, destination_id: UUID) -> None:
    """Continue where it stopped: events appended meanwhile are sent now. Raises: DestinationUnknown."""
    _known(conn, destination_id)
    rows(conn, "enable_destination", id=destination_id)


def remove(conn: AnyConnection, destination_id: UUID) -> None:
    """Remove the destination and its secrets; cancels its deliveries. Raises: DestinationUnknown."""
    _known(conn, destination_id)
    rows(conn, "remove_destination", id=destination_id)


def check_url(url: str, *, allowed: Allowed = public) -> None:
    """Host names are resolved and checked at delivery. Raises: BadDestination, AddressRefused."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")  # no label is empty or longer than 63 characters
    except ValueError:
        raise BadDestination("expected an https:// URL with a host name, found none") from None
    if parts.scheme != "https" or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise BadDestination("expected an https:// URL in printable ASCII")
    if len(url) > URL_LIMIT or "@" in parts.netloc or parts.fragment or port == 0:
        raise BadDestination("expected a URL without user, password and fragment, of at most 2000 characters")
    if _LITERAL.fullmatch(host):
        checked(host, [host.strip("[]")], allowed)


def rows(conn: AnyConnection, name: str, **values: object) -> list[dict[str, Any]]:
    """Rows of one statement; Any: one type a column."""
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement("outbound.webhooks", name), values)
        return cursor.fetchall() if cursor.description else []


def _add_secret(conn: AnyConnection, destination_id: UUID, now: datetime) -> str:
    secret = new_secret()
    rows(conn, "add_secret", id=uuid7(), destination_id=destination_id, secret=secret, now=now)
    return secret


def _known(conn: AnyConnection, destination_id: UUID) -> Destination:
    destination = find(conn, destination_id)
    if destination is None:
        raise DestinationUnknown(destination_id)
    return destination
