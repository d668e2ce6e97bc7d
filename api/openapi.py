"""Schemas declared on the views: validation and OpenAPI 3.1 from one source."""

from collections.abc import Callable
from copy import copy, deepcopy
from typing import Any, TypeVar

from flask import Flask, Request, current_app, make_response
from pydantic import BaseModel, ValidationError
from spectree import Response, SpecTree
from spectree.models import SecureType, SecurityScheme, SecuritySchemeData
from spectree.plugins.base import Context
from spectree.plugins.flask_plugin import FlaskPlugin

from api.errors import RequestRefused, bad_request
from api.problems import MEDIA_TYPE, Problem
from api.routing import KEY_SCHEMA
from api.webhook_docs import webhook_paths
from events.errors import UnreadablePayload
from events.payload import parse
from events.text import storable_value

F = TypeVar("F", bound=Callable[..., Any])  # Any: views differ
Model = type[BaseModel]

VERSION = "0.1.0"
JSON_TYPES = ("application/json", "application/merge-patch+json")
BEARER = "bearer"
PROBLEM = {"$ref": f"#/components/schemas/{Problem.__name__}"}

# Error responses of every view that requires a role.
_GUARDED = {
    "HTTP_400": (None, "The request is invalid; the detail says why."),
    "HTTP_401": (None, "No token, or an invalid one."),
    "HTTP_403": (None, "The token's role may not do this."),
    "HTTP_414": (None, "The query is longer than 4 KiB."),
    "HTTP_429": (None, "Too many failures, or too much at once; see Retry-After."),
    "HTTP_503": (None, "The database is down; try again."),
}
_WITH_BODY = {"HTTP_413": (None, "The body is longer than this address accepts.")}


class Answers(Response):
    """The responses of a view; every error is a problem."""

    def generate_spec(self, *args: Any) -> dict[str, Any]:  # Any: as spectree has them; JSON
        """The responses by status code."""
        responses = super().generate_spec(*args)
        for code in responses:
            if code >= "400":
                responses[code]["content"] = {MEDIA_TYPE: {"schema": PROBLEM}}
        return responses


class RequestsOnly(FlaskPlugin):
    """Validates requests, leaves responses unchanged, and knows the ids and endpoints of this API.

    Spectree's own plugin reads every response into memory, which would end a stream, and treats a body
    that is not JSON as empty.
    """

    def request_validation(
        self,
        request: Request,
        query: Model | None,
        json: Model | None,
        form: Model | None,
        headers: Model | None,
        cookies: Model | None,
    ) -> None:
        """Keep the validated models on the request. Raises: RequestRefused, ValidationError."""
        request.context = Context(  # type: ignore[attr-defined]  # where spectree looks for them
            query.model_validate(_arguments(request)) if query else None,
            json.model_validate(_json_object(request)) if json else None,
            None,
            None,
            None,
        )

    def validate_response(
        self,
        resp: Any,  # Any: whatever a Flask view may return
        resp_model: Response | None,
        skip_validation: bool,
        force_resp_serialize: bool,
    ) -> tuple[Any, None]:
        """The view's response, unchanged."""
        return make_response(resp), None

    def parse_path(self, *args: Any) -> tuple[str, list[Any]]:  # Any: as spectree has them; JSON
        """The path with its parameters; one of `KeyConverter` has no schema yet."""
        path, parameters = super().parse_path(*args)
        return path, [one | {"schema": one["schema"] or KEY_SCHEMA} for one in parameters]

    def get_func_operation_id(self, func: Callable[..., Any], path: str, method: str) -> str:
        """The view's endpoint."""
        return next(name for name, view in current_app.view_functions.items() if view is func)


def document(app: Flask) -> dict[str, Any]:  # Any: JSON
    """OpenAPI 3.1 of every documented view of `app`, and of its webhook endpoints."""
    once = copy(spec)  # generating moves nested models out of it, and another app has other views
    once.models = deepcopy(spec.models)
    with app.app_context():
        described: dict[str, Any] = once.spec
    described["paths"] |= webhook_paths(app, PROBLEM)
    return described


def documented(
    *,
    query: Model | None = None,
    json: Model | None = None,
    tags: tuple[str, ...],
    public: bool = False,
    **codes: object,
) -> Callable[[F], F]:
    """Validate a view's `query` and `json` arguments and list it in /openapi.json.

    The view takes keyword arguments of those names. `codes`: HTTP_200=Model, HTTP_404=None and so on.
    Unless it is `public` it requires a role, and the errors of `_GUARDED` are added.
    """
    if not public:
        codes |= _GUARDED if json is None else _GUARDED | _WITH_BODY
    return spec.validate(
        query=query,
        json=json,
        resp=Answers(**codes),
        tags=tags,
        security=[] if public else {BEARER: []},
    )


def _refuse(
    _request: object,
    _response: object,
    error: Exception | None,
    _instance: object,
    _adapter: object,
) -> None:
    if isinstance(error, ValidationError):
        problems = [_describe(error.title, detail) for detail in error.errors(include_url=False)]
        raise bad_request("; ".join(problems))


def _describe(model: str, error: Any) -> str:  # Any: pydantic's ErrorDetails, whose ctx is open
    place = ".".join(str(step) for step in error["loc"]) or "request"
    if error["type"] == "extra_forbidden":
        allowed = ", ".join(sorted(spec.models[model]["properties"]))
        return f"{place[:100]}: unknown; allowed: {allowed}"
    return f"{place[:100]}: {error['msg'].removeprefix('Value error, ')}"


def _arguments(request: Request) -> dict[str, Any]:  # Any: text, or a list where a name came twice
    arguments = {name: values[0] if len(values) == 1 else values for name, values in request.args.lists()}
    return dict(storable_value(arguments))


def _json_object(request: Request) -> dict[str, Any]:  # Any: JSON
    if request.mimetype not in JSON_TYPES:
        detail = f"expected Content-Type {JSON_TYPES[0]}, found {request.mimetype[:100] or 'none'}"
        raise RequestRefused(415, "unsupported-media-type", "Unsupported media type", detail)
    try:
        return dict(storable_value(parse(request.get_data())))
    except UnreadablePayload as refused:
        raise bad_request(f"body: {refused}") from None


spec = SpecTree(
    backend=RequestsOnly,
    before=_refuse,
    validation_error_status=400,
    validation_error_model=Problem,
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
    title="Tenure",
    version=VERSION,
    description=(
        "Billing and lifecycle of users: profiles, their event log, and the access log. "
        "Each read of personal data is recorded; the header X-Reason gives the reason. "
        "Instants are UTC in ISO 8601, exact to the microsecond. Errors are RFC 9457 problems."
    ),
    openapi_version="3.1.0",
    mode="strict",
    security_schemes=[
        SecurityScheme(
            name=BEARER,
            data=SecuritySchemeData(
                type=SecureType.HTTP,
                scheme="bearer",
                description="tnr_<role>_<random>; roles: service, auditor, operator (does all).",
            ),
        )
    ],
)
