"""The catalog is changed by publishing plans: only what differs is said, and nothing is retired unasked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from events.clock import EPOCH, MICROSECOND, from_micros
from events.domain import plan_event
from events.domain.system import PlanPublished, PlanRetired
from events.envelope import NewEvent
from events.routing import CATALOG_ROUTE, part_of
from handlers.plan_files import default_plans
from projections.catalog import Catalog, CatalogPlan
from projections.decision_transaction import Choose, DecisionTransaction, Snapshot
from projections.log_reader import AnyConnection

Kind = Literal["new", "changed", "retired"]

FIELDS = tuple(name for name in PlanPublished.model_fields if name != "plan_key")


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What publishing would do to one plan; `fields` is name to (old, new)."""

    kind: Kind
    plan_key: str
    fields: dict[str, tuple[Any, Any]]  # Any: a plan's values
    fact: PlanPublished | PlanRetired


def publish_plans(
    conn: AnyConnection,
    wanted: Sequence[PlanPublished],
    *,
    now: datetime,
    actor: str,
    reason: str | None = None,
    retire_missing: bool = False,
    live_only: bool = False,
) -> list[PlanChange]:
    """What was published; the catalog shows it in the same transaction, users' rows soon after.

    Raises: PartBehind, PartBusy; the caller must then roll back.
    """
    made: list[PlanChange] = []

    def choose(found: Snapshot) -> list[NewEvent]:
        made[:] = changes(found.catalog, wanted, retire_missing=retire_missing)
        at = _after(found.catalog, now)
        return [
            plan_event(
                change.fact, now=at, idempotency_key=_key(found.catalog, change), actor=actor, reason=reason
            )
            for change in made
        ]

    _decide(conn, choose, live_only)
    return made


def publish_default_plans(conn: AnyConnection, *, live_only: bool = False) -> list[PlanChange]:
    """The plans a new shop starts with, if no plan was ever published; in force for every past instant.

    Raises: PartBehind, PartBusy; the caller must then roll back.
    """
    made: list[PlanChange] = []

    def choose(found: Snapshot) -> list[NewEvent]:
        made.clear()
        if not found.catalog.plans:
            made.extend(changes(found.catalog, default_plans()))
        return [
            plan_event(
                change.fact,
                now=EPOCH,
                idempotency_key=_key(found.catalog, change),
                reason="the plans a new shop starts with",
            )
            for change in made
        ]

    _decide(conn, choose, live_only)
    return made


def changes(
    catalog: Catalog, wanted: Sequence[PlanPublished], *, retire_missing: bool = False
) -> list[PlanChange]:
    """What would have to be said for the catalog to be as wanted."""
    made = [change for plan in wanted if (change := _change(catalog.plans.get(plan.plan_key), plan))]
    if retire_missing:
        kept = {plan.plan_key for plan in wanted}
        made += [
            PlanChange("retired", key, {"is_active": (True, False)}, PlanRetired(plan_key=key))
            for key, plan in catalog.plans.items()
            if plan.is_active and key not in kept
        ]
    return made


def on_sale(catalog: Catalog) -> list[PlanPublished]:
    """The plans in display order, as publishing would say them; retired ones are not on sale."""
    plans = sorted(catalog.plans.values(), key=lambda plan: (plan.display_order, plan.plan_key))
    return [_as_published(plan) for plan in plans if plan.is_active]


def _as_published(plan: CatalogPlan) -> PlanPublished:
    return PlanPublished(plan_key=plan.plan_key, **{name: getattr(plan, name) for name in FIELDS})


def missing(catalog: Catalog, wanted: Sequence[PlanPublished]) -> list[str]:
    """Plans on sale that the file does not name."""
    kept = {plan.plan_key for plan in wanted}
    return sorted(key for key, plan in catalog.plans.items() if plan.is_active and key not in kept)


def read_catalog(conn: AnyConnection, *, live_only: bool = False) -> Catalog:
    """The catalog as it is now, whatever the projector has yet to do."""
    held: list[Catalog] = []

    def choose(found: Snapshot) -> list[NewEvent]:
        held[:] = [found.catalog]
        return []

    _decide(conn, choose, live_only)
    return held[0]


def _change(old: CatalogPlan | None, plan: PlanPublished) -> PlanChange | None:
    if old is None:
        fields: dict[str, tuple[Any, Any]] = {name: (None, getattr(plan, name)) for name in FIELDS}
        return PlanChange("new", plan.plan_key, fields, plan)
    fields = {
        name: (getattr(old, name), getattr(plan, name))
        for name in FIELDS
        if getattr(old, name) != getattr(plan, name)
    }
    if not old.is_active:
        fields["is_active"] = (False, True)
    return PlanChange("changed", plan.plan_key, fields, plan) if fields else None


def _key(catalog: Catalog, change: PlanChange) -> str:
    """Names the step from one version to the next, so that each is taken once."""
    old = catalog.plans.get(change.plan_key)
    return f"{change.fact.event_type}:{change.plan_key}:{old.changed_at if old else 'first'}"


def _after(catalog: Catalog, now: datetime) -> datetime:
    """After every version there is: a clock that steps back must not publish into the past."""
    last = max((plan.changed_at for plan in catalog.plans.values()), default=0)
    return max(now, from_micros(last) + MICROSECOND)


def _decide(conn: AnyConnection, choose: Choose, live_only: bool) -> None:
    inline = DecisionTransaction(conn, part_of(CATALOG_ROUTE), live_only=live_only)
    inline.decide([], choose, by_batch=True)
