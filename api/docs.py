"""/openapi.json and /docs: the description of this API, as JSON and as HTML without scripts."""

from dataclasses import dataclass
from typing import Any, cast

from flask import Blueprint, Response, current_app, render_template
from markupsafe import Markup, escape

from api.openapi import document
from api.responses import answer

docs = Blueprint(
    "docs", __name__, template_folder="templates", static_folder="static", static_url_path="/docs"
)

POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_KEY = "tenure.openapi"


@docs.get("/openapi.json")
def openapi() -> Response:
    """OpenAPI 3.1 of this app."""
    return answer(_document())


@docs.get("/docs")
def page() -> Response:
    """The same as an HTML page."""
    described = _document()
    page = render_template(
        "api_docs.html",
        document=described,
        groups=_groups(described),
        shape=_shape,
        linked=_linked,
        prose=_prose,
    )
    response = Response(page)
    response.headers["Content-Security-Policy"] = POLICY
    return response


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag: path, method and description of each."""

    name: str
    operations: list[tuple[str, str, dict[str, Any]]]  # Any: JSON


def _groups(described: dict[str, Any]) -> list[Group]:  # Any: JSON
    """One group per tag, the webhook endpoints first."""
    by_tag: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in sorted(described["paths"].items()):
        for method, operation in methods.items():
            by_tag.setdefault((operation.get("tags") or ["other"])[0], []).append((path, method, operation))
    names = sorted(by_tag, key=lambda name: (name != "webhooks", name))
    return [Group(name, by_tag[name]) for name in names]


def _linked(schema: dict[str, Any]) -> Markup:  # Any: JSON schema
    """The schema in a few words, as a link where the page describes it."""
    text = _shape(schema)
    return Markup('<a href="#schema-{0}">{0}</a>').format(text) if "$ref" in schema else escape(text)


def _prose(text: str) -> Markup:
    """Escaped text with its `code` as elements."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # a backtick without its partner
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(pieces)
    )


def _document() -> dict[str, Any]:  # Any: JSON
    """The document, created once per app: the routes are fixed before its first request."""
    extensions = current_app.extensions
    if _KEY not in extensions:
        extensions[_KEY] = document(current_app)
    return cast("dict[str, Any]", extensions[_KEY])


def _shape(schema: dict[str, Any]) -> str:  # Any: JSON schema
    """A schema in a few words: `string`, `Profile`, `array of Event`, `string or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_shape(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(option) for option in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"array of {_shape(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")
