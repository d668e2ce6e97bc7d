"""Whose life a customer's events belong to: the owner's at the time, else the next owner's."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from events.clock import from_micros
from events.statements import statement
from projections import links
from projections.accounts import Trust
from projections.links import Owner
from queries.rows import AnyConnection, fetch_all


class LinkSpan(NamedTuple):
    """A time, its end not included; None is no bound."""

    since: datetime | None
    until: datetime | None


def owner_told(owners: Sequence[Owner], at: int) -> str | None:
    """Whose life an event at that instant (microseconds) belongs to; None while nobody owns its customer."""
    following = bisect_right(owners, at, key=attrgetter("at"))
    return next((owner.user for owner in owners[max(0, following - 1) :] if owner.user is not None), None)


def spans_of(owners: Sequence[Owner], user_id: str) -> list[LinkSpan]:
    """The times of which `owner_told` gives the user."""
    spans: list[LinkSpan] = []
    since: datetime | None = None
    for number, owner in enumerate(owners):
        if owner.user is None:
            continue  # what happens until the next owner comes is the next owner's
        begins = since
        following = owners[number + 1] if number + 1 < len(owners) else None
        until = None if following is None else from_micros(following.at)
        since = until
        if owner.user == user_id:
            spans.append(LinkSpan(begins, until))
    return spans


def customers_owned(conn: AnyConnection, user_id: str) -> dict[str, list[LinkSpan]]:
    """The customers that ever were this user's, and when, as projected so far."""
    trust = Trust(conn)
    found: dict[str, list[LinkSpan]] = {}
    for row in fetch_all(conn, statement("queries", "claims_of"), {"user_id": user_id}):
        claims = links.decode(row["claims"])
        spans = spans_of(claims.owners(), user_id) if claims else []
        if spans and trust.covers(row["customer_id"]):
            found[row["customer_id"]] = spans
        elif claims is None and row["user_id"] == user_id:
            found[row["customer_id"]] = [LinkSpan(None, None)]
    return found
