"""A user's flat profile: five tables in one statement.

Column names are the tables' own. The five tables share `id`, `user_id`, `created_at` and
`updated_at`; in a profile these four are those of `users`, and `user_id` is the Clerk id. Two
fields are not columns: `stale` is true while the user is quarantined, so that the row shows an
older state; `quarantine` then names the event that could not be folded, else it is null.
"""

from psycopg.sql import SQL, Composable, Identifier

from events.statements import AnyConnection, Row
from projections.tables.registry import TABLES
from queries.compose import compose, whole
from queries.rows import fetch_all, fetch_one

Profile = Row

# Each table's columns in a profile.
GROUPS: dict[str, tuple[str, ...]] = {
    name: ("id", *table.columns, "created_at", "updated_at") if name == "users" else table.columns
    for name, table in TABLES.items()
}
COLUMNS = tuple(column for columns in GROUPS.values() for column in columns)

ALIASES = {
    "users": "u",
    "user_subscriptions": "s",
    "user_billing": "b",
    "user_usage": "g",
    "user_system_data": "y",
}

SAME_EMAIL_LIMIT = 100
WITH_EMAIL = SQL("lower(u.email) = lower(%(email)s::text)")
OF_CUSTOMER = SQL(
    "u.user_id = (SELECT l.user_id FROM customer_links l WHERE l.customer_id = %(stripe_customer_id)s::text)"
)


def profile(conn: AnyConnection, user_id: str) -> Profile | None:
    """The profile of one Clerk id; None for an unknown user."""
    return fetch_one(conn, compose(PROFILE, [SQL("u.user_id = %(user_id)s::text")]), {"user_id": user_id})


def profiles_by_email(conn: AnyConnection, email: str) -> list[Profile]:
    """All users with that address, oldest first: an address does not identify a user."""
    oldest_first = SQL("ORDER BY u.created_at, u.id LIMIT %(limit)s::integer")
    query = compose(PROFILE, [WITH_EMAIL], oldest_first)
    return fetch_all(conn, query, {"email": email, "limit": SAME_EMAIL_LIMIT})


def profile_by_customer(conn: AnyConnection, customer_id: str) -> Profile | None:
    """The profile to which a Stripe customer is linked, even if it is not the paying one."""
    query = compose(PROFILE, [OF_CUSTOMER])
    return fetch_one(conn, query, {"stripe_customer_id": customer_id})


def _statement() -> Composable:
    """The statement with its columns, composed once."""
    columns = [Identifier(ALIASES[table], name) for table, names in GROUPS.items() for name in names]
    return SQL(whole("profile", columns=SQL(", ").join(columns)).as_string(None))


PROFILE = _statement()
