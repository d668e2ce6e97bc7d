"""Turn profile changes into events; the tables follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from events.append import append
from events.clock import MICROSECOND
from events.domain import DomainEvent, user_event
from events.domain.user import (
    OnboardingCompleted,
    OnboardingStepCompleted,
    PlanSelected,
    ProfileUpdated,
)
from events.envelope import Appended, NewEvent
from events.identifiers import key_part
from events.routing import part_of
from events.statements import statement
from handlers.decision import moment
from projections.fold import present
from projections.state import State, read_stored

AnyConnection = Connection[Any]  # Any: nothing here cares which row factory the caller uses

WORDS = ("business_name", "brand_description", "industry")
CHANGEABLE = (*WORDS, "onboarding_step", "intended_plan")
MOST_FACTS = 3


class ProfileRefused(Exception):
    """Base of the reasons why a profile was not changed."""


class ProfileUserUnknown(ProfileRefused):
    """No event mentions the user and the id is not a Clerk id. Check the id."""

    def __init__(self, user_id: str) -> None:
        super().__init__("expected a known user or a Clerk id (user_…), found neither; check the id")
        self.user_id = user_id


class ProfileUserDeleted(ProfileRefused):
    """The user was deleted at Clerk; their profile can't be changed any more."""

    def __init__(self, user_id: str) -> None:
        super().__init__("expected a user who still exists, found one deleted at Clerk; nothing was changed")
        self.user_id = user_id


class PlanUnavailable(ProfileRefused):
    """The plan is not for sale. `for_sale` lists the plans that are."""

    def __init__(self, plan_key: str, for_sale: list[str]) -> None:
        super().__init__(
            f"expected a plan for sale ({', '.join(for_sale) or 'there is none'}), found another"
        )
        self.plan_key = plan_key
        self.for_sale = for_sale


class KeyTaken(ProfileRefused):
    """The idempotency key stands for another request. Use a new key for a new request."""

    def __init__(self) -> None:
        super().__init__(
            "expected an idempotency key of this very request, found one used with another body; "
            "use a new key for a new request"
        )


@dataclass(frozen=True, slots=True)
class ProfileFact:
    """One event that a request appended."""

    id: UUID
    event_type: str
    outcome: Literal["appended", "duplicate"]


def change_profile(
    conn: AnyConnection,
    user_id: str,
    changes: Mapping[str, Any],  # Any: text, or None to clear
    *,
    now: datetime,
    key: str,
    actor: str,
    reason: str | None = None,
    request_id: str | None = None,
) -> list[ProfileFact]:
    """The facts of one request, all or none. The same key and changes again return the same facts.

    A user may be changed before Clerk's first event arrives: onboarding is often faster.
    Raises: ProfileUserUnknown, ProfileUserDeleted, PlanUnavailable, KeyTaken; the caller must then roll back.
    """
    before = _standing(conn, user_id, key)
    at = _after_all(user_id, before, now)
    events = [
        user_event(
            fact,
            user_id=user_id,
            now=at + (number - 1) * MICROSECOND,
            idempotency_key=fact_key(user_id, key, number),
            actor=actor,
            reason=reason,
            request_id=request_id,
        )
        for number, fact in enumerate(facts(changes), 1)
    ]
    if before["facts_of_key"]:
        if before["facts_of_key"] != len(events):
            raise KeyTaken
    else:
        _refuse_unfit(user_id, changes, before)
    return _settled(events, [append(conn, event) for event in events])


def facts(changes: Mapping[str, Any]) -> list[DomainEvent]:  # Any: text, or None to clear
    """The events for `changes`, in the order in which they are appended."""
    words = {name: changes[name] for name in WORDS if name in changes}
    step = changes.get("onboarding_step")
    events: list[DomainEvent] = []
    if step in ("step-1", "step-2"):
        events.append(OnboardingStepCompleted(step=step, **words))
    elif words:
        events.append(ProfileUpdated(**words))
    if step == "completed":
        events.append(OnboardingCompleted())
    if changes.get("intended_plan") is not None:
        events.append(PlanSelected(plan_key=changes["intended_plan"]))
    return events


def fact_key(user_id: str, key: str, number: int) -> str:
    """The idempotency key of a request's fact number `number`."""
    return f"profile:{key_part(user_id)}:{key}:{number}"


def _standing(conn: AnyConnection, user_id: str, key: str) -> dict[str, Any]:
    # Any: one type a column
    keys = [fact_key(user_id, key, number) for number in range(1, MOST_FACTS + 1)]
    values = {"user_id": user_id, "part": part_of(user_id), "keys": keys}
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement("handlers", "profile_standing"), values).fetchone()
    assert row is not None  # a SELECT without FROM always returns one row
    return row


def _after_all(user_id: str, before: Mapping[str, Any], now: datetime) -> datetime:
    """Now, but later than the user's known events, projected or not: an earlier change would have no effect.

    Raises: StateUnreadable.
    """
    stored = before["state"]
    state = State(user_id=user_id) if stored is None else present(read_stored(user_id, stored))
    at = moment(state, now)
    last = before["last_own_at"]
    return at if last is None else max(at, last + MICROSECOND)


def _refuse_unfit(user_id: str, changes: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    if not before["is_known"] and not user_id.startswith("user_"):
        raise ProfileUserUnknown(user_id)
    if before["is_deleted"]:
        raise ProfileUserDeleted(user_id)
    plan = changes.get("intended_plan")
    if plan is not None and plan not in before["for_sale"]:
        raise PlanUnavailable(plan, before["for_sale"])


def _settled(events: list[NewEvent], answers: list[Appended]) -> list[ProfileFact]:
    outcomes = {answer.outcome for answer in answers}
    if "conflict" in outcomes or len(outcomes) > 1:
        raise KeyTaken
    return [
        ProfileFact(answer.id, event.event_type, "appended" if answer.outcome == "appended" else "duplicate")
        for event, answer in zip(events, answers, strict=True)
    ]
