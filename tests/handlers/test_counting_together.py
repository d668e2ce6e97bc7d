"""Usage counted in shared transactions: the answers are those of one transaction each."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier, Event, Thread
from typing import Any

import psycopg
import pytest

from database.pool import Connection, Pool, connect, open_pool
from events.append import append
from events.routing import part_of
from handlers.decision import CommandRule, Decided, decide_many
from handlers.errors import IdempotencyConflict, LimitExceeded, UserUnknown
from handlers.usage import Counted, MeteredUsage, UsageCommand, UsageCounter
from handlers.usage import command_rule as ruled_one
from projections.projector import Projector
from projections.runner import Runner
from tests.handlers.users import NOW, joined, project, row, sold, tell
from tests.projections.event_builders import clerk, user

CLIENTS = 24
PEOPLE = [f"user_{number}" for number in range(12)]
TABLES = ("users", "user_subscriptions", "user_billing", "user_usage", "user_system_data")


@pytest.fixture(autouse=True)
def people(conn: Connection) -> None:
    tell(conn, *sold(creators=10), *joined(*PEOPLE))


@pytest.fixture
def wide(conninfo: str) -> Iterator[Pool]:
    """A connection for each client, so that they meet at the counter and not before it."""
    with open_pool(conninfo, application_name="counting", max_size=CLIENTS) as opened:
        yield opened


def usage_command(user_id: str, key: str, quantity: int = 1) -> UsageCommand:
    usage = MeteredUsage(metric="creators", quantity=quantity)
    return UsageCommand(user_id=user_id, usage=usage, key=key, now=NOW, actor="test")


def command_rule(*commands: UsageCommand) -> list[CommandRule]:
    return [ruled_one(command) for command in commands]


def answered(counter: UsageCounter, command: UsageCommand) -> str:
    try:
        counted = counter.record(command)
    except LimitExceeded as refused:
        return f"refused at {refused.used}"
    return "repeated" if counted.repeated else "counted"


def at_once(counter: UsageCounter, commands: Sequence[UsageCommand]) -> list[str]:
    """The answers to all of them, from clients that begin together."""
    gate = Barrier(CLIENTS)

    def client(number: int) -> list[str]:
        gate.wait()
        return [answered(counter, command) for command in commands[number::CLIENTS]]

    with ThreadPoolExecutor(CLIENTS) as threads:
        return [answer for answers in threads.map(client, range(CLIENTS)) for answer in answers]


def tables(conn: Connection) -> dict[str, list[Any]]:
    return {
        table: conn.execute(f"SELECT t::text FROM {table} t ORDER BY 1".encode()).fetchall()
        for table in TABLES
    }


def refolded(conn: Connection) -> dict[str, list[Any]]:
    """The tables after every history was folded again from its first event."""
    Projector().retry(conn, PEOPLE)
    conn.commit()
    return tables(conn)


def test_one_transaction_answers_each_as_its_own_would(conn: Connection) -> None:
    tell(conn, clerk("user.updated", user(PEOPLE[5]) | {"email_addresses": 7}, at=60))
    decide_many(conn, command_rule(usage_command(PEOPLE[2], "before", 4)))
    conn.commit()

    counted, beyond, again, other, stranger = decide_many(
        conn,
        command_rule(
            usage_command(PEOPLE[0], "k", 10),
            usage_command(PEOPLE[1], "k", 11),
            usage_command(PEOPLE[2], "before", 4),
            usage_command(PEOPLE[3], "k"),
            usage_command("user_nobody_knows", "k"),
        ),
    )
    conn.commit()

    assert isinstance(counted, Decided)
    assert (counted.answer["remaining"]["creators"], counted.repeated) == (0, False)
    assert isinstance(beyond, LimitExceeded)
    assert isinstance(again, Decided)
    assert (again.answer["used"]["creators"], again.repeated) == (4, True)
    assert isinstance(other, Decided)
    assert stranger is None
    assert [row(conn, user_id)["usage_creators_current_month"] for user_id in PEOPLE[:4]] == [10, 0, 4, 1]
    assert tables(conn) == refolded(conn)


def test_another_body_under_a_key_stops_nobody_else(conn: Connection) -> None:
    decide_many(conn, command_rule(usage_command(PEOPLE[0], "k", 4)))
    conn.commit()

    conflict, fine = decide_many(
        conn, command_rule(usage_command(PEOPLE[0], "k", 5), usage_command(PEOPLE[1], "k", 5))
    )

    assert isinstance(conflict, IdempotencyConflict)
    assert isinstance(fine, Decided)


def test_what_would_have_to_wait_is_left_out(conn: Connection, conninfo: str) -> None:
    """A part that somebody projects, a part with something to project, a user somebody holds."""
    projecting, behind, locked = PEOPLE[0], PEOPLE[1], PEOPLE[2]
    assert len({part_of(user_id) for user_id in PEOPLE[:4]}) == 4
    append(conn, clerk("user.updated", user(behind), at=60))
    conn.commit()
    with closing(connect(conninfo, application_name="somebody")) as somebody:
        somebody.execute(
            "SELECT FROM projection_checkpoints WHERE part = %s FOR UPDATE", [part_of(projecting)]
        )
        somebody.execute("SELECT FROM projection_states WHERE user_id = %s FOR UPDATE", [locked])

        answers = decide_many(conn, command_rule(*[usage_command(user_id, "k") for user_id in PEOPLE[:4]]))

    assert [type(answer) for answer in answers] == [type(None)] * 3 + [Decided]


def test_hundreds_at_the_edges_get_exactly_what_remains(conn: Connection, wide: Pool) -> None:
    counter = UsageCounter(wide.connection)
    commands = [usage_command(user_id, f"k{number}") for number in range(15) for user_id in PEOPLE]
    random.Random(7).shuffle(commands)

    answers = Counter(at_once(counter, commands + commands[:60]))

    assert answers["counted"] == 10 * len(PEOPLE)
    assert answers["counted"] + answers["repeated"] + answers["refused at 10"] == len(commands) + 60
    assert {row(conn, user_id)["usage_creators_current_month"] for user_id in PEOPLE} == {10}
    assert tables(conn) == refolded(conn)


@pytest.mark.timeout(60)
def test_doors_and_projectors_beside_them_change_nothing(conn: Connection, conninfo: str, wide: Pool) -> None:
    stop = Event()

    def opened() -> Connection:
        return connect(conninfo, application_name="projector", autocommit=True)

    def door() -> None:
        with closing(opened()) as client:
            for number in range(300):
                append(client, clerk("user.updated", user(PEOPLE[number % len(PEOPLE)]), at=60 + number))

    threads = [Thread(target=Runner(opened).run, args=(stop,)) for _ in range(2)] + [Thread(target=door)]
    for thread in threads:
        thread.start()
    counter = UsageCounter(wide.connection)
    answers = Counter(
        at_once(counter, [usage_command(user_id, f"k{n}") for n in range(12) for user_id in PEOPLE])
    )
    threads[-1].join()
    stop.set()
    for thread in threads:
        thread.join()
    project(conn)

    assert answers == {"counted": 10 * len(PEOPLE), "refused at 10": 2 * len(PEOPLE)}
    assert tables(conn) == refolded(conn)


def test_a_head_that_somebody_keeps_keeps_only_its_own_part(
    conn: Connection, conninfo: str, wide: Pool
) -> None:
    counter = UsageCounter(wide.connection)
    with (
        ThreadPoolExecutor(CLIENTS) as threads,
        closing(connect(conninfo, application_name="somebody who hangs")) as somebody,
    ):
        somebody.execute("SELECT FROM part_heads WHERE part = %s FOR UPDATE", [part_of(PEOPLE[0])])
        answers = [
            threads.submit(counter.record, usage_command(user_id, f"k{n}"))
            for n in range(3)
            for user_id in PEOPLE
        ]
        others = [
            answer
            for number, answer in enumerate(answers)
            if part_of(PEOPLE[number % len(PEOPLE)]) != part_of(PEOPLE[0])
        ]
        assert len({answer.result(20).event_id for answer in others}) == len(others) > 20
        assert not answers[0].done()
        somebody.rollback()
        assert len({answer.result(20).event_id for answer in answers}) == len(answers)
    assert tables(conn) == refolded(conn)


def test_cut_connections_cost_an_answer_and_no_count(conn: Connection, wide: Pool) -> None:
    """Killed backends, also between COMMIT and its answer: who asks again hears the first answer."""
    counter = UsageCounter(wide.connection)
    stop = Event()

    def cut() -> None:
        for _ in range(30):  # then the pool may recover, which waits longer after each cut it finds
            if stop.wait(0.02):
                return
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'counting' AND datname = current_database()"
                " ORDER BY random() LIMIT 1"
            )
            conn.commit()

    def until_answered(command: UsageCommand) -> Counted:
        for _ in range(50):
            try:
                return counter.record(command)
            except psycopg.OperationalError:
                continue
        raise AssertionError("never answered")

    cutter = Thread(target=cut)
    cutter.start()
    commands = [usage_command(user_id, f"k{number}") for number in range(10) for user_id in PEOPLE]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(until_answered, commands))
    stop.set()
    cutter.join()

    assert len({answer.event_id for answer in answers}) == len(commands)
    assert {row(conn, user_id)["usage_creators_current_month"] for user_id in PEOPLE} == {10}
    assert tables(conn) == refolded(conn)


def test_a_stranger_is_refused_as_ever(wide: Pool) -> None:
    with pytest.raises(UserUnknown):
        UsageCounter(wide.connection).record(usage_command("user_nobody_knows", "k"))
