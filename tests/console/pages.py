"""Where every page is."""

from typing import Any

from psycopg import Connection

PLAIN = (
    "",
    "/find",
    "/find?q=lee",
    "/users",
    "/customers",
    "/quarantine",
    "/events",
    "/deliveries",
    "/completeness",
    "/checkpoints",
    "/jobs",
    "/schedule",
    "/configuration",
    "/access-log",
    "/tokens",
)


def all_pages(conn: Connection[Any]) -> list[str]:
    """The plain ones, and those of a user and of events that have everything."""
    return [*PLAIN, *particular(conn)]


def particular(conn: Connection[Any]) -> list[str]:
    """A paying user, why a value is what it is, an event, an event with a second body."""
    user, event, doubted = a_payer(conn), an_event(conn), _one(conn, _DOUBTED)
    return [
        f"/users/{user}",
        f"/users/{user}/explain/subscription_status",
        f"/events/{event}",
        f"/events/{doubted}",
        "/users/user_2hostile",
        "/users/user_2poisoned",
    ]


def a_payer(conn: Connection[Any]) -> str:
    """Somebody with a subscription, a trial behind them, and a customer."""
    return str(_one(conn, _PAYER))


def an_event(conn: Connection[Any]) -> str:
    """A paid invoice."""
    return str(_one(conn, "SELECT id FROM events WHERE event_type = 'stripe.invoice.paid' LIMIT 1"))


def _one(conn: Connection[Any], query: str) -> Any:  # Any: the column's type
    row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


_PAYER = """
SELECT u.user_id FROM users u JOIN user_subscriptions s ON s.user_id = u.id
 WHERE s.trial_status = 'converted' AND s.subscription_status = 'active' AND u.deleted_at IS NULL
 ORDER BY u.id LIMIT 1
"""
_DOUBTED = "SELECT e.id FROM events e JOIN event_conflicts c USING (part, position) LIMIT 1"
