"""Campaigns: created within the plan's limit, then moved forward from draft to archived."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from events.domain import DomainEvent
from events.domain.platform import (
    CampaignActivated,
    CampaignArchived,
    CampaignCompleted,
    CampaignCreated,
    CampaignUpdated,
)
from events.statements import AnyConnection
from handlers.decision import Command, Decided, Verdict, decide
from handlers.owned_rows import answer_of, new_id, owned_row, refuse_unless
from handlers.usage import MeteredUsage, count
from projections.catalog import Catalog
from projections.state import State

Action = Literal["activate", "complete", "archive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCampaign:
    name: str
    description: str | None = None
    search_type: str | None = None


def create_campaign(conn: AnyConnection, command: Command, new: NewCampaign) -> Decided:
    """A draft, counted against the plan's campaigns; beyond the limit nothing is written.

    Raises: LimitExceeded, UserDeleted, UserQuarantined, and as `decide`.
    """
    campaign_id = new_id("campaigns", command)

    def rule(state: State, catalog: Catalog, now: datetime) -> Verdict:
        due = count(state, catalog, MeteredUsage(metric="campaigns", quantity=1), now).due
        fact = CampaignCreated(campaign_id=campaign_id, **asdict(new))
        return Verdict(fact, answer_of(campaign_id, None, status="draft"), due)

    return decide(conn, command, rule)


def update_campaign(
    conn: AnyConnection,
    command: Command,
    campaign_id: UUID,
    changes: Mapping[str, Any],  # Any: as the event's fields
    *,
    version: int | None = None,
) -> Decided:
    """Change name, description or search type; null clears the latter two.

    Raises: NotTheirs, WrongState once archived, VersionConflict, HistoryStopped, and as `decide`.
    """

    def rule(_: State, __: Catalog, ___: datetime) -> Verdict:
        row = owned_row(conn, "campaign", campaign_id, command, version=version)
        refuse_unless("campaign", row, "draft", "active", "completed")
        fact = CampaignUpdated(campaign_id=campaign_id, **changes)
        return Verdict(fact, answer_of(campaign_id, row, status=row["status"]))

    return decide(conn, command, rule)


def move_campaign(
    conn: AnyConnection,
    command: Command,
    campaign_id: UUID,
    action: Action,
    *,
    version: int | None = None,
) -> Decided:
    """Activate, complete or archive; archiving frees a place under the plan's limit.

    Raises: NotTheirs, WrongState, VersionConflict, HistoryStopped, and as `decide`.
    """
    step = STEPS[action]

    def rule(_: State, __: Catalog, ___: datetime) -> Verdict:
        row = owned_row(conn, "campaign", campaign_id, command, version=version)
        refuse_unless("campaign", row, *step.allowed)
        fact = step.fact(campaign_id=campaign_id)
        return Verdict(fact, answer_of(campaign_id, row, status=step.status))

    return decide(conn, command, rule)


@dataclass(frozen=True, slots=True)
class _Step:
    fact: type[DomainEvent]
    status: str
    allowed: tuple[str, ...]


STEPS: dict[Action, _Step] = {
    "activate": _Step(CampaignActivated, "active", ("draft",)),
    "complete": _Step(CampaignCompleted, "completed", ("active",)),
    "archive": _Step(CampaignArchived, "archived", ("draft", "active", "completed")),
}
