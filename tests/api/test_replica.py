"""Auditors read at a replica: what it has not yet, they do not see, and the answer says how far it is."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from flask import Flask, g
from psycopg import Connection
from pydantic import SecretStr

import api.auth
from api.app import create_app
from api.replica import reading
from database import embedded, migrations
from database.pool import connect, open_pool
from events.append import append
from events.envelope import Appended, NewEvent
from handlers.tokens import Caller as HandlerCaller
from handlers.tokens import Role, create_token
from queries.log_tail import heads, read_vector_cursor
from service.replica import replica_of
from settings import Settings
from tests.api.conftest import NOW, Answer, Caller, Wall, as_service, nothing_to_connect
from tests.installation import as_url
from tests.queries.users import add_user
from tests.replicas import StreamingReplica, streaming_replica


class Pair(NamedTuple):
    primary: embedded.EmbeddedServer
    replica: StreamingReplica


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """A migrated primary and its replica; every test of this module shares them."""
    with ExitStack() as stack:
        data_dir = Path(tempfile.mkdtemp(prefix="tenure-own-"))
        data_dir.chmod(0o711)
        stack.callback(shutil.rmtree, data_dir, ignore_errors=True)
        primary = stack.enter_context(embedded.start(data_dir, throwaway=True))
        migrations.up(primary.conninfo)
        yield Pair(primary, stack.enter_context(streaming_replica(primary)))


@pytest.fixture
def conn(pair: Pair) -> Iterator[Connection[Any]]:
    """The primary, as its owner."""
    with closing(connect(pair.primary.conninfo, application_name="test")) as opened:
        yield opened


@pytest.fixture
def app(pair: Pair) -> Iterator[Flask]:
    settings = Settings(_env_file=None, database_replica_url=SecretStr(as_url(pair.replica.conninfo)))
    replica = replica_of(settings)
    assert replica is not None
    with (
        open_pool(pair.primary.conninfo, application_name="api", configure=as_service) as pool,
        replica.pool,
    ):
        yield create_app(pool=pool, clock=Wall(), connect=nothing_to_connect, replica=replica)


@pytest.fixture
def asks(conn: Connection[Any], app: Flask) -> Callable[[Role], Caller]:
    def caller_in(role: Role) -> Caller:
        text, _ = create_token(conn, role, name=f"the {role}", now=NOW - timedelta(days=1))
        conn.commit()
        client = app.test_client()
        client.response_wrapper = Answer
        return Caller(client, text)

    return caller_in


@pytest.fixture
def behind(pair: Pair, conn: Connection[Any]) -> Iterator[tuple[Appended, Appended]]:
    """(an event the replica has, one it has not: its replay is paused)."""
    replicated = append_event(conn)
    pair.replica.caught_up_with(pair.primary.conninfo)
    pair.replica.pause()
    yield replicated, append_event(conn)
    pair.replica.resume()


def append_event(conn: Connection[Any]) -> Appended:
    with conn.cursor() as cursor:
        number = cursor.execute("SELECT count(*) FROM events").fetchone()
    event = NewEvent(
        source_system="stripe",
        idempotency_key=f"evt_{number}",
        route_key="cus_1",
        aggregate_type="stripe_customer",
        aggregate_id="cus_1",
        event_type="stripe.customer.updated",
        event_version=1,
        payload="{}",
        metadata={},
        occurred_at=NOW,
        livemode=True,
    )
    appended = append(conn, event)
    conn.commit()
    return appended


def noted(conn: Connection[Any]) -> int:
    row = conn.execute("SELECT count(*) FROM access_log").fetchone()
    conn.commit()
    assert row is not None
    return int(row[0])


def test_a_page_says_how_far_the_replica_is(
    behind: tuple[Appended, Appended], conn: Connection[Any], asks: Callable[[Role], Caller]
) -> None:
    replicated, unknown = behind

    answer = asks("auditor").get("/api/events")

    head = read_vector_cursor(answer.headers["Tenure-Head"])
    assert answer.json["items"][0]["id"] == str(replicated.id)
    assert head[replicated.part] == replicated.position == heads(conn)[unknown.part] - 1
    assert answer.json["head"] == list(head)


def test_who_also_writes_reads_at_the_primary(
    behind: tuple[Appended, Appended], asks: Callable[[Role], Caller]
) -> None:
    answer = asks("operator").get("/api/events")

    assert answer.json["items"][0]["id"] == str(behind[1].id)
    assert "Tenure-Head" not in answer.headers
    assert "head" not in answer.json


def test_an_export_and_one_event_say_it_too(
    behind: tuple[Appended, Appended], asks: Callable[[Role], Caller]
) -> None:
    replicated, unknown = behind
    auditor = asks("auditor")

    export = auditor.get("/api/events/export?format=jsonl")
    one = auditor.get(f"/api/events/{replicated.id}")
    missing = auditor.get(f"/api/events/{unknown.id}")

    lines = export.text.strip().splitlines()
    assert len(lines) == sum(read_vector_cursor(export.headers["Tenure-Head"]))
    assert read_vector_cursor(one.headers["Tenure-Head"])[replicated.part] == replicated.position
    assert (missing.status_code, "Tenure-Head" in missing.headers) == (404, True)


def test_the_stream_goes_as_far_as_the_replica(
    behind: tuple[Appended, Appended], asks: Callable[[Role], Caller]
) -> None:
    replicated, unknown = behind
    answer = asks("auditor").get("/api/events/stream?after=start", buffered=False)

    chunk = b"".join(islice(answer.iter_encoded(), 2)).decode()
    answer.close()

    assert str(replicated.id) in chunk
    assert str(unknown.id) not in chunk
    assert read_vector_cursor(answer.headers["Tenure-Head"])[replicated.part] == replicated.position


def test_an_answer_and_its_head_are_of_one_moment(pair: Pair, conn: Connection[Any], app: Flask) -> None:
    append_event(conn)
    pair.replica.caught_up_with(pair.primary.conninfo)
    with app.test_request_context():
        g.caller = HandlerCaller(None, "the auditor", "auditor")
        with reading() as reader:
            append_event(conn)
            pair.replica.caught_up_with(pair.primary.conninfo)
            row = reader.execute("SELECT count(*) FROM events").fetchone()

        assert row == (sum(g.head),)


def test_a_read_at_the_replica_is_noted_at_the_primary(
    pair: Pair, conn: Connection[Any], asks: Callable[[Role], Caller]
) -> None:
    add_user(conn, f"user_{noted(conn)}")
    conn.commit()
    user, before = f"user_{noted(conn)}", noted(conn)
    pair.replica.caught_up_with(pair.primary.conninfo)

    answer = asks("auditor").get(f"/api/users/{user}")

    assert answer.status_code == 200
    assert "Tenure-Head" in answer.headers
    assert noted(conn) == before + 1


def test_nothing_is_answered_that_could_not_be_noted(
    pair: Pair, conn: Connection[Any], asks: Callable[[Role], Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    append_event(conn)
    pair.replica.caught_up_with(pair.primary.conninfo)

    def broken(*_: object, **__: object) -> None:
        raise psycopg.errors.DiskFull("no space left")

    monkeypatch.setattr(api.auth, "note_reads", broken)
    answer = asks("auditor").get("/api/events")

    assert answer.status_code == 503
    assert "items" not in answer.json
    assert answer.json["type"].endswith(":unavailable")  # the primary's trouble, not the replica's


def test_a_replica_that_is_away_is_one_clear_answer(
    pair: Pair, conn: Connection[Any], asks: Callable[[Role], Caller]
) -> None:
    append_event(conn)
    auditor, service = asks("auditor"), asks("service")
    auditor.get("/api/events")
    pair.replica.stop()  # the last test of the module: it does not come back

    answers = [auditor.get(path) for path in ("/api/events", "/api/events/export?format=jsonl")]

    assert [(a.status_code, a.json["type"]) for a in answers] == [
        (503, "urn:tenure:problem:replica-away")
    ] * 2
    assert "DATABASE_REPLICA_URL" in answers[0].json["detail"]
    assert service.get("/api/users").status_code == 200
