"""An API over a real database, and callers with tokens."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg import Connection
from psycopg_pool import ConnectionPool
from werkzeug.test import TestResponse

from api.app import create_app
from database.pool import connect, open_pool
from handlers.tokens import Role, create_token

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@dataclass
class Wall:
    """A clock that stands still until it is moved."""

    at: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@pytest.fixture
def wall() -> Wall:
    return Wall()


def as_service(conn: Connection[Any]) -> None:
    """The rights the service has."""
    conn.execute("SET ROLE tenure_app")
    conn.commit()


@pytest.fixture
def service_pool(conninfo: str) -> Iterator[ConnectionPool[Connection[Any]]]:
    """A pool with the service's rights, as in production."""
    with open_pool(conninfo, application_name="api", max_size=4, configure=as_service) as opened:
        yield opened


@pytest.fixture
def own_connection(conninfo: str) -> Callable[[], AbstractContextManager[Connection[Any]]]:
    """Connections of their own, with the service's rights."""

    def opened() -> AbstractContextManager[Connection[Any]]:
        conn = connect(conninfo, application_name="export")
        as_service(conn)
        return closing(conn)

    return opened


@pytest.fixture
def app(
    service_pool: ConnectionPool[Connection[Any]],
    own_connection: Callable[[], AbstractContextManager[Connection[Any]]],
    wall: Wall,
) -> Flask:
    return create_app(pool=service_pool, clock=wall, connect=own_connection)


class Answer(TestResponse):
    """An answer whose JSON tests may look into."""

    @property
    def json(self) -> Any:  # Any: JSON
        return self.get_json()


class Caller:
    """Somebody who asks, with a token or without."""

    def __init__(self, client: FlaskClient, token: str | None) -> None:
        self.client = client
        self.token = token

    def get(self, path: str, **options: Any) -> Answer:  # Any: as werkzeug's EnvironBuilder
        return self.ask("GET", path, **options)

    def patch(self, path: str, body: object, **options: Any) -> Answer:  # Any: as above
        return self.ask("PATCH", path, json=body, **options)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Answer:  # Any: as above
        own = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        sent = {**own, **(headers or {})}
        return cast("Answer", self.client.open(path, method=method, headers=sent, **options))


@pytest.fixture
def anyone(app: Flask) -> Caller:
    """A caller without a token."""
    return Caller(_client(app), None)


def _client(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.response_wrapper = Answer
    return client


@pytest.fixture
def caller(conn: Connection[Any], app: Flask) -> Callable[[Role], Caller]:
    """`caller("auditor")`: somebody with a token of that role."""

    def caller_in(role: Role) -> Caller:
        text, _ = create_token(conn, role, name=f"the {role}", now=NOW - timedelta(days=1))
        conn.commit()
        return Caller(_client(app), text)

    return caller_in


@pytest.fixture
def service(caller: Callable[[Role], Caller]) -> Caller:
    return caller("service")


@pytest.fixture
def auditor(caller: Callable[[Role], Caller]) -> Caller:
    return caller("auditor")


@pytest.fixture
def operator(caller: Callable[[Role], Caller]) -> Caller:
    return caller("operator")


def access_log(conn: Connection[Any]) -> list[tuple[Any, ...]]:
    """(reader, role, subject, fields, reason) of each noted read."""
    return conn.execute(
        "SELECT reader, role, subject_id, fields, reason FROM access_log ORDER BY read_at, subject_id"
    ).fetchall()


def nothing_to_connect() -> AbstractContextManager[Connection[Any]]:
    """For apps whose exports nobody asks for."""
    raise NotImplementedError
