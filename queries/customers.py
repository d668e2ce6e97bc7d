"""Stripe customers that wait for a link, and users with the same e-mail address as a hint."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import orjson

from events.errors import UnreadablePayload
from events.payload import parse
from events.routing import part_of
from events.statements import AnyConnection, Row, statement
from events.text import storable_json
from projections.accounts import Trust, account_of
from projections.shapes.user_ids import ignored_claim
from queries.cursors import name_cursor, read_name_cursor
from queries.rows import fetch_all

ADDRESS_EVENTS = [
    "stripe.customer.created",
    "stripe.customer.updated",
    "stripe.checkout.session.completed",
]
SUGGESTIONS = 200
CURSOR = "n"


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A customer whose events wait for a link. `suggestions` are users with the same address, which proves
    nothing. `ignored` is why a claim in its metadata is ignored."""

    customer_id: str
    since: datetime
    claimed_by: list[str]
    events: int
    last_at: datetime | None
    last_type: str | None
    email: str | None
    name: str | None
    ignored: str | None
    suggestions: list[Row]


@dataclass(frozen=True, slots=True)
class UnlinkedPage:
    """Pass `next` as `after` for the next page; None at the end."""

    items: list[Unlinked]
    next: str | None

    def customers(self) -> set[str]:
        """Customers whose e-mail address and name the page shows."""
        return {customer.customer_id for customer in self.items}

    def suggested(self) -> set[str]:
        """Users whom the page suggests, with their address and full name."""
        return {user["user_id"] for customer in self.items for user in customer.suggestions}


def unlinked_customers(conn: AnyConnection, *, limit: int, after: str | None = None) -> UnlinkedPage:
    """One page in id order, without customers whose last owner was deleted or erased. Raises: BadCursor."""
    last_id = "" if after is None else read_name_cursor(CURSOR, after)
    parameters = {"after": last_id, "limit": limit + 1}
    rows = fetch_all(conn, statement("queries", "unlinked_customers"), parameters)
    items = _unlinked_of(conn, rows[:limit])
    return UnlinkedPage(items, name_cursor(CURSOR, items[-1].customer_id) if len(rows) > limit else None)


def _unlinked_of(conn: AnyConnection, rows: list[Row]) -> list[Unlinked]:
    routes = [row["customer_id"] for row in rows]
    places: dict[str, object] = {"parts": [part_of(route) for route in routes], "routes": routes}
    waiting = {
        row["route_key"]: row for row in fetch_all(conn, statement("queries", "waiting_streams"), places)
    }
    summaries = _addresses(conn, places)
    alike = _alike(conn, {summary.email for summary in summaries.values() if summary.email})
    trust = Trust(conn)
    return [
        _unlinked(row, waiting.get(row["customer_id"]), summaries, alike, trust.covers(row["customer_id"]))
        for row in rows
    ]


def linked_customers(conn: AnyConnection, user_id: str) -> list[str]:
    """The customers now linked to this user, in id order."""
    rows = fetch_all(conn, statement("queries", "linked_customers"), {"user_id": user_id})
    return [row["customer_id"] for row in rows]


def events_waiting(conn: AnyConnection, customer_id: str) -> int:
    """How many events of a customer without a link wait for one."""
    stream = {"parts": [part_of(customer_id)], "routes": [customer_id]}
    return sum(row["events"] for row in fetch_all(conn, statement("queries", "waiting_streams"), stream))


def address_of(conn: AnyConnection, customer_id: str) -> str | None:
    """The e-mail address in the customer's newest customer or checkout event."""
    summaries = _addresses(conn, {"parts": [part_of(customer_id)], "routes": [customer_id]})
    return summaries.get(customer_id, CustomerSummary()).email


class CustomerSummary(NamedTuple):
    """The customer's values in its newest body."""

    email: str | None = None
    name: str | None = None
    ignored: str | None = None


def _unlinked(
    row: Row,
    waiting: Row | None,
    summaries: dict[str, CustomerSummary],
    alike: dict[str, list[Row]],
    is_trusted: bool,
) -> Unlinked:
    email, name, ignored = summaries.get(row["customer_id"], CustomerSummary())
    account = account_of(row["customer_id"])
    return Unlinked(
        customer_id=row["customer_id"],
        since=row["created_at"],
        claimed_by=row["claimed_by"],
        events=waiting["events"] if waiting else 0,
        last_at=waiting["last_at"] if waiting else None,
        last_type=waiting["last_type"] if waiting else None,
        email=email,
        name=name,
        ignored=ignored if is_trusted else f"{account} is not named in STRIPE_TRUSTED_ACCOUNTS",
        suggestions=alike.get(email.casefold(), []) if email and is_trusted else [],
    )


def _addresses(conn: AnyConnection, places: dict[str, object]) -> dict[str, CustomerSummary]:
    rows = fetch_all(conn, statement("queries", "customer_addresses"), places | {"types": ADDRESS_EVENTS})
    return {row["route_key"]: summary_in(row["event_data"]) for row in rows}


def summary_in(body: str) -> CustomerSummary:
    """The values in a customer or checkout event; all None for a body of any other shape."""
    try:
        stripe_object = orjson.loads(storable_json(body))["data"]["object"]
        details = stripe_object.get("customer_details") or {}
        email, name = (
            stripe_object.get("email") or details.get("email"),
            stripe_object.get("name") or details.get("name"),
        )
        return CustomerSummary(_text(email), _text(name), ignored_claim(parse(body)["data"]["object"]))
    except (UnreadablePayload, ValueError, KeyError, TypeError, AttributeError):
        return CustomerSummary()


def _text(value: object) -> str | None:
    return value[:320] if isinstance(value, str) and value else None


def _alike(conn: AnyConnection, emails: set[str]) -> dict[str, list[Row]]:
    if not emails:
        return {}
    values = {"emails": sorted({email.lower() for email in emails}), "limit": SUGGESTIONS}
    users_by_email: dict[str, list[Row]] = defaultdict(list)
    for row in fetch_all(conn, statement("queries", "users_with_addresses"), values):
        users_by_email[row["email"].casefold()].append(row)
    return users_by_email
