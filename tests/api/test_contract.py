"""The document against the service: schemathesis sends what fits and what does not."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg_pool import ConnectionPool
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from api.app import create_app
from api.throttle import FORGOTTEN_AFTER
from queries.instants import iso
from tests.api.conftest import Caller, Wall, nothing_to_connect
from tests.queries.users import add_plan, add_user, append_event, link

PASSED = st.datetimes(datetime(1970, 1, 3), datetime(2026, 1, 1), timezones=st.timezones())  # noqa: DTZ001
LONG = 2000  # characters of a request whose query or body may be refused for its size, 414 or 413
schemathesis.openapi.format("date-time", PASSED.map(iso))


def operations() -> Iterator[tuple[str, str, GenerationMode]]:
    """(method, path, what to send) of everything documented; without input nothing can be wrong."""
    idle = ConnectionPool[Connection[Any]]("", open=False)
    app = create_app(pool=idle, clock=Wall(), connect=nothing_to_connect)
    document = app.test_client().get("/openapi.json").get_json()
    for path, operations_of in document["paths"].items():
        for method, operation in operations_of.items():
            yield method, path, GenerationMode.POSITIVE
            if operation["parameters"] or "requestBody" in operation:
                yield method, path, GenerationMode.NEGATIVE


@pytest.fixture(autouse=True)
def some_rows(conn: Connection[Any]) -> None:
    """So that some answers have something in them."""
    add_user(conn, "user_1", users={"email": "a@example.com"})
    link(conn, "cus_1", "user_1")
    add_plan(conn, "glow_up")
    append_event(conn, "evt_1")
    append_event(conn, "msg_1", source_system="clerk", route_key="user_1")
    conn.commit()


@pytest.fixture(autouse=True)
def short_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream ends as soon as it has said where it is."""
    monkeypatch.setattr("api.stream.LONGEST_S", 0.0)


@pytest.mark.parametrize(("method", "path", "mode"), list(operations()))
def test_an_address_does_what_its_document_says(
    app: Flask, wall: Wall, operator: Caller, method: str, path: str, mode: GenerationMode
) -> None:
    operation = schemathesis.openapi.from_wsgi("/openapi.json", app)[path][method]
    token = {"Authorization": f"Bearer {operator.token}"}

    @settings(
        max_examples=30,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def does(case: Any) -> None:  # Any: schemathesis' own case
        wall.move(2 * FORGOTTEN_AFTER)  # it tries wrong tokens, and would soon be told to wait
        case.call_and_validate(headers=token, excluded_checks=_not_meant(case))

    does()


def _not_meant(case: Any) -> list[Any]:  # Any: schemathesis' own
    """A cursor has the documented form and is refused all the same unless a page gave it.

    A long request may be refused for its size, whatever the lengths of its single fields.

    What is wrong with a query may be a parameter that holds nothing (`[]`): it is not on the wire.
    """
    query = case.query or {}
    if len(json.dumps([dict(query), case.body], default=str)) > LONG:
        return [positive_data_acceptance, negative_data_rejection]
    rejections = [positive_data_acceptance] if {"after", "before"} & set(query) else []
    return [*rejections, negative_data_rejection] if any(map(_is_unsent, query.values())) else rejections


def _is_unsent(value: object) -> bool:
    return value in (None, [], {}) or (isinstance(value, list) and all(map(_is_unsent, value)))
