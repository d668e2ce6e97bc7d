"""The webhook endpoints in /openapi.json; they answer before this API and its models."""

from typing import Any

from flask import Flask

Json = dict[str, Any]  # Any: JSON

SIGNATURES = {
    "stripe": ("Stripe-Signature", "t=<seconds>,v1=<hex HMAC-SHA256>; several v1 while a secret is rolled."),
    "clerk": ("svix-signature", "v1,<base64 HMAC-SHA256>; with svix-id and svix-timestamp."),
}
ACCEPTED = {
    "type": "object",
    "required": ["status", "event_id"],
    "properties": {
        "status": {"enum": ["appended", "duplicate", "conflict"]},
        "event_id": {"type": "string", "format": "uuid"},
    },
}
ANSWERS = {
    "400": "No valid signature.",
    "413": "The body is longer than 1 MiB.",
    "503": "Not stored: no signing secret is set, or the database is down. Send it again; see Retry-After.",
}


def webhook_paths(app: Flask, problem: Json) -> Json:
    """The endpoints that `app` serves, each with its signature header; errors refer to `problem`."""
    served = {rule.rule for rule in app.url_map.iter_rules()}
    paths = {f"/webhooks/{source}": source for source in SIGNATURES}
    return {path: {"post": _operation(source, problem)} for path, source in paths.items() if path in served}


def _operation(source: str, problem: Json) -> Json:
    header, form = SIGNATURES[source]
    refusals = {
        code: {"description": text, "content": {"application/problem+json": {"schema": problem}}}
        for code, text in ANSWERS.items()
    }
    accepted = {
        "description": "Stored, or stored before. An event that is not understood is stored as well.",
        "content": {"application/json": {"schema": ACCEPTED}},
    }
    return {
        "operationId": f"webhooks.{source}",
        "tags": ["webhooks"],
        "summary": f"Take one signed delivery of {source.capitalize()}.",
        "description": "Authentication: the signature, made with a configured secret.",
        "security": [],
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "schema": {"type": "string"},
                "description": form,
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        "responses": {"200": accepted} | refusals,
    }
