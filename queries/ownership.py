"""The user whose history shows a customer's events: the owner at the time, else the next owner."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from events.clock import from_micros
from events.statements import AnyConnection, statement
from projections import links
from projections.accounts import Trust
from projections.links import Owner
from queries.rows import fetch_all


class LinkSpan(NamedTuple):
    """An interval, its end exclusive; None is no bound."""

    since: datetime | None
    until: datetime | None


def owner_or_next(owners: Sequence[Owner], at: int) -> str | None:
    """The user whose history shows an event at that instant (microseconds); None without an owner."""
    following = bisect_right(owners, at, key=attrgetter("at"))
    return next((owner.user for owner in owners[max(0, following - 1) :] if owner.user is not None), None)


def spans_of(owners: Sequence[Owner], user_id: str) -> list[LinkSpan]:
    """The intervals in which `owner_or_next` gives the user."""
    spans: list[LinkSpan] = []
    since: datetime | None = None
    for number, owner in enumerate(owners):
        if owner.user is None:
            continue  # events until the next owner belong to the next owner
        begins = since
        following = owners[number + 1] if number + 1 < len(owners) else None
        until = None if following is None else from_micros(following.at)
        since = until
        if owner.user == user_id:
            spans.append(LinkSpan(begins, until))
    return spans


def customers_owned(conn: AnyConnection, user_id: str) -> dict[str, list[LinkSpan]]:
    """The customers ever owned by this user, and when, as projected so far."""
    trust = Trust(conn)
    owned: dict[str, list[LinkSpan]] = {}
    for row in fetch_all(conn, statement("queries", "claims_of"), {"user_id": user_id}):
        claims = links.decode(row["claims"])
        spans = spans_of(claims.owners(), user_id) if claims else []
        if spans and trust.covers(row["customer_id"]):
            owned[row["customer_id"]] = spans
        elif claims is None and row["user_id"] == user_id:
            owned[row["customer_id"]] = [LinkSpan(None, None)]
    return owned
