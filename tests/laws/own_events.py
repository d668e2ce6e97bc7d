"""Events of our own in the midst of a generated history: trials, plans, links, usage, grants."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from demo.world import DemoPerson, DemoWorld
from events.domain import DomainEvent, platform, user_event
from events.domain import user as user_events
from events.envelope import NewEvent

Draw = st.DrawFn
Maker = Callable[[Draw, DemoWorld, DemoPerson], DomainEvent]

PLANS = st.sampled_from(("free", "glow_up", "viral_surge", "fame_flex", "no_such_plan"))
DAYS = st.integers(-3, 9)


def own_events(draw: Draw, world: DemoWorld, person: DemoPerson) -> NewEvent:
    """One event of ours at the world's present instant."""
    name = draw(st.sampled_from(sorted(MAKERS)))
    now = world.clock.now + timedelta(microseconds=draw(st.sampled_from((0, 0, 1, 999_999))))
    key = f"{name}:{person.user_id}:{draw(st.uuids())}"
    return user_event(MAKERS[name](draw, world, person), user_id=person.user_id, now=now, idempotency_key=key)


def _around(draw: Draw, world: DemoWorld) -> datetime:
    return world.clock.now + timedelta(days=draw(DAYS))


def _a_customer(draw: Draw, world: DemoWorld) -> str:
    customer_ids = [customer.id for customer in world.stripe.customers()]
    return draw(st.sampled_from([*customer_ids, "cus_NobodyEverHeardOf"]))


def _started(draw: Draw, world: DemoWorld, _: DemoPerson) -> DomainEvent:
    plan = draw(st.none() | PLANS)
    return user_events.TrialStarted(starts_at=world.clock.now, ends_at=_around(draw, world), plan_key=plan)


def _drift(draw: Draw, world: DemoWorld, person: DemoPerson) -> DomainEvent:
    objects = [
        object_id
        for customer in person.customers
        for object_id in (customer, *(sub.id for sub in world.stripe.subscriptions_of(customer)))
    ]
    ids = draw(st.sets(st.sampled_from([*objects, "sub_of_another"])))
    return user_events.DriftObserved(object_ids=tuple(sorted(ids)))


def _step(draw: Draw, _: DemoWorld, __: DemoPerson) -> DomainEvent:
    fields: dict[str, Any] = {}
    if draw(st.booleans()):
        fields["industry"] = draw(st.sampled_from((None, "tea", "N\x7ful")))
    return user_events.OnboardingStepCompleted(step=draw(st.sampled_from(("step-1", "step-2"))), **fields)


def _recorded(draw: Draw, _: DemoWorld, __: DemoPerson) -> DomainEvent:
    metric = draw(st.sampled_from(("campaigns", "creators", "enrichments")))
    return user_events.UsageRecorded(metric=metric, quantity=draw(st.integers(1, 50)))


def _expired(draw: Draw, world: DemoWorld, person: DemoPerson) -> DomainEvent:
    ends = [
        datetime.fromtimestamp(sub.trial_end, world.clock.now.tzinfo)
        for customer in person.customers
        for sub in world.stripe.subscriptions_of(customer)
        if sub.trial_end is not None
    ]
    return user_events.TrialExpired(ends_at=draw(st.sampled_from([*ends, world.clock.now])))


MAKERS: dict[str, Maker] = {
    "trial.started": _started,
    "trial.extended": lambda draw, world, _: user_events.TrialExtended(ends_at=_around(draw, world)),
    "trial.expired": _expired,
    "billing.drift_observed": _drift,
    "plan.selected": lambda draw, _, __: user_events.PlanSelected(plan_key=draw(PLANS)),
    "identity.linked": lambda draw, world, _: user_events.IdentityLinked(
        customer_id=_a_customer(draw, world)
    ),
    "identity.unlinked": lambda draw, world, _: user_events.IdentityUnlinked(
        customer_id=_a_customer(draw, world)
    ),
    "usage.recorded": _recorded,
    "usage.reset": lambda draw, world, _: user_events.UsageReset(period_starts_at=_around(draw, world)),
    "entitlement.granted": lambda draw, _, __: user_events.EntitlementGranted(plan_key=draw(PLANS)),
    "entitlement.revoked": lambda _, __, ___: user_events.EntitlementRevoked(),
    "admin.granted": lambda _, __, ___: user_events.AdminGranted(),
    "admin.revoked": lambda _, __, ___: user_events.AdminRevoked(),
    "onboarding.step_completed": _step,
    "email.scheduled": lambda draw, world, _: user_events.EmailScheduled(
        occasion=draw(st.sampled_from(("trial_ending", "welcome"))), scheduled_for=_around(draw, world)
    ),
    "email.sent": lambda _, world, __: user_events.EmailSent(
        occasion="trial_ending", sent_at=world.clock.now
    ),
    "campaign.created": lambda draw, _, __: platform.CampaignCreated(
        campaign_id=UUID(int=draw(st.integers(1, 9))), name="Tea"
    ),
    "campaign.archived": lambda draw, _, __: platform.CampaignArchived(
        campaign_id=UUID(int=draw(st.integers(1, 9)))
    ),
}
