"""Responses as JSON: instants as ISO 8601 with Z, bodies spliced in as they were received."""

import json
from datetime import datetime

import orjson
from flask import Response

from queries.instants import iso


def answer(value: object, *, status: int = 200, mimetype: str = "application/json") -> Response:
    """`value` as one line of JSON."""
    return Response(json_bytes(value) + b"\n", status=status, mimetype=mimetype)


def json_bytes(value: object) -> bytes:
    """JSON in UTF-8. Instants end in Z and show microseconds only where they are not zero."""
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except orjson.JSONEncodeError:
        # A provider's JSON may contain integers of more than 64 bits or a lone surrogate.
        return json.dumps(value, default=_plain).encode()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, orjson.Fragment):
        return json.loads(value.contents)
    return str(value)
