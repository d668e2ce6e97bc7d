"""Clerk's Backend API as documented, over a little Clerk. The deleted are not there any more.

Source: https://clerk.com/docs/reference/backend-api/tag/users/get/users
"""

from collections.abc import Callable
from datetime import datetime

from demo.clerk_shapes import user
from demo.clerk_world import ClerkWorld
from tests.doubles.faults import Faults, no_faults
from tests.doubles.http import Asked, Double, Replied

KEY = "sk_live_double"


def clerk_double(world: ClerkWorld, *, now: Callable[[], datetime], faults: Faults = no_faults) -> Double:
    """The API of that instance; its base is `double.url + "/v1"`."""

    def answer(request: Asked) -> Replied:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return Replied(401, _refused("authentication_invalid", "Invalid authentication"))
        alive = [person for person in world.users.values() if person.deleted_ms is None]
        if request.path == "/v1/users":
            downwards = request.query.get("order_by", "-created_at").startswith("-")
            ordered = sorted(alive, key=lambda person: person.created_ms, reverse=downwards)
            begin, size = int(request.query.get("offset", "0")), int(request.query.get("limit", "10"))
            return Replied(200, [user(person) for person in ordered[begin : begin + min(size, 500)]])
        user_id = request.path.removeprefix("/v1/users/")
        one = next((person for person in alive if person.id == user_id), None)
        if one is None:
            return Replied(404, _refused("resource_not_found", "not found"))
        return Replied(200, user(one))

    return Double(answer, now, faults)


def _refused(code: str, message: str) -> dict[str, object]:
    return {"errors": [{"code": code, "message": message, "long_message": message}]}
