"""Events of one user: profile, onboarding, plans, trials, entitlements, links."""

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from events.domain.base import DomainEvent, Instant, Key, Text


class ProfileUpdated(DomainEvent):
    """The user's profile as entered by the user. A field left out is unchanged; null clears."""

    event_type = "profile.updated"
    business_name: Text | None = None
    brand_description: Text | None = None
    industry: Text | None = None


class OnboardingStarted(DomainEvent):
    event_type = "onboarding.started"


class OnboardingStepCompleted(ProfileUpdated):
    """A step was finished, perhaps with answers about the profile."""

    event_type = "onboarding.step_completed"
    step: Literal["step-1", "step-2"]


class OnboardingCompleted(DomainEvent):
    event_type = "onboarding.completed"


class PlanSelected(DomainEvent):
    """The user selected a plan to take later."""

    event_type = "plan.selected"
    plan_key: Key


class TrialStarted(DomainEvent):
    """The service's own trial, without a card. Without a plan it is a trial of the intended one."""

    event_type = "trial.started"
    starts_at: Instant
    ends_at: Instant
    plan_key: Key | None = None


class TrialExtended(DomainEvent):
    event_type = "trial.extended"
    ends_at: Instant


class TrialEndingSoon(DomainEvent):
    """A warning is due, `days` before the end."""

    event_type = "trial.ending_soon"
    ends_at: Instant
    days: int


class TrialExpired(DomainEvent):
    """The trial with this end ended without a payment, at the latest when this event occurred.

    Ignored when the trial has another end by now.
    """

    event_type = "trial.expired"
    ends_at: Instant


class EntitlementGranted(DomainEvent):
    """An operator granted a plan, in force until `until`, without end when that is null."""

    event_type = "entitlement.granted"
    plan_key: Key
    until: Instant | None = None


class EntitlementRevoked(DomainEvent):
    event_type = "entitlement.revoked"


class AdminGranted(DomainEvent):
    event_type = "admin.granted"


class AdminRevoked(DomainEvent):
    event_type = "admin.revoked"


class DeletionReverted(DomainEvent):
    """These deletions did not happen: a reconciliation inferred them by mistake. Ids of their events."""

    event_type = "deletion.reverted"
    event_ids: tuple[UUID, ...]


class IdentityLinked(DomainEvent):
    """An operator linked a Stripe customer to the user. Outranks all provider events."""

    event_type = "identity.linked"
    customer_id: Key


class IdentityUnlinked(DomainEvent):
    event_type = "identity.unlinked"
    customer_id: Key


class DriftObserved(DomainEvent):
    """A complete comparison with Stripe: the user's objects that changed there and can't be updated here.

    Empty once no such object remains.
    """

    event_type = "billing.drift_observed"
    object_ids: Annotated[tuple[Key, ...], Field(max_length=100)]


class PrivacyErased(DomainEvent):
    """The person's payloads are erased from the log: of their own stream, of these customers' streams,
    of these events of other streams, and these unreadable deliveries. Ids only; it is never erased.

    `through`: part to the last position covered; recording times do not compare across parts.
    """

    event_type = "privacy.erased"
    customer_ids: tuple[Key, ...] = ()
    event_ids: tuple[UUID, ...] = ()
    delivery_ids: tuple[UUID, ...] = ()
    through: Mapping[int, int] = Field(default_factory=dict)


class UsageRecorded(DomainEvent):
    event_type = "usage.recorded"
    metric: Literal["campaigns", "creators", "enrichments"]
    quantity: Annotated[int, Field(ge=1, le=1_000_000_000)]


class UsageReset(DomainEvent):
    """The month's counters reset. `period_starts_at` is the first instant of the new period."""

    event_type = "usage.reset"
    period_starts_at: Instant


class EmailScheduled(DomainEvent):
    event_type = "email.scheduled"
    occasion: Key
    scheduled_for: Instant


class EmailSent(DomainEvent):
    event_type = "email.sent"
    occasion: Key
    sent_at: Instant


class EmailFailed(DomainEvent):
    event_type = "email.failed"
    occasion: Key
    error: Text


class EmailCancelled(DomainEvent):
    """The e-mail was not sent because its reason no longer applies."""

    event_type = "email.cancelled"
    occasion: Key


Email = Annotated[str, StringConstraints(max_length=320)]
"""The limit of an index; a longer address would stop its user."""
Small = Annotated[int, Field(ge=0, le=32_767)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class LegacyImported(DomainEvent):
    """The user's values from before the log began, by column of the five tables.

    Used where no other event sets a value. A field left out is unknown.
    """

    event_type = "legacy.imported"
    email: Email | None = None
    full_name: Text | None = None
    business_name: Text | None = None
    brand_description: Text | None = None
    industry: Text | None = None
    onboarding_step: Key | None = None
    is_admin: bool | None = None
    current_plan: Key | None = None
    intended_plan: Key | None = None
    subscription_status: Key | None = None
    trial_status: Key | None = None
    trial_start_date: Instant | None = None
    trial_end_date: Instant | None = None
    trial_conversion_date: Instant | None = None
    subscription_cancel_date: Instant | None = None
    subscription_renewal_date: Instant | None = None
    stripe_customer_id: Key | None = None
    stripe_subscription_id: Key | None = None
    payment_method_id: Key | None = None
    card_last4: Key | None = None
    card_brand: Key | None = None
    card_exp_month: Small | None = None
    card_exp_year: Small | None = None
    billing_address_city: Text | None = None
    billing_address_country: Text | None = None
    billing_address_postal_code: Text | None = None
    usage_campaigns_current: Count | None = None
    usage_creators_current_month: Count | None = None
    enrichments_current_month: Count | None = None
    signup_timestamp: Instant | None = None
    last_webhook_event: Key | None = None
    last_webhook_timestamp: Instant | None = None
