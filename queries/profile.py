"""A user's flat profile: five tables in one statement.

Column names are the tables' own. The five tables share `id`, `user_id`, `created_at` and
`updated_at`; in a profile these four are those of `users`, and `user_id` is the Clerk id. Two
fields are not columns: `stale` is true while the user is quarantined, so that the row shows an
older state; `quarantine` then names the event that could not be folded, else it is null.
"""

from psycopg.sql import SQL

from queries.compose import compose, whole
from queries.rows import AnyConnection, Row, fetch_all, fetch_one

Profile = Row

IDENTITY = (
    "id", "user_id", "email", "full_name", "business_name", "brand_description", "industry",
    "onboarding_step", "is_admin", "deleted_at", "created_at", "updated_at",
)  # fmt: skip
SUBSCRIPTION = (
    "current_plan", "intended_plan", "subscription_status", "trial_status", "trial_start_date",
    "trial_end_date", "trial_conversion_date", "subscription_cancel_date",
    "subscription_renewal_date", "billing_sync_status",
)  # fmt: skip
BILLING = (
    "stripe_customer_id", "stripe_subscription_id", "payment_method_id", "card_last4", "card_brand",
    "card_exp_month", "card_exp_year", "billing_address_city", "billing_address_country",
    "billing_address_postal_code",
)  # fmt: skip
USAGE = (
    "plan_campaigns_limit", "plan_creators_limit", "plan_features", "usage_campaigns_current",
    "usage_creators_current_month", "enrichments_current_month", "usage_reset_date",
)  # fmt: skip
SYSTEM = (
    "signup_timestamp",
    "email_schedule_status",
    "last_webhook_event",
    "last_webhook_timestamp",
)

COLUMNS = IDENTITY + SUBSCRIPTION + BILLING + USAGE + SYSTEM
MARKERS = ("stale", "quarantine")

SAME_EMAIL_LIMIT = 100
WITH_EMAIL = SQL("lower(u.email) = lower(%(email)s::text)")
OF_CUSTOMER = SQL(
    "u.user_id = (SELECT l.user_id FROM customer_links l WHERE l.customer_id = %(stripe_customer_id)s::text)"
)


def profile(conn: AnyConnection, user_id: str) -> Profile | None:
    """The profile of one Clerk id; None for an unknown user."""
    return fetch_one(
        conn, compose(whole("profile"), [SQL("u.user_id = %(user_id)s::text")]), {"user_id": user_id}
    )


def profiles_by_email(conn: AnyConnection, email: str) -> list[Profile]:
    """All users with that address, oldest first: an address does not identify a user."""
    oldest_first = SQL("ORDER BY u.created_at, u.id LIMIT %(limit)s::integer")
    query = compose(whole("profile"), [WITH_EMAIL], oldest_first)
    return fetch_all(conn, query, {"email": email, "limit": SAME_EMAIL_LIMIT})


def profile_by_customer(conn: AnyConnection, customer_id: str) -> Profile | None:
    """The profile to which a Stripe customer is linked, even if it is not the paying one."""
    query = compose(whole("profile"), [OF_CUSTOMER])
    return fetch_one(conn, query, {"stripe_customer_id": customer_id})
