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

    def answer(asked: Asked) -> Replied:
        if asked.headers.get("Authorization") != f"Bearer {KEY}":
            return Replied(401, _refused("authentication_invalid", "Invalid authentication"))
        alive = [each for each in world.users.values() if each.deleted_ms is None]
        if asked.path == "/v1/users":
            downwards = asked.query.get("order_by", "-created_at").startswith("-")
            found = sorted(alive, key=lambda each: each.created_ms, reverse=downwards)
            begin, size = int(asked.query.get("offset", "0")), int(asked.query.get("limit", "10"))
            return Replied(200, [user(each) for each in found[begin : begin + min(size, 500)]])
        wanted = asked.path.removeprefix("/v1/users/")
        one = next((each for each in alive if each.id == wanted), None)
        if one is None:
            return Replied(404, _refused("resource_not_found", "not found"))
        return Replied(200, user(one))

    return Double(answer, now, faults)


def _refused(code: str, message: str) -> dict[str, object]:
    return {"errors": [{"code": code, "message": message, "long_message": message}]}
