"""Deliveries answered in groups are answered as each would be alone, and nobody's trouble is another's."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, cast

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg_pool import ConnectionPool, PoolTimeout
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from database.pool import Connection, Pool, open_pool
from events.routing import part_of
from tests.webhooks.conftest import UntouchablePool
from tests.webhooks.signing import CLERK_SECRET, NOW, STRIPE_SECRET, clerk_headers, received, stripe_headers
from webhooks import Delivery, DeliveryBatch, WebhookEndpoint, clerk_endpoint, stripe_endpoint
from webhooks.batch import Post
from webhooks.responses import WebhookResponse

STRIPE, CLERK = "/webhooks/stripe", "/webhooks/clerk"


class House:
    """Both doors over one pool, asked alone or together."""

    def __init__(self, pool: object, *, clerk: tuple[str, ...] = (CLERK_SECRET,)) -> None:
        self.deliveries: list[Delivery] = []
        typed_pool = cast("Pool", pool)
        self.doors: dict[str, WebhookEndpoint] = {
            STRIPE: stripe_endpoint(typed_pool, (STRIPE_SECRET,), lambda: NOW, observe=self._observe),
            CLERK: clerk_endpoint(typed_pool, clerk, lambda: NOW, observe=self._observe),
        }
        self.together = DeliveryBatch(self.doors.values(), typed_pool)

    def _observe(self, delivery: Delivery, seconds: float) -> None:
        self.deliveries.append(delivery)

    def alone(self, post: Post) -> tuple[int, dict[str, Any]]:
        headers = cast("Any", post.headers)
        built = EnvironBuilder(post.path, method="POST", data=post.body, headers=dict(headers)).get_environ()
        return status_and_body(self.doors[post.path].answer(Request(built), "req"))

    def ask(self, posts: Sequence[Post]) -> list[tuple[int, dict[str, Any]]]:
        """As the server asks: together, and alone what was not answered."""
        answers = self.together.answers(posts)
        self.together.record(posts, answers)
        return [
            self.alone(post) if answered is None else status_and_body(answered.answer)
            for post, answered in zip(posts, answers, strict=True)
        ]


def status_and_body(answer: WebhookResponse) -> tuple[int, dict[str, Any]]:
    body = json.loads(answer.body)
    return answer.status, {name: value for name, value in body.items() if name != "event_id"}


def stripe(body: bytes, **headers: str) -> Post:
    return Post(STRIPE, received({**stripe_headers(body), **headers}), body, time.perf_counter())


def clerk(body: bytes, msg_id: str) -> Post:
    return Post(CLERK, received(clerk_headers(body, msg_id=msg_id)), body, time.perf_counter())


def event(name: str, customer: str = "cus_1", **more: object) -> bytes:
    customer_object = {"object": "customer", "id": customer}
    return json.dumps(
        {
            "id": name,
            "object": "event",
            "type": "customer.updated",
            "data": {"object": customer_object},
            **more,
        }
    ).encode()


BAD_SIGNATURE = stripe(event("evt_x"), **{"Stripe-Signature": "t=1,v1=" + "0" * 64})
NO_EVENT = stripe(b"[1, 2]")
NO_TEXT = stripe(b"\xff\xfe")
TOO_DEEP = stripe(b'{"id": "evt_deep", "a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}")
NUL = stripe(event("evt_nul", note="a\x00b"))
KINDS = [
    *(stripe(event(f"evt_{n}", f"cus_{n % 3}")) for n in range(6)),
    stripe(event("evt_1", "cus_1", changed=True)),
    stripe(event("evt_1", "cus_1", pending_webhooks=3)),
    *(
        clerk(b'{"type": "user.created", "object": "event", "data": {"id": "user_%d"}}' % n, f"msg_{n}")
        for n in range(3)
    ),
    BAD_SIGNATURE,
    NO_EVENT,
    NO_TEXT,
    NUL,
]


@pytest.fixture
def pool(conninfo: str) -> Iterator[Pool]:
    with open_pool(
        conninfo, application_name="together", max_size=2, tested=False, autocommit=True
    ) as opened:
        yield opened


def kept(conn: Connection) -> list[Any]:
    """What the log, the conflicts and the unreadable hold, but for ids, salts and times."""
    rows = conn.execute(
        "SELECT part, position, idempotency_key, event_type, event_data::text FROM events ORDER BY 1, 2"
    ).fetchall()
    rows += conn.execute(
        "SELECT idempotency_key, event_data::text FROM event_conflicts ORDER BY 1, 2"
    ).fetchall()
    rows += conn.execute("SELECT body, reason FROM unreadable_deliveries ORDER BY 1").fetchall()
    conn.rollback()
    return rows


def empty(conn: Connection) -> None:
    """As an owner can who means to: the triggers refuse it else."""
    for table in ("events", "event_conflicts", "unreadable_deliveries"):
        conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
        conn.execute(f"TRUNCATE {table}".encode())
    conn.execute("UPDATE part_heads SET head = 0")
    conn.commit()


@given(st.lists(st.sampled_from(KINDS), max_size=12), st.integers(1, 12))
def test_groups_say_and_keep_what_each_alone_would(
    pool: Pool, conn: Connection, posts: list[Post], size: int
) -> None:
    empty(conn)
    one_by_one = House(pool)
    expected = [one_by_one.alone(post) for post in posts]
    alone = kept(conn)
    empty(conn)
    together = House(pool)

    answers = [answer for at in range(0, len(posts), size) for answer in together.ask(posts[at : at + size])]

    assert answers == expected
    assert sorted(map(str, kept(conn))) == sorted(map(str, alone))
    assert sorted(delivery.outcome for delivery in together.deliveries) == sorted(
        delivery.outcome for delivery in one_by_one.deliveries
    )


def test_a_group_is_one_transaction(pool: Pool, conn: Connection) -> None:
    answers = House(pool).together.answers(KINDS[:6])

    row = conn.execute("SELECT count(*), count(DISTINCT xmin::text) FROM events").fetchone()
    assert row == (6, 1)
    assert None not in answers


@pytest.mark.parametrize("worst", [NO_EVENT, NO_TEXT, TOO_DEEP], ids=["no event", "no text", "too deep"])
def test_a_body_that_is_no_event_takes_nobody_with_it(pool: Pool, conn: Connection, worst: Post) -> None:
    posts = [KINDS[0], worst, KINDS[1]]

    answers = House(pool).ask(posts)

    assert [status for status, _ in answers] == [200, 200, 200]
    assert answers[1][1] == {"status": "appended", "unreadable": True}
    assert answers[0][1] == answers[2][1] == {"status": "appended"}


def test_a_locked_head_delays_only_the_events_of_its_partition(pool: Pool, conninfo: str) -> None:
    house = House(pool)
    others = [
        stripe(event(f"evt_other_{n}", f"cus_{n}"))
        for n in range(20)
        if part_of(f"cus_{n}") != part_of("cus_1")
    ]
    with closing(psycopg.connect(conninfo)) as holder:
        holder.execute("SELECT 1 FROM part_heads WHERE part = %s FOR UPDATE", (part_of("cus_1"),))
        *answers, locked = house.together.answers([*others, stripe(event("evt_locked", "cus_1"))])

    assert locked is None
    assert [answer.answer.status for answer in answers if answer is not None] == [200] * len(others)


def test_deliveries_for_a_locked_partition_are_refused_soon(pool: Pool, conninfo: str) -> None:
    house = House(pool)
    with closing(psycopg.connect(conninfo)) as holder, ThreadPoolExecutor(4) as threads:
        holder.execute("SELECT 1 FROM part_heads WHERE part = %s FOR UPDATE", (part_of("cus_1"),))
        posts = [stripe(event(f"evt_locked_{number}", "cus_1")) for number in range(4)]
        statuses = [status for status, *_ in threads.map(house.alone, posts)]

    assert statuses == [503] * 4


def test_a_delivery_waits_for_a_partition_that_is_locked_briefly(pool: Pool, conninfo: str) -> None:
    house = House(pool)
    with closing(psycopg.connect(conninfo)) as holder, ThreadPoolExecutor(1) as threads:
        holder.execute("SELECT 1 FROM part_heads WHERE part = %s FOR UPDATE", (part_of("cus_1"),))
        waiting = threads.submit(house.alone, stripe(event("evt_brief", "cus_1")))
        holder.rollback()

        assert waiting.result()[0] == 200


def test_all_hear_at_once_that_the_database_is_away() -> None:
    class Away:
        def connection(self, timeout: float) -> object:
            raise PoolTimeout("no connection")

    answers = House(Away()).ask([*KINDS[:3], BAD_SIGNATURE])

    assert [status for status, _ in answers] == [503, 503, 503, 400]


def test_transactions_and_their_deliveries_are_counted(pool: Pool, conninfo: str) -> None:
    house, groups = House(pool), []
    together = DeliveryBatch(
        house.doors.values(), pool, observe=lambda many, kept: groups.append((many, kept))
    )

    together.answers([*KINDS[:3], BAD_SIGNATURE])
    with closing(psycopg.connect(conninfo)) as holder:
        holder.execute("SELECT 1 FROM part_heads FOR UPDATE")
        together.answers(KINDS[3:5])

    assert groups == [(3, True), (0, False)]


def test_refusals_are_answered_at_once_and_without_the_database() -> None:
    house = House(UntouchablePool(), clerk=())

    posts = [BAD_SIGNATURE, KINDS[8]]
    refused, closed = answers = house.together.answers(posts)
    house.together.record(posts, answers)

    assert refused is not None
    assert closed is not None
    assert (refused.answer.status, closed.answer.status) == (400, 503)
    assert [delivery.outcome for delivery in house.deliveries] == ["refused", "closed"]


def test_connections_the_server_cut_meanwhile_cost_no_delivery(
    pool: ConnectionPool[Connection], conn: Connection
) -> None:
    pool.wait()
    conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'together' AND datname = current_database()"
    )
    conn.commit()

    answers = House(pool).ask(KINDS[:3])

    assert [body["status"] for _, body in answers] == ["appended"] * 3
