"""What Stripe calls `previous_attributes`: the way back from a snapshot to the one before it."""

from typing import Any

Json = dict[str, Any]
"""A provider's JSON object. Any: its values are whatever the provider sends."""


def previous_attributes(before: Json, after: Json) -> Json:
    """The old value of each attribute that changed: hashes in part, arrays whole.

    An attribute that is new has the old value null, as in Stripe's own events.
    Source: https://docs.stripe.com/api/events/object#event_object-data-previous_attributes
    """
    changed: Json = {}
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            changed[key] = previous_attributes(old, new)
        else:
            changed[key] = old
    return changed


def rewind(snapshot: Json, previous: Json, *, sparse: bool = False) -> Json:
    """The snapshot before: `previous` laid over it. In sparse hashes (metadata) null is absence."""
    earlier = dict(snapshot)
    for key, old in previous.items():
        new = snapshot.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            earlier[key] = rewind(new, old, sparse=key == "metadata")
        elif old is None and sparse:
            earlier.pop(key, None)
        else:
            earlier[key] = old
    return earlier


def matches(previous: Json, snapshot: Json) -> bool:
    """Whether the snapshot holds every old value: it may stand just before that change."""
    return all(
        matches(old, snapshot[key])
        if isinstance(old, dict) and isinstance(snapshot.get(key), dict)
        else snapshot.get(key) == old
        for key, old in previous.items()
    )
