"""Following the log over HTTP: nothing skipped, resumable, bounded."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import stream
from api.deps import Pool
from api.stream import HEARTBEAT_S, LONGEST_S, MAX_CLIENTS, Following, StreamQuestion
from events.append import append
from events.envelope import NewEvent
from events.statements import AnyConnection
from handlers.tokens import list_tokens, revoke_token
from queries import rows
from queries.errors import BadCursor
from queries.log_tail import START, heads, read_vector_cursor, vector_cursor
from tests.api.conftest import Caller, Wall

pytestmark = pytest.mark.usefixtures("live_events_only")

AT = datetime(2026, 3, 3, tzinfo=UTC)


def tell(
    conn: AnyConnection, number: int, *, kind: str = "stripe.invoice.paid", livemode: bool = True
) -> str:
    """One event of one of several customers, pretty-printed as Stripe does."""
    event = NewEvent(
        source_system="stripe",
        idempotency_key=f"evt_{number}",
        route_key=f"cus_{number % 7}",
        aggregate_type="stripe_customer",
        aggregate_id=f"cus_{number % 7}",
        event_type=kind,
        payload=json.dumps({"number": number}, indent=2),
        occurred_at=AT,
        livemode=livemode,
    )
    append(conn, event)
    conn.commit()
    return event.idempotency_key


class Tick:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def following(pool: Pool, vector: tuple[int, ...] = START, **filters: str) -> Iterator[bytes]:
    tick = Tick()
    question = StreamQuestion.model_validate(filters)
    return Following(pool, vector, question, tick=tick, sleep=tick.sleep).messages()


def read(pieces: bytes) -> list[dict[str, Any]]:
    """Messages as a client reads them: id, event, data."""
    messages = []
    for block in pieces.decode().split("\n\n"):
        fields: dict[str, Any] = {}
        for line in block.splitlines():
            name, _, value = line.partition(": ")
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and name in fields else value
        if "data" in fields:
            messages.append(fields | {"data": json.loads(fields["data"])})
    return messages


def keys(pieces: bytes) -> list[str]:
    return [message["data"]["idempotency_key"] for message in read(pieces)]


def test_everything_after_a_vector_comes_once(conn: AnyConnection, service_pool: Pool) -> None:
    sent = [tell(conn, number) for number in range(30)]

    pieces = b"".join(islice(following(service_pool), 2))

    assert sorted(keys(pieces)) == sorted(sent)


def test_any_message_is_a_place_to_go_on(conn: AnyConnection, service_pool: Pool) -> None:
    sent = [tell(conn, number) for number in range(20)]
    messages = read(b"".join(islice(following(service_pool), 2)))

    for cut in (0, 7, 19):
        place = read_vector_cursor(messages[cut]["id"])
        rest = keys(b"".join(islice(following(service_pool, place), 2)))
        assert [m["data"]["idempotency_key"] for m in messages[: cut + 1]] + rest == keys_of(messages)
    assert sorted(keys_of(messages)) == sorted(sent)


def keys_of(messages: list[dict[str, Any]]) -> list[str]:
    return [message["data"]["idempotency_key"] for message in messages]


def test_what_does_not_match_moves_the_place_all_the_same(conn: AnyConnection, service_pool: Pool) -> None:
    for number in range(9):
        tell(conn, number, kind="clerk.user.created")
    matching = tell(conn, 10)

    pieces = list(islice(following(service_pool, type="stripe.invoice.*"), 3))

    assert keys(b"".join(pieces)) == [matching]
    last = pieces[-1].decode().partition("id: ")[2].strip()
    assert read_vector_cursor(last) == heads(conn)


def test_test_mode_is_not_followed_in_production(conn: AnyConnection, service_pool: Pool) -> None:
    tell(conn, 1, livemode=False)
    live = tell(conn, 2)

    assert keys(b"".join(islice(following(service_pool), 2))) == [live]


def test_bodies_only_for_who_asks(conn: AnyConnection, service_pool: Pool) -> None:
    tell(conn, 5)

    without = read(b"".join(islice(following(service_pool), 2)))
    bodies = read(b"".join(islice(following(service_pool, include="data"), 2)))

    assert "event_data" not in without[0]["data"]
    assert bodies[0]["data"]["event_data"] == {"number": 5}


def test_silence_beats_and_ends_in_time(service_pool: Pool) -> None:
    pieces = list(following(service_pool))

    assert len(pieces) == pytest.approx(LONGEST_S / HEARTBEAT_S, abs=2)
    assert all(b"\nid: " in piece for piece in pieces)


def test_over_http_with_last_event_id(conn: AnyConnection, service: Caller) -> None:
    tell(conn, 1)
    place = vector_cursor(heads(conn))
    live = tell(conn, 2)

    answer = service.get("/api/events/stream", headers={"Last-Event-ID": place})
    pieces = b"".join(islice(cast("Iterator[bytes]", answer.response), 2))
    answer.close()

    assert answer.mimetype == "text/event-stream"
    assert keys(pieces) == [live]


def test_one_client_too_many_is_told_to_wait(auditor: Caller) -> None:
    responses = [auditor.get("/api/events/stream") for _ in range(MAX_CLIENTS)]

    refused = auditor.get("/api/events/stream")
    for answer in responses:
        answer.close()
    again = auditor.get("/api/events/stream")
    again.close()

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(stream.RETRY_AFTER_S))
    assert again.status_code == 200


@pytest.mark.parametrize("place", ["x", "AAAA", "dgAA", vector_cursor(START) + "AAAA"])
def test_a_place_that_is_none_is_refused(auditor: Caller, anyone: Caller, place: str) -> None:
    answer = auditor.get(f"/api/events/stream?after={place}")

    assert answer.status_code == 400
    assert anyone.get("/api/events/stream").status_code == 401


@given(st.lists(st.integers(0, 2**62), min_size=64, max_size=64))
def test_a_vector_is_its_cursor(vector: list[int]) -> None:
    assert read_vector_cursor(vector_cursor(vector)) == tuple(vector)


@given(st.text(alphabet="ABCdefghv019_-", max_size=90))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(BadCursor):
        assert len(read_vector_cursor(text)) == 64


def test_a_place_ahead_of_the_log_is_told_and_not_waited_for(auditor: Caller) -> None:
    """As after a backup was restored: silence would look like nothing happened."""
    answer = auditor.get(f"/api/events/stream?after={vector_cursor([5] * 64)}")

    assert answer.status_code == 409
    assert answer.json["type"].endswith("ahead-of-the-log")


def test_bodies_need_the_role_that_reads_them_elsewhere(service: Caller, auditor: Caller) -> None:
    refused = service.get("/api/events/stream?include=data")
    allowed = auditor.get("/api/events/stream?include=data")
    allowed.close()

    assert (refused.status_code, allowed.status_code) == (403, 200)


def test_a_revoked_token_ends_its_open_stream(
    conn: AnyConnection, auditor: Caller, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = auditor.get("/api/events/stream?include=data")
    messages = cast("Iterator[bytes]", answer.response)
    next(messages)

    [token] = [token for token in list_tokens(conn) if token.role == "auditor"]
    revoke_token(conn, token.id, now=wall())
    conn.commit()
    tell(conn, 1)

    assert list(messages) == []


def test_large_bodies_come_in_pages_and_all_of_them(
    conn: AnyConnection, service_pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MAX_PAGE_BYTES", 40)
    appended = [tell(conn, number) for number in range(30)]

    pieces = list(islice(following(service_pool, include="data"), 20))

    assert sorted(keys(b"".join(pieces))) == sorted(appended)
    assert max(len(read(piece)) for piece in pieces) == 3
