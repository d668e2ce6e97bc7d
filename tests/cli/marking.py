"""Bodies with a marker in every field for text: from recorded webhooks, models of events and JSON schemas."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from events.domain import OWN_EVENTS, DomainEvent
from events.domain.user import PrivacyErased

Json = dict[str, Any]  # Any: JSON values

MARKER = "zqxmarker"
EMAIL = f"{MARKER}@example.com"
NAME = f"Ada {MARKER}"

# Ids, enumerations, currencies, countries and instants: texts that no person writes.
MEANING = re.compile(r"[a-z0-9_.]+|[a-z]+_\w+|[A-Z]{2}|\d{4}-\d\d-\d\d\S*")
OF_A_PERSON = frozenset({"user", "campaign", "job", "list"})
UUID = "00000000-0000-4000-8000-000000000001"
INSTANT = "2026-02-01T00:00:00Z"
# Names of ids, which stay after an erasure (docs/audit.md says why): the marker must not be one.
IDS = {"plan_key": "glow_up", "intended_plan": "glow_up", "customer_id": "cus_second", "metric": "creators"}
IDS |= {"idempotency_key": "key", "stripe_customer_id": "cus_second"}
# Optional, and refused beside another field or in a request of now.
OMITTED = frozenset({"until", "version", "timeout_at"})


def marked(value: Any) -> Any:
    """A provider's body with the marker in each text but those with a meaning, and in each metadata."""
    if isinstance(value, dict):
        fields = {name: field if name in IDS else marked(field) for name, field in value.items()}
        return {
            name: field | {"note": MARKER} if name.endswith("metadata") and isinstance(field, dict) else field
            for name, field in fields.items()
        }
    if isinstance(value, list):
        return [marked(item) for item in value]
    if not isinstance(value, str) or MEANING.fullmatch(value):
        return value
    return EMAIL if "@" in value else f"{MARKER} {value}"


def own_facts() -> list[DomainEvent]:
    """One of each event of ours that can be about a person; an erasure's own is the one that stays."""
    models = [model for model in OWN_EVENTS.values() if model.aggregate_type in OF_A_PERSON]
    return [
        model.model_validate(filled(schema, schema.get("$defs", {}), IDS))
        for model in models
        if model is not PrivacyErased and (schema := model.model_json_schema())
    ]


def orders(document: Json, values: Mapping[str, str]) -> Iterator[tuple[str, str, Json]]:
    """(method, path, body) of each operation of the document that has a body, and of each of its actions."""
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "requestBody" not in operation or not path.startswith("/api/"):
                continue
            schema = next(iter(operation["requestBody"]["content"].values()))["schema"]
            body = filled(schema, schemas, {**IDS, **values})
            actions = _resolved(schema, schemas)["properties"].get("action", {}).get("enum", [None])
            for action in actions:
                # The end of a trial has no length.
                least = {name: body[name] for name in _resolved(schema, schemas).get("required", ())}
                whole = least if action == "end" else body
                yield method, path, whole if action is None else whole | {"action": action}


def filled(schema: Json, schemas: Mapping[str, Json], values: Mapping[str, str]) -> Any:
    """An instance of the schema with the marker in each text; `values` are those of named fields."""
    schema = _resolved(schema, schemas)
    for several in ("anyOf", "oneOf"):
        if several in schema and "properties" not in schema:
            return filled(
                next(option for option in schema[several] if option.get("type") != "null"), schemas, values
            )
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    if "properties" in schema:
        return {
            name: values[name] if name in values else filled(field, schemas, values)
            for name, field in schema["properties"].items()
            if name not in OMITTED or name in schema.get("required", ())
        }
    return _leaf(schema, schemas, values)


def _leaf(schema: Json, schemas: Mapping[str, Json], values: Mapping[str, str]) -> Any:
    kind = schema.get("type")
    if kind == "array":
        return [filled(schema.get("items", {}), schemas, values)]
    if kind == "string":
        return {"uuid": UUID, "date-time": INSTANT}.get(schema.get("format", ""), MARKER)
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return True if kind == "boolean" else {"note": MARKER}


def _resolved(schema: Json, schemas: Mapping[str, Json]) -> Json:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    return schema
