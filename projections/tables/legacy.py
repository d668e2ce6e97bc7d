"""legacy.imported: a user's values from before the log began, used where no other event sets them.

The values are stored beside the state, not in it: the tables read them only where no other event sets a
value, so the order of import and other events makes no difference. Only a trial and the month's usage
begin from them, and only if none has begun.
"""

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from events.clock import from_micros, micros
from events.domain import user as own
from projections.facts import Fact
from projections.state import Legacy, State, Trial
from projections.tables.usage import begin_month, month_of
from projections.tables.users import STEPS, payload_of

SAME = tuple(name for name in Legacy.__struct_fields__ if name in own.LegacyImported.model_fields)
TRIALS = frozenset({"active", "expired", "converted"})


def _imported(state: State, fact: Fact) -> None:
    payload = own.LegacyImported.model_validate_json(payload_of(fact))
    named = {name: getattr(payload, name) for name in SAME if name in payload.model_fields_set}
    for name in INSTANTS & payload.model_fields_set:
        named[name] = _instant(getattr(payload, name))
    if named.get("onboarding_step") not in STEPS:
        named.pop("onboarding_step", None)
    state.legacy = replace(state.legacy or Legacy(), **named)
    _begin_trial(state, payload)
    _begin_counting(state, payload, fact)


def _begin_trial(state: State, payload: own.LegacyImported) -> None:
    """Begin the imported trial, so that it ends on its date; a trial at Stripe ends by Stripe's events."""
    if state.trial != Trial() or payload.trial_status not in TRIALS:
        return
    if payload.trial_status == "active" and payload.trial_end_date is None:
        return  # a trial without an end would never end
    state.trial = Trial(
        status=payload.trial_status,
        starts_at=_instant(payload.trial_start_date),
        ends_at=_instant(payload.trial_end_date),
        converted_at=_instant(payload.trial_conversion_date) if payload.trial_status == "converted" else None,
        subscription=payload.stripe_subscription_id,
        plan=None if payload.stripe_subscription_id else payload.intended_plan or payload.current_plan,
    )


def _begin_counting(state: State, payload: own.LegacyImported, fact: Fact) -> None:
    """Begin the counters with the usage in the month of the import."""
    if payload.usage_creators_current_month or payload.enrichments_current_month:
        begin_month(state, month_of(from_micros(fact.at)))
    for counter, count in (
        ("campaigns", payload.usage_campaigns_current),
        ("creators", payload.usage_creators_current_month),
        ("enrichments", payload.enrichments_current_month),
    ):
        if getattr(state, counter) == 0:
            setattr(state, counter, count or 0)


def _instant(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


INSTANTS = frozenset(
    {
        "subscription_cancel_date",
        "subscription_renewal_date",
        "signup_timestamp",
        "last_webhook_timestamp",
    }
)

RULES: dict[str, Callable[[State, Fact], None]] = {"legacy.imported": _imported}
