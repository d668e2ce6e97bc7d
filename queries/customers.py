"""Stripe customers nobody is known to have, and users with the same e-mail address as a hint."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import orjson

from events.errors import UnreadablePayload
from events.routing import part_of
from events.statements import statement
from events.text import storable_json
from queries.rows import AnyConnection, Row, fetch_all

ADDRESS_EVENTS = [
    "stripe.customer.created",
    "stripe.customer.updated",
    "stripe.checkout.session.completed",
]
SUGGESTIONS = 200


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A customer whose events wait. `suggestions` share its address; that proves nothing."""

    customer_id: str
    since: datetime
    claimed_by: list[str]
    events: int
    last_at: datetime | None
    last_type: str | None
    email: str | None
    name: str | None
    suggestions: list[Row]


@dataclass(frozen=True, slots=True)
class UnlinkedPage:
    """`next` goes into `after` for the page behind; None at the end."""

    items: list[Unlinked]
    next: str | None

    def customers(self) -> set[str]:
        """Whose e-mail address and name the page shows."""
        return {each.customer_id for each in self.items}

    def suggested(self) -> set[str]:
        """Users whom it names as perhaps theirs, with their address and full name."""
        return {user["user_id"] for each in self.items for user in each.suggestions}


def unlinked_customers(conn: AnyConnection, *, limit: int, after: str = "") -> UnlinkedPage:
    """One page in id order, behind `after`."""
    asked = {"after": after, "limit": limit + 1}
    rows = fetch_all(conn, statement("queries", "unlinked_customers"), asked)
    items = _unlinked_of(conn, rows[:limit])
    return UnlinkedPage(items, items[-1].customer_id if len(rows) > limit else None)


def _unlinked_of(conn: AnyConnection, found: list[Row]) -> list[Unlinked]:
    routes = [row["customer_id"] for row in found]
    places: dict[str, object] = {"parts": [part_of(route) for route in routes], "routes": routes}
    waiting = {
        row["route_key"]: row for row in fetch_all(conn, statement("queries", "waiting_streams"), places)
    }
    said = _addresses(conn, places)
    alike = _alike(conn, {email for email, _ in said.values() if email})
    return [_unlinked(row, waiting.get(row["customer_id"]), said, alike) for row in found]


def linked_customers(conn: AnyConnection, user_id: str) -> list[str]:
    """The customers that are this user's now, in id order."""
    found = fetch_all(conn, statement("queries", "linked_customers"), {"user_id": user_id})
    return [row["customer_id"] for row in found]


def _unlinked(
    row: Row,
    waiting: Row | None,
    said: dict[str, tuple[str | None, str | None]],
    alike: dict[str, list[Row]],
) -> Unlinked:
    email, name = said.get(row["customer_id"], (None, None))
    return Unlinked(
        customer_id=row["customer_id"],
        since=row["created_at"],
        claimed_by=row["claimed_by"],
        events=waiting["events"] if waiting else 0,
        last_at=waiting["last_at"] if waiting else None,
        last_type=waiting["last_type"] if waiting else None,
        email=email,
        name=name,
        suggestions=alike.get(email.casefold(), []) if email else [],
    )


def _addresses(conn: AnyConnection, places: dict[str, object]) -> dict[str, tuple[str | None, str | None]]:
    rows = fetch_all(conn, statement("queries", "customer_addresses"), places | {"types": ADDRESS_EVENTS})
    return {row["route_key"]: address_in(row["event_data"]) for row in rows}


def address_in(body: str) -> tuple[str | None, str | None]:
    """(e-mail, name) a customer or checkout event speaks of; a body of any other shape has neither."""
    try:
        said = orjson.loads(storable_json(body))["data"]["object"]
        details = said.get("customer_details") or {}
        email, name = said.get("email") or details.get("email"), said.get("name") or details.get("name")
    except (UnreadablePayload, ValueError, KeyError, TypeError, AttributeError):
        return None, None
    return _text(email), _text(name)


def _text(value: object) -> str | None:
    return value[:320] if isinstance(value, str) and value else None


def _alike(conn: AnyConnection, emails: set[str]) -> dict[str, list[Row]]:
    if not emails:
        return {}
    values = {"emails": sorted({email.lower() for email in emails}), "limit": SUGGESTIONS}
    found: dict[str, list[Row]] = defaultdict(list)
    for row in fetch_all(conn, statement("queries", "users_with_addresses"), values):
        found[row["email"].casefold()].append(row)
    return found
