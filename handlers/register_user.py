"""A user nobody has told us of, made known by an operator until a real event speaks."""

from datetime import datetime
from uuid import UUID

from events.domain import user_event
from events.domain.user import LegacyImported
from events.envelope import NewEvent
from events.routing import part_of
from projections.decision_transaction import DecisionTransaction, Snapshot
from projections.log_reader import AnyConnection


def make_known(
    conn: AnyConnection,
    user_id: str,
    known: LegacyImported,
    *,
    now: datetime,
    actor: str,
    reason: str,
    live_only: bool = False,
) -> UUID | None:
    """The event that makes their rows, in the same transaction; None when they are known already.

    Raises: PartBehind, PartBusy; the caller must then roll back.
    """

    def choose(found: Snapshot) -> list[NewEvent]:
        if user_id in found.users:
            return []
        event = user_event(
            known,
            user_id=user_id,
            now=now,
            idempotency_key=f"user.created:{user_id}",
            actor=actor,
            reason=reason,
        )
        return [event]

    made = DecisionTransaction(conn, part_of(user_id), live_only=live_only).decide(
        [user_id], choose, by_batch=True
    )
    return made[0].id if made else None
