"""Turn profile changes into events; the tables follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

from events.append import json_text
from events.domain import DomainEvent
from events.domain.user import (
    OnboardingCompleted,
    OnboardingStepCompleted,
    PlanSelected,
    ProfileUpdated,
)
from events.statements import AnyConnection
from handlers.decision import Command, Verdict, decide, refuse_unfit
from handlers.errors import PlanNotForSale
from handlers.plans import on_sale
from projections.catalog import Catalog
from projections.state import State

WORDS = ("business_name", "brand_description", "industry")
CHANGEABLE = (*WORDS, "onboarding_step", "intended_plan")


@dataclass(frozen=True, slots=True)
class ProfileFact:
    """One event that a request appended."""

    id: UUID
    event_type: str
    outcome: Literal["appended", "duplicate"]


def change_profile(
    conn: AnyConnection,
    command: Command,
    changes: Mapping[str, Any],  # Any: text, or None to clear
) -> list[ProfileFact]:
    """The facts of one request, all or none. The same key and changes again return the same facts.

    A user may be changed before Clerk's first event arrives: onboarding is often faster.
    Raises: UserDeleted, UserQuarantined, PlanNotForSale, and as `decide`: UserUnknown only for an id that is
    not Clerk's.
    """
    *others, fact = new_facts = facts(changes)

    def rule(state: State, catalog: Catalog, _: datetime) -> Verdict:
        refuse_unfit(state)
        _refuse_plan(changes.get("intended_plan"), catalog)
        return Verdict(fact, {}, others=others)

    decided = decide(
        conn,
        # A digest: metadata is sealed and never erased.
        command.requesting(sha256=sha256(json_text(changes).encode()).hexdigest()),
        rule,
        others=len(others),
        may_be_new=command.user_id.startswith("user_"),
    )
    outcome: Literal["appended", "duplicate"] = "duplicate" if decided.repeated else "appended"
    ids = [*decided.other_ids, decided.event_id]
    return [ProfileFact(id_, one.event_type, outcome) for id_, one in zip(ids, new_facts, strict=True)]


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


def _refuse_plan(plan_key: str | None, catalog: Catalog) -> None:
    for_sale = [plan.plan_key for plan in on_sale(catalog)]
    if plan_key is not None and plan_key not in for_sale:
        raise PlanNotForSale(for_sale)
