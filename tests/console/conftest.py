"""The console over a shop that lived for months, and over an empty log; people with tokens."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg import Connection
from psycopg_pool import ConnectionPool
from werkzeug.test import TestResponse

from api.app import create_app
from api.throttle import Throttle
from console import create_console
from database.pool import connect, open_pool
from handlers.tokens import Role, create_token
from outbound.email import Outbox, email_job
from tests.console.world import fill, keys_of
from tests.databases import Database, Recycler, Server

SECRET = "a secret of at least thirty-two characters"


class Wall:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture(scope="session")
def shop_template(server: Server, template: str) -> Iterator[Database]:
    """A database that holds the whole shop; made once, cloned by each test."""
    database = server.database(template)
    fill(database.conninfo)
    yield database
    database.drop()


@pytest.fixture(scope="session")
def shops(server: Server, shop_template: Database) -> Iterator[Recycler]:
    """Copies of the shop."""
    pool = Recycler(server, shop_template.name)
    yield pool
    pool.drop()


@pytest.fixture
def shop(shops: Recycler) -> Iterator[str]:
    """How to connect to this test's own shop."""
    with shops.database() as lent:
        yield lent.conninfo


def as_service(conn: Connection[Any]) -> None:
    """The rights the service has."""
    conn.execute("SET ROLE tenure_app")
    conn.commit()


def make_app(pool: ConnectionPool[Connection[Any]], conninfo: str, wall: Callable[[], datetime]) -> Flask:
    """API and console in one app, as they are served."""
    email = email_job(Outbox(Path("nowhere")))
    app = create_app(
        pool=pool,
        clock=wall,
        connect=lambda: connect(conninfo, application_name="export"),
    )
    app.register_blueprint(
        create_console(
            pool=pool,
            clock=wall,
            secret_key=SECRET,
            throttle=Throttle(),
            verifiers=lambda origin: [key.verifier for key in keys_of(origin)],
            job_types=lambda: {email.name: email},
        )
    )
    return app


@pytest.fixture
def shop_app(shop: str, wall: Wall) -> Iterator[Flask]:
    with open_pool(shop, application_name="console", max_size=4, configure=as_service) as pool:
        yield make_app(pool, shop, wall)


@pytest.fixture
def empty_app(conninfo: str, wall: Wall) -> Iterator[Flask]:
    with open_pool(conninfo, application_name="console", max_size=4, configure=as_service) as pool:
        yield make_app(pool, conninfo, wall)


class Person:
    """Somebody at a browser without JavaScript."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> TestResponse:  # Any: as werkzeug's client
        return self.client.get(f"/console{path}", **options)

    def send(self, path: str, form_on: str, **fields: str) -> TestResponse:
        """Fill in a form of the page `form_on` and send it."""
        token = csrf_token(self.get(form_on).text)
        return self.client.post(f"/console{path}", data={"csrf_token": token, **fields})

    def sign_in(self, token: str, **fields: str) -> TestResponse:
        return self.send("/sign-in", "/sign-in", token=token, **fields)


def csrf_token(page: str) -> str:
    """The token of the first form on a page."""
    match = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert match is not None, page
    return match[1]


def make_token(conninfo: str, role: Role, name: str = "") -> str:
    """A token's text."""
    with connect(conninfo, application_name="test") as conn:
        text, _ = create_token(
            conn, role, name=name or f"the {role}", now=datetime.now(UTC) - timedelta(days=1)
        )
        conn.commit()
    return text


@pytest.fixture(scope="session")
def reader(server: Server, shop_template: Database) -> Iterator[Person]:
    """An auditor at a shop that all tests share: for those that only ask."""
    database = server.database(shop_template.name)
    with open_pool(database.conninfo, application_name="console", max_size=4, configure=as_service) as pool:
        person = Person(make_app(pool, database.conninfo, Wall()).test_client())
        assert person.sign_in(make_token(database.conninfo, "auditor")).status_code == 303
        yield person
    database.drop()


Visitor = Callable[[Role], Person]


@pytest.fixture
def visitor(shop_app: Flask, shop: str) -> Visitor:
    """`visitor("auditor")`: somebody signed in at the console of the shop."""

    def person_in(role: Role) -> Person:
        person = Person(shop_app.test_client())
        assert person.sign_in(make_token(shop, role)).status_code == 303
        return person

    return person_in


@pytest.fixture
def auditor(visitor: Visitor) -> Person:
    return visitor("auditor")


@pytest.fixture
def operator(visitor: Visitor) -> Person:
    return visitor("operator")
