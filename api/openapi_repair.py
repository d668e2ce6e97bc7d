"""Repair spectree's document where it omits something or differs from this API's behaviour."""

import re
from typing import Any

from flask import Flask

from api.problems import MEDIA_TYPE
from api.routing import KEY_SCHEMA
from api.webhook_docs import webhook_paths

Json = dict[str, Any]  # Any: JSON

PROBLEM = {
    "title": "Problem",
    "description": "RFC 9457. Members beyond these depend on the type.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}

# Error responses of every guarded view.
_ALWAYS = {
    "400": "The request is invalid; the detail says why.",
    "401": "No token, or an invalid one.",
    "403": "The token's role may not do this.",
    "414": "The query is longer than 4 KiB.",
    "429": "Too many failures, or too much at once; see Retry-After.",
    "503": "The database is down; try again.",
}


def repaired(document: Json, app: Flask) -> Json:
    """The document with problems as error responses, required roles, and no nullable query parameters."""
    schemas = document["components"]["schemas"]
    schemas["Problem"] = PROBLEM
    schemas.pop("ValidationError", None)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation["parameters"]:
                _repair_parameter(parameter)
            operation["operationId"] = endpoint = _endpoint(app, path, method)
            _repair_answers(operation, getattr(app.view_functions[endpoint], "roles", None))
    document["paths"] |= webhook_paths(app, _PROBLEM_REF)
    return document


def _repair_parameter(parameter: Json) -> None:
    """A missing parameter is absent, not null; spectree does not know the path converter."""
    schema = parameter["schema"] or dict(KEY_SCHEMA)
    choices = [choice for choice in schema.pop("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        schema |= choices[0]
    if schema.get("default", ...) is None:
        del schema["default"]
    schema.pop("title", None)
    parameter["schema"] = schema
    if not parameter["description"]:
        del parameter["description"]


def _repair_answers(operation: Json, roles: tuple[str, ...] | None) -> None:
    answers = operation["responses"]
    if roles is None:
        operation["security"] = []
    else:
        audience = " or ".join(roles) or "operator"
        operation["description"] = f"{operation['description']}\n\nFor: {audience}.".strip()
        for code, description in _ALWAYS.items():
            answers.setdefault(code, {"description": description})["description"] = description
        if "requestBody" in operation:
            answers.setdefault("413", {"description": "The body is longer than this address accepts."})
    for code, response in answers.items():
        if code >= "400":
            response["content"] = {MEDIA_TYPE: {"schema": _PROBLEM_REF}}


def _endpoint(app: Flask, path: str, method: str) -> str:
    for rule in app.url_map.iter_rules():
        shown = _VARIABLE.sub(r"{\1}", rule.rule)
        if shown == path and method.upper() in (rule.methods or ()):
            return str(rule.endpoint)
    raise LookupError(f"no view at {method} {path}")


_VARIABLE = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
