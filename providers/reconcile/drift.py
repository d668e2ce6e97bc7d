"""A difference between a provider and the log: what differs, why, and the event that heals it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from events.envelope import NewEvent
from projections.facts import Body
from projections.stripe_objects import TERMINAL

Cause = Literal[
    "missed event",
    "older than 30 days",
    "projector bug",
    "manual edit",
    "unknown price",
    "quarantined",
    "absorbed",
    "older page",
]

ADVICE: dict[str, str] = {
    "missed event": "healed by a snapshot",
    "older than 30 days": "healed by a snapshot; the Events API no longer has the event",
    "projector bug": "the log agrees with the provider, the tables don't: tenure replay --diff",
    "manual edit": "the tables were edited by hand: tenure replay --user USER",
    "unknown price": "no plan has this price: tenure import stripe --plans, then tenure plans publish",
    "quarantined": "the user's history stops at an event: tenure quarantine list",
    "older page": "the provider's answer is older than the last event here; run it again later",
    "absorbed": "ended or deleted here and not there, and an end is final; look at tenure user history",
}


# Kind to the field that marks its end, and the values of an end.
ENDED: Mapping[str, tuple[str, frozenset[object]]] = {
    "customer": ("deleted", frozenset({True})),
    "subscription": ("status", frozenset(TERMINAL)),
    "payment_method": ("customer", frozenset({None})),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One object, or one user's rows. `fields`: name to (ours, theirs); no secrets, few personal data."""

    kind: str
    object_id: str
    cause: Cause
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)  # Any: a field's value
    user_id: str | None = None
    customer_id: str | None = None
    event: NewEvent | None = None

    @property
    def ends(self) -> bool:
        """Whether healing ends a customer, a subscription or a card that the log has."""
        name, ended = ENDED.get(self.kind, ("", frozenset()))
        ours, theirs = self.fields.get(name, (None, None))
        return self.event is not None and ours != theirs and ours is not None and theirs in ended

    def as_json(self) -> dict[str, Any]:  # Any: JSON values
        """All fields but the event itself."""
        return {
            "kind": self.kind,
            "object_id": self.object_id,
            "user_id": self.user_id,
            "cause": self.cause,
            "fields": {
                name: {"ours": ours, "theirs": theirs} for name, (ours, theirs) in self.fields.items()
            },
            "heals": self.event is not None,
            "advice": ADVICE[self.cause],
        }


def differing(ours: Body | None, theirs: Body) -> dict[str, tuple[Any, Any]]:  # Any: a field's value
    """The fields in which two bodies differ; all of them when `ours` is None."""
    their_fields = msgspec.to_builtins(msgspec.structs.asdict(theirs))
    our_fields = {} if ours is None else msgspec.to_builtins(msgspec.structs.asdict(ours))
    return {
        name: (our_fields.get(name), value)
        for name, value in their_fields.items()
        if ours is None or our_fields.get(name) != value
    }
