"""Commands as an operator gives them."""

from datetime import datetime

from handlers.decision import Command
from tests.handlers.users import NOW


def order(user_id: str, key: str = "k", *, now: datetime = NOW, content: str = "") -> Command:
    """A command about that user."""
    return Command(
        user_id=user_id,
        key=f"order:{user_id}:{key}",
        request={"order": content},
        now=now,
        actor="cli:ada",
        reason="they asked",
    )
