"""Lists of users, page by page."""

from dataclasses import dataclass

from queries.compose import compose
from queries.cursors import read_user_cursor, user_cursor
from queries.profile import Profile
from queries.rows import AnyConnection, fetch_all

FILTERS = {
    "email": "profile_where_email",
    "stripe_customer_id": "profile_where_customer",
    "subscription_status": "profile_where_subscription_status",
    "trial_status": "profile_where_trial_status",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Whom to list; what is None does not restrict."""

    email: str | None = None
    stripe_customer_id: str | None = None
    subscription_status: str | None = None
    trial_status: str | None = None


@dataclass(frozen=True, slots=True)
class UserPage:
    """Profiles, and the cursor of the page behind them or None."""

    items: list[Profile]
    next: str | None


def list_users(conn: AnyConnection, wanted: UserFilter, *, limit: int, after: str | None = None) -> UserPage:
    """One page in a stable order that says nothing about the users.

    Raises: BadCursor.
    """
    values = {name: getattr(wanted, name) for name in FILTERS}
    where = [FILTERS[name] for name, value in values.items() if value is not None]
    if after is not None:
        where.append("profile_where_after")
        values["after"] = read_user_cursor(after)
    query = compose("profile", where=where, closing=["profile_page"])
    found = fetch_all(conn, query, values | {"limit": limit + 1})
    items = found[:limit]
    return UserPage(items, user_cursor(items[-1]["id"]) if len(found) > limit else None)
