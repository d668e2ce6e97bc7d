"""Users whom no mutated body names: whatever is sent about all others, theirs must be projected."""

import json
from typing import Any

from tests.fuzz.mutation import T0, Post

WITNESSES = 5
STATUSES = ("active", "past_due", "trialing", "unpaid")

Row = tuple[str, str, str]


def posts(round_number: int) -> list[Post]:
    """What the providers send about each of them in a round of a thousand."""
    return [post for number in range(WITNESSES) for post in _posts(number, round_number)]


def expected(round_number: int) -> list[Row]:
    """(user, name, status) after that round."""
    return [
        (_user(number), f"Witness {round_number}", STATUSES[round_number % len(STATUSES)])
        for number in range(WITNESSES)
    ]


QUERY = """
SELECT u.user_id, u.full_name, s.subscription_status
  FROM users u JOIN user_subscriptions s ON s.user_id = u.id
 WHERE u.user_id LIKE 'user_witness%' ORDER BY 1
"""


def _user(number: int) -> str:
    return f"user_witness{number}"


def _posts(number: int, round_number: int) -> list[Post]:
    at, user = T0 + round_number, _user(number)
    paid_id = f"evt_witness{number}_{round_number}"
    subscription: dict[str, Any] = {  # Any: JSON values
        "id": f"sub_witness{number}",
        "object": "subscription",
        "customer": f"cus_witness{number}",
        "status": STATUSES[round_number % len(STATUSES)],
        "created": T0,
        "metadata": {"userId": user},
        "items": {"object": "list", "data": []},
    }
    paid = {
        "id": paid_id,
        "object": "event",
        "type": "customer.subscription.updated",
        "created": at,
        "livemode": False,
        "data": {"object": subscription},
    }
    named = {
        "type": "user.updated",
        "object": "event",
        "timestamp": at * 1000,
        "data": {
            "id": user,
            "object": "user",
            "first_name": "Witness",
            "last_name": str(round_number),
            "updated_at": at * 1000,
            "email_addresses": [],
            "public_metadata": {},
        },
    }
    return [
        Post("stripe", paid_id, json.dumps(paid).encode()),
        Post("clerk", f"msg_witness{number}_{round_number}", json.dumps(named).encode()),
    ]
