"""A cursor comes back from outside: whatever its bytes are, the answer is a page or a problem with a 4xx."""

import struct
from base64 import urlsafe_b64encode
from itertools import product
from typing import Any

import pytest
from flask import Flask
from psycopg import Connection

from tests.api.conftest import Caller
from tests.api.test_hostile import filters, some_rows
from tests.api.test_platform import created_id, post
from tests.handlers.users import joined, sold, tell

__all__ = ["some_rows"]  # a fixture

USER = "user_ada"
EXTREMES = (-(2**63), -62_135_596_800_000_000, 0, 253_402_300_799_999_999, 2**63 - 1)
KINDS = [bytes([kind]) for kind in b"roujlci\x00"]


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def cursors() -> list[str]:
    """Each layout with each kind and extreme numbers, and texts that are no cursor."""
    raws = [
        *(struct.pack(">cqBq", *key, 2**63 - 1) for key in product(KINDS, EXTREMES, (0, 63, 255))),
        *(struct.pack(">cq16s", *key, b"\xff" * 16) for key in product(KINDS, EXTREMES)),
        *(kind + b"\xff" * 16 for kind in KINDS),
        *(b"v" + position * 64 for position in (b"\x01", b"\xff" * 8 + b"\x3f", b"\xff" * 9)),
    ]
    return [*map(text, raws), "", "-", "=", "\x00", "é", "evt_1", "9" * 40, "0" * 900]


def pages(app: Flask, operator: Caller, conn: Connection[Any]) -> list[tuple[str, dict[str, str]]]:
    """(path, query) of each listing that takes a cursor, with what it needs to answer 200 without one."""
    tell(conn, *sold(campaigns=2, creators=5), *joined(USER))
    ids = {
        "lists": created_id(post(operator, "lists", USER, name="Tea")),
        "jobs": created_id(post(operator, "jobs", USER)),
    }
    parameters: dict[str, set[str]] = {}
    for path, name in filters(app):
        for kind, key in ids.items():
            path = path.replace(f"/{kind}/user_1", f"/{kind}/{key}")
        parameters.setdefault(path, set()).add(name)
    listings = [
        (path, names) for path, names in parameters.items() if "after" in names and "export" not in path
    ]
    queries = [(path, {"user_id": USER} if "user_id" in names else {}) for path, names in listings]
    return [*queries, ("/api/events", {"occurred_after": "2020-01-01"})]


@pytest.mark.parametrize("parameter", ["after", "before"])
def test_a_tampered_cursor_is_never_an_internal_error(
    app: Flask, operator: Caller, conn: Connection[Any], parameter: str
) -> None:
    listings = pages(app, operator, conn)

    assert {operator.get(path, query_string=query).status_code for path, query in listings} <= {200, 404}
    for (path, query), cursor in product(listings, cursors()):
        answer = operator.get(path, query_string=query | {parameter: cursor})
        assert answer.status_code < 500, (path, cursor, answer.text)


def test_a_tampered_place_in_the_stream_is_never_an_internal_error(operator: Caller) -> None:
    for cursor in filter(str.isprintable, cursors()):
        headers = {"Last-Event-ID": cursor.encode().decode("latin-1")}
        answer = operator.get("/api/events/stream", headers=headers)
        assert answer.status_code < 500, (cursor, answer.status_code)
        answer.close()
