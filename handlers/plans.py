"""Publish plans to the catalog: only differences are appended, and a plan is retired only on request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from events.clock import EPOCH, MICROSECOND, from_micros
from events.domain import plan_event
from events.domain.system import PlanPublished, PlanRetired
from events.envelope import NewEvent
from events.routing import CATALOG_ROUTE, part_of
from events.statements import AnyConnection
from handlers.plan_files import default_plans
from projections.catalog import Catalog, CatalogPlan
from projections.decision_transaction import Choose, DecisionTransaction, Snapshot

Kind = Literal["new", "changed", "retired"]

FIELDS = tuple(name for name in PlanPublished.model_fields if name != "plan_key")


@dataclass(frozen=True, slots=True)
class PlanChange:
    """The change that publishing makes to one plan; `fields` is name to (old, new)."""

    kind: Kind
    plan_key: str
    fields: dict[str, tuple[Any, Any]]  # Any: a plan's values
    fact: PlanPublished | PlanRetired


def publish_plans(
    conn: AnyConnection,
    plans: Sequence[PlanPublished],
    *,
    now: datetime,
    actor: str,
    reason: str | None = None,
    retire_missing: bool = False,
) -> list[PlanChange]:
    """Publish plans; the catalog changes in the same transaction, users' rows soon after.

    Raises: PartBehind, PartBusy; the caller must then roll back.
    """
    published: list[PlanChange] = []

    def choose(snapshot: Snapshot) -> list[NewEvent]:
        published[:] = changes(snapshot.catalog, plans, retire_missing=retire_missing)
        at = _after(snapshot.catalog, now)
        return [
            plan_event(
                change.fact,
                now=at,
                idempotency_key=_key(snapshot.catalog, change),
                actor=actor,
                reason=reason,
            )
            for change in published
        ]

    _decide(conn, choose)
    return published


def publish_default_plans(conn: AnyConnection) -> list[PlanChange]:
    """The plans a new shop starts with, if no plan was ever published; in force for every past instant.

    Raises: PartBehind, PartBusy; the caller must then roll back.
    """
    published: list[PlanChange] = []

    def choose(snapshot: Snapshot) -> list[NewEvent]:
        published.clear()
        if not snapshot.catalog.plans:
            published.extend(changes(snapshot.catalog, default_plans()))
        return [
            plan_event(
                change.fact,
                now=EPOCH,
                idempotency_key=_key(snapshot.catalog, change),
                reason="the plans a new shop starts with",
            )
            for change in published
        ]

    _decide(conn, choose)
    return published


def changes(
    catalog: Catalog, plans: Sequence[PlanPublished], *, retire_missing: bool = False
) -> list[PlanChange]:
    """The changes that make the catalog equal to `plans`."""
    differences = [change for plan in plans if (change := _change(catalog.plans.get(plan.plan_key), plan))]
    if retire_missing:
        kept = {plan.plan_key for plan in plans}
        differences += [
            PlanChange("retired", key, {"is_active": (True, False)}, PlanRetired(plan_key=key))
            for key, plan in catalog.plans.items()
            if plan.is_active and key not in kept
        ]
    return differences


def on_sale(catalog: Catalog) -> list[PlanPublished]:
    """The plans in display order, in their published form; retired plans are not on sale."""
    plans = sorted(catalog.plans.values(), key=lambda plan: (plan.display_order, plan.plan_key))
    return [_as_published(plan) for plan in plans if plan.is_active]


def _as_published(plan: CatalogPlan) -> PlanPublished:
    return PlanPublished(plan_key=plan.plan_key, **{name: getattr(plan, name) for name in FIELDS})


def missing(catalog: Catalog, plans: Sequence[PlanPublished]) -> list[str]:
    """Plans on sale that the file does not name."""
    kept = {plan.plan_key for plan in plans}
    return sorted(key for key, plan in catalog.plans.items() if plan.is_active and key not in kept)


def read_catalog(conn: AnyConnection) -> Catalog:
    """The catalog as of now, including events that the projector has not processed yet."""
    catalogs: list[Catalog] = []

    def choose(snapshot: Snapshot) -> list[NewEvent]:
        catalogs[:] = [snapshot.catalog]
        return []

    _decide(conn, choose)
    return catalogs[0]


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
    """Names the step from one version to the next, so that each step is appended once."""
    old = catalog.plans.get(change.plan_key)
    return f"{change.fact.event_type}:{change.plan_key}:{old.changed_at if old else 'first'}"


def _after(catalog: Catalog, now: datetime) -> datetime:
    """After every version there is: a clock that steps back must not publish into the past."""
    last = max((plan.changed_at for plan in catalog.plans.values()), default=0)
    return max(now, from_micros(last) + MICROSECOND)


def _decide(conn: AnyConnection, choose: Choose) -> None:
    inline = DecisionTransaction(conn, part_of(CATALOG_ROUTE))
    inline.decide([], choose, by_batch=True)
