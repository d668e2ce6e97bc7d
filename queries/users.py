"""Lists of users, page by page."""

from dataclasses import dataclass

from psycopg.sql import SQL

from events.statements import AnyConnection
from queries.compose import compose
from queries.cursors import read_user_cursor, user_cursor
from queries.profile import OF_CUSTOMER, PROFILE, WITH_EMAIL, Profile
from queries.rows import fetch_all

FILTERS = {
    "email": WITH_EMAIL,
    "stripe_customer_id": OF_CUSTOMER,
    "subscription_status": SQL("s.subscription_status = %(subscription_status)s::text"),
    "trial_status": SQL("s.trial_status = %(trial_status)s::text"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Which users; None does not restrict."""

    email: str | None = None
    stripe_customer_id: str | None = None
    subscription_status: str | None = None
    trial_status: str | None = None


@dataclass(frozen=True, slots=True)
class UserPage:
    """Profiles, and the cursor of the next page or None."""

    items: list[Profile]
    next: str | None


def list_users(
    conn: AnyConnection, user_filter: UserFilter, *, limit: int, after: str | None = None
) -> UserPage:
    """One page in a stable order that is unrelated to the users' data.

    Raises: BadCursor.
    """
    values = {name: getattr(user_filter, name) for name in FILTERS}
    where = [FILTERS[name] for name, value in values.items() if value is not None]
    if after is not None:
        where.append(SQL("s.user_id > %(after)s::uuid"))
        values["after"] = read_user_cursor(after)
    query = compose(PROFILE, where, SQL("ORDER BY s.user_id LIMIT %(limit)s::integer"))
    rows = fetch_all(conn, query, values | {"limit": limit + 1})
    items = rows[:limit]
    return UserPage(items, user_cursor(items[-1]["id"]) if len(rows) > limit else None)
