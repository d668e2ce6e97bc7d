"""One search for users by id, address, name or Stripe id, and for events by id."""

from dataclasses import dataclass
from typing import Literal

from events.routing import part_of
from events.statements import AnyConnection, statement
from queries.events import EventFilter, one_event, search
from queries.rows import fetch_all

Kind = Literal["user", "event", "customer"]

LIMIT = 20
NEWEST = 20_000  # events whose bodies are searched for an id that no index has, such as in_… or pi_…
PERSON = ("user_id", "email", "full_name")
UNINDEXED = ("sub_", "in_", "pi_", "ch_", "si_", "pm_", "cs_", "re_", "dp_", "du_", "txn_", "prod_", "price_")


@dataclass(frozen=True, slots=True)
class Hit:
    """`id` identifies the object; `label` is its display text; `by` is the field that matched."""

    kind: Kind
    id: str
    label: str
    by: str


def find(conn: AnyConnection, text: str) -> list[Hit]:
    """At most `LIMIT` users and as many events, users first; empty when nothing matches.

    The text is part of a name or an address, ignoring case, or a whole id of a user, a Stripe object or an
    event. Ids of other Stripe objects are searched in the newest `NEWEST` events.
    """
    users = [
        Hit("user", row["user_id"], row["full_name"] or row["email"] or row["user_id"], row["by"])
        for row in fetch_all(conn, statement("queries", "find_users"), {"text": text, "limit": LIMIT})
    ]
    return [*users, *_customer(conn, text, has_users=bool(users)), *_events(conn, text)]


def _customer(conn: AnyConnection, text: str, *, has_users: bool) -> list[Hit]:
    """A customer without a user, if its stream has an event."""
    if has_users or not text.startswith("cus_"):
        return []
    values = {"parts": [part_of(text)], "routes": [text]}
    rows = fetch_all(conn, statement("queries", "waiting_streams"), values)
    return [Hit("customer", row["route_key"], f"{row['events']} events, no user", "customer") for row in rows]


def _events(conn: AnyConnection, text: str) -> list[Hit]:
    event = one_event(conn, text)
    if event is not None:
        return [Hit("event", str(event["id"]), event["event_type"], "id")]
    about = search(conn, EventFilter(aggregate_id=text), limit=LIMIT).items
    if not about and text.startswith(UNINDEXED):
        values = {"quoted": f'"{text}"', "newest": NEWEST, "limit": LIMIT}
        about = fetch_all(conn, statement("queries", "find_events"), values)
    return [Hit("event", str(row["id"]), row["event_type"], f"about {row['route_key']}") for row in about]
