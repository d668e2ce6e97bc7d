"""Register a user that no provider event names yet, by an operator, until a provider's event arrives."""

from datetime import datetime
from uuid import UUID

from events.domain import user_event
from events.domain.user import LegacyImported
from events.envelope import NewEvent
from events.routing import part_of
from events.statements import AnyConnection
from projections.decision_transaction import DecisionTransaction, Snapshot


def register_user(
    conn: AnyConnection,
    user_id: str,
    imported: LegacyImported,
    *,
    now: datetime,
    actor: str,
    reason: str,
) -> UUID | None:
    """The event that creates the user's rows, in the same transaction; None if the user already exists.

    Raises: PartBehind, PartBusy; the caller must then roll back.
    """

    def choose(snapshot: Snapshot) -> list[NewEvent]:
        if user_id in snapshot.users:
            return []
        event = user_event(
            imported,
            user_id=user_id,
            now=now,
            idempotency_key=f"user.created:{user_id}",
            actor=actor,
            reason=reason,
        )
        return [event]

    appended = DecisionTransaction(conn, part_of(user_id)).decide([user_id], choose, by_batch=True)
    return appended[0].id if appended else None
