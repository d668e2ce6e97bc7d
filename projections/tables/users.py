"""users: identity and profile, from Clerk and from onboarding."""

from typing import Annotated

from msgspec import Struct

from events.domain import user as own
from projections.facts import ClerkUserDeleted, ClerkUserFact, Fact, OwnFact
from projections.state import NO_LEGACY, State
from projections.tables.table import Column, Table

NAMED = "the last profile.updated or onboarding.step_completed that named it"
PROFILE = ("business_name", "brand_description", "industry")


class User(Struct):
    """A row of users."""

    user_id: str
    email: Annotated[
        str | None,
        Column("the address whose id is Clerk's primary_email_address_id; null once the user is deleted"),
    ]
    full_name: Annotated[
        str | None, Column("Clerk's first and last name joined and trimmed; null once the user is deleted")
    ]
    business_name: Annotated[str | None, Column(NAMED)]
    brand_description: Annotated[str | None, Column(NAMED)]
    industry: Annotated[str | None, Column(NAMED)]
    onboarding_step: Annotated[str, Column("the furthest onboarding step completed")]
    is_admin: Annotated[bool, Column("Clerk's public_metadata, unless an operator granted or revoked it")]
    deleted_at: Annotated[
        int | None,
        Column(
            "the first clerk.user.deleted or privacy.erased; "
            "deletion.reverted may revert one that a reconciliation observed",
            is_instant=True,
        ),
    ]


def core(state: State) -> User:
    """The row's own columns. A deleted user has no name and no e-mail address."""
    gone = state.deleted_at is not None
    legacy = state.legacy or NO_LEGACY
    identity = state if state.clerk_said else legacy
    return User(
        user_id=state.user_id,
        email=None if gone else identity.email,
        full_name=None if gone else identity.full_name,
        business_name=_word(state, "business_name"),
        brand_description=_word(state, "brand_description"),
        industry=_word(state, "industry"),
        onboarding_step=max(state.onboarding_step, legacy.onboarding_step, key=STEPS.index),
        is_admin=_is_admin(state),
        deleted_at=state.deleted_at,
    )


def _word(state: State, name: str) -> str | None:
    """The user's own value, unless cleared; else the imported value."""
    current: str | None = getattr(state, name)
    if current is not None or name in state.cleared or state.legacy is None:
        return current
    earlier: str | None = getattr(state.legacy, name)
    return earlier


def _is_admin(state: State) -> bool:
    """The operator's decision, else Clerk's flag; without a flag an imported admin stays admin."""
    if state.granted_admin is not None:
        return state.granted_admin
    return state.clerk_admin or bool(state.legacy and state.legacy.is_admin)


def _clerk_user(state: State, fact: Fact) -> None:
    user = fact.body
    assert isinstance(user, ClerkUserFact)
    state.clerk_said = True
    state.email = user.email
    state.full_name = user.full_name
    state.clerk_admin = user.is_admin
    if user.created_at is not None:
        state.signed_up_at = user.created_at * 1000


def _deleted(state: State, fact: Fact) -> None:
    if fact.id not in state.reverted:
        state.deletions[fact.id] = fact.at
        state.deleted_at = min(state.deletions.values())


def _deletion_reverted(state: State, fact: Fact) -> None:
    """Revert the named deletions; other deletions stay in force."""
    ids = map(str, own.DeletionReverted.model_validate_json(payload_of(fact)).event_ids)
    state.reverted = tuple(sorted({*state.reverted, *ids}))
    for event_id in state.reverted:
        state.deletions.pop(event_id, None)
    state.deleted_at = min(state.deletions.values(), default=None)


def _erased(state: State, fact: Fact) -> None:
    _deleted(state, fact)
    state.business_name = state.brand_description = state.industry = state.legacy = None


def _profile(state: State, fact: Fact) -> None:
    _take_profile(state, own.ProfileUpdated.model_validate_json(payload_of(fact)))


def _take_profile(state: State, payload: own.ProfileUpdated) -> None:
    for name in PROFILE:
        if name in payload.model_fields_set:
            setattr(state, name, getattr(payload, name))
            if getattr(payload, name) is None and name not in state.cleared:
                state.cleared = (*state.cleared, name)


def _step(state: State, fact: Fact) -> None:
    """Advance the step: steps only go forward, and completed is the last."""
    payload = own.OnboardingStepCompleted.model_validate_json(payload_of(fact))
    _take_profile(state, payload)
    if STEPS.index(payload.step) > STEPS.index(state.onboarding_step):
        state.onboarding_step = payload.step


def _onboarded(state: State, fact: Fact) -> None:
    state.onboarding_step = "completed"


def _made_admin(state: State, fact: Fact) -> None:
    state.granted_admin = True


def _unmade_admin(state: State, fact: Fact) -> None:
    state.granted_admin = False


def payload_of(fact: Fact) -> str:
    """The payload of a domain event."""
    assert isinstance(fact.body, OwnFact)
    return fact.body.payload


STEPS = ("pending", "step-1", "step-2", "completed")

TABLE = Table(
    "users",
    User,
    core,
    rules={
        "clerk.user.created": _clerk_user,
        "clerk.user.updated": _clerk_user,
        "clerk.user.deleted": _deleted,
        "deletion.reverted": _deletion_reverted,
        "profile.updated": _profile,
        "onboarding.step_completed": _step,
        "onboarding.completed": _onboarded,
        "admin.granted": _made_admin,
        "admin.revoked": _unmade_admin,
        "privacy.erased": _erased,
    },
    reads=(ClerkUserFact, ClerkUserDeleted),
)
