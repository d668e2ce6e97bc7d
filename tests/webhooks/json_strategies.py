"""JSON of every type in every place, lone surrogates, NULs and huge numbers included."""

import copy
from typing import Any

from hypothesis import strategies as st

_TEXTS = st.one_of(
    st.text(st.characters(), max_size=12),  # surrogates and NUL are in
    st.sampled_from(["", "\x00", "\ud800", "x" * 5000, "9999-12-31T23:59:59-12:00", "0001-01-01"]),
)
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([-1, 0, 2**63, 10**400, float("inf"), 1e308]),
    st.floats(),
    _TEXTS,
)
_NAMES = [
    "id",
    "object",
    "type",
    "created",
    "livemode",
    "account",
    "context",
    "data",
    "request",
    "related_object",
    "customer",
    "url",
    "previous_attributes",
    "user_id",
    "public_user_data",
    "payer",
    "organization",
    "organization_id",
    "api_version",
    "timestamp",
    "updated_at",
    "created_at",
    "snapshot_event",
    "reason",
]
_KEYS = st.one_of(
    st.sampled_from(
        [
            "id",
            "object",
            "type",
            "created",
            "livemode",
            "account",
            "context",
            "data",
            "request",
            "related_object",
            "customer",
            "previous_attributes",
            "user_id",
            "public_user_data",
            "payer",
            "organization",
            "organization_id",
            "timestamp",
            "updated_at",
            "created_at",
            "snapshot_event",
            "reason",
            "url",
            "api_version",
        ]
    ),
    st.text(max_size=5),
)
json_values = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=15,
)


def json_objects() -> st.SearchStrategy[dict[str, Any]]:  # Any: JSON
    return st.dictionaries(_KEYS, json_values, max_size=8)


@st.composite
def overwritten(draw: st.DrawFn, template: dict[str, Any]) -> dict[str, Any]:
    """`template` with up to three of its values, at any depth, replaced by any JSON or removed."""
    event = copy.deepcopy(template)
    for _ in range(draw(st.integers(1, 3))):
        place, name = draw(st.sampled_from(list(_places(event)) or [(event, "id")]))
        if draw(st.booleans()):
            place[name] = draw(json_values)
        else:
            place.pop(name, None)
    return event


def _places(node: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    places = [(node, name) for name in node]
    for value in node.values():
        if isinstance(value, dict):
            places += _places(value)
    return places
