"""The edge of a limit with real threads and connections: never one too many, never one refused wrongly."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import count
from random import Random
from threading import Barrier, Event, Thread

import pytest
from psycopg import errors

from database.pool import Connection, connect
from events.append import append
from events.domain.user import UsageRecorded
from events.envelope import NewEvent
from events.routing import part_of
from handlers.errors import AlreadySo, DecisionRefused, LimitExceeded
from handlers.links import link_customer, unlink_customer
from handlers.usage import MeteredUsage, UsageCommand, record_usage
from projections.decision_transaction import DecisionTransaction, Snapshot
from projections.errors import PartBusy
from projections.projector import Projector
from projections.runner import Runner
from tests.handlers.orders import order
from tests.handlers.users import NOW, joined, project, row, sold, tell
from tests.projections.event_builders import clerk, own, stripe, subscription, user

ADA = "user_ada"
CLIENTS = 50


def clash(conninfo: str, clients: int, work: Callable[[Connection, int], str]) -> Counter[str]:
    """How often each answer came from so many clients that begin together."""
    gate = Barrier(clients)

    def client(number: int) -> str:
        with closing(connect(conninfo, application_name="clash", statement_timeout_s=60)) as conn:
            gate.wait()
            answer = work(conn, number)
            conn.commit()
            return answer

    with ThreadPoolExecutor(clients) as threads:
        return Counter(threads.map(client, range(clients)))


def take(conn: Connection, quantity: int, key: str) -> str:
    try:
        record_usage(
            conn,
            UsageCommand(
                user_id=ADA,
                usage=MeteredUsage(metric="creators", quantity=quantity),
                key=key,
                now=NOW,
                actor="t",
            ),
        )
    except LimitExceeded as refused:
        conn.rollback()
        return f"refused at {refused.used}"
    return "counted"


def test_fifty_at_the_edge_get_exactly_what_remains(conn: Connection, conninfo: str) -> None:
    tell(conn, *sold(creators=40), *joined(ADA))

    answers = clash(conninfo, CLIENTS, lambda client, number: take(client, 2, f"k{number}"))

    assert answers == {"counted": 20, "refused at 40": 30}
    assert row(conn, ADA)["usage_creators_current_month"] == 40


def test_fifty_with_one_key_count_once(conn: Connection, conninfo: str) -> None:
    tell(conn, *sold(creators=40), *joined(ADA))

    answers = clash(conninfo, CLIENTS, lambda client, _: take(client, 3, "the same"))

    assert answers == {"counted": CLIENTS}
    assert row(conn, ADA)["usage_creators_current_month"] == 3


@pytest.mark.timeout(60)
def test_doors_and_projectors_in_the_same_part_change_nothing(conn: Connection, conninfo: str) -> None:
    """Webhooks of the same user and of customers that come and go, while two projectors run."""
    tell(conn, *sold(creators=60), *joined(ADA))
    stop = Event()

    def opened() -> Connection:
        return connect(conninfo, application_name="projector", autocommit=True)

    def door() -> None:
        with closing(opened()) as client:
            for number in range(150):
                append(client, clerk("user.updated", user(ADA), at=60 + number))
                owner = {"userId": ADA if number % 2 else "user_bob"}
                payload = subscription("active", price={"id": "price_nobody_knows"}, metadata=owner)
                append(client, stripe("customer.subscription.updated", payload, at=60 + number))

    threads = [Thread(target=Runner(opened).run, args=(stop,)) for _ in range(2)] + [Thread(target=door)]
    for thread in threads:
        thread.start()
    answers = clash(conninfo, 24, lambda client, number: _take_three(client, number))
    threads[-1].join()
    stop.set()
    for thread in threads:
        thread.join()
    project(conn)

    assert sum(answers.values()) == 24
    used = row(conn, ADA)["usage_creators_current_month"]
    counted = conn.execute("SELECT count(*) FROM events WHERE event_type = 'usage.recorded'").fetchone()
    assert counted == (used,)
    assert used == 60
    lag = conn.execute(
        "SELECT count(*) FROM projection_checkpoints JOIN part_heads USING (part) WHERE head <> position"
    )
    assert lag.fetchone() == (0,)


def _take_three(client: Connection, number: int) -> str:
    for turn in range(3):
        take(client, 1, f"k{number}-{turn}")
        client.commit()
    return "done"


def test_an_event_that_comes_between_look_and_append_is_taken_in(conn: Connection, conninfo: str) -> None:
    """The second look sees it: the first was asked in vain."""
    tell(conn, *sold(creators=10), *joined(ADA))
    seen: list[int] = []
    mine = own(_used(1), at=120)

    def choose(snapshot: Snapshot) -> list[NewEvent]:
        state = snapshot.users[ADA].state
        seen.append(state.creators)
        if len(seen) == 1:
            with closing(connect(conninfo, application_name="other", autocommit=True)) as other:
                append(other, own(_used(7), at=60))
        return [mine]

    DecisionTransaction(conn, part_of(ADA)).decide([ADA], choose)
    conn.commit()

    assert seen == [0, 7]
    assert row(conn, ADA)["usage_creators_current_month"] == 8


def test_a_decision_that_is_never_the_same_twice_is_given_up(conn: Connection, conninfo: str) -> None:
    tell(conn, *sold(), *joined(ADA))

    calls = count()

    def choose(_: Snapshot) -> list[NewEvent]:
        if next(calls) % 2 == 0:  # at the look; at the append nobody else can come any more
            with closing(connect(conninfo, application_name="other", autocommit=True)) as other:
                append(other, own(_used(1), at=60))
        return [own(_used(1), at=120)]

    with pytest.raises(PartBusy):
        DecisionTransaction(conn, part_of(ADA)).decide([ADA], choose)


def test_a_projector_at_work_is_waited_for(conn: Connection, conninfo: str) -> None:
    tell(conn, *sold(creators=10), *joined(ADA))
    append(conn, own(_used(9), at=60))
    conn.commit()
    with closing(connect(conninfo, application_name="projector")) as projector:
        Projector().project(projector, parts=64, limit=100)
        with ThreadPoolExecutor(1) as threads:
            late = threads.submit(take, conn, 2, "k")
            assert not late.done()
            projector.commit()

            assert late.result() == "refused at 9"


def test_links_made_at_once_in_every_direction_end_in_one_truth(conn: Connection, conninfo: str) -> None:
    people = [f"user_{number}" for number in range(8)]
    tell(conn, *sold(), *joined(*people))
    tell(
        conn,
        *[stripe("customer.created", {"id": f"cus_{number}", "object": "customer"}) for number in range(3)],
    )

    def work(client: Connection, number: int) -> str:
        customer = f"cus_{number % 3}"
        link_customer(client, order(people[number % 8], f"l{number}"), customer)
        return "linked"

    answers = clash(conninfo, 24, work)

    assert answers == {"linked": 24}
    owners = conn.execute("SELECT count(user_id) FROM customer_links").fetchone()
    assert owners == (3,)


@pytest.mark.timeout(120)
def test_links_deletions_and_projectors_never_deadlock_over_links(conn: Connection, conninfo: str) -> None:
    """Each takes the lock on the links before customers, and customers before users."""
    people = [f"user_{number}" for number in range(4)]
    tell(conn, *sold(), *joined(*people))
    stop = Event()
    deadlocks: list[str] = []

    def opened() -> Connection:
        return connect(conninfo, application_name="projector", autocommit=True)

    threads = [Thread(target=Runner(opened).run, args=(stop,)) for _ in range(2)] + [
        Thread(target=_deliver_claims_and_deletions, args=(opened, people))
    ]
    for thread in threads:
        thread.start()
    try:
        clash(conninfo, 6, lambda client, number: _change_links(client, number, people, deadlocks))
    finally:
        threads[-1].join()
        stop.set()
        for thread in threads:
            thread.join()

    # Over users' rows one may happen when events arrive between read and append: the decision is retried.
    assert not [text for text in deadlocks if "advisory" in text or "customer_links" in text]


def _deliver_claims_and_deletions(connection: Callable[[], Connection], people: list[str]) -> None:
    with closing(connection()) as client:
        for number in range(200):
            metadata = {"userId": people[number * 7 % 4]}
            buyer = {"id": f"cus_{number % 3}", "object": "customer", "metadata": metadata}
            append(client, stripe("customer.updated", buyer, at=60 + number))
            event_type = "user.deleted" if number % 8 < 4 else "user.updated"
            append(client, clerk(event_type, user(people[number % 4]), at=60 + number))


def _change_links(client: Connection, number: int, people: list[str], deadlocks: list[str]) -> str:
    for turn in range(25):
        random = Random(f"{number} {turn}")
        change = random.choice([link_customer, unlink_customer])
        command = order(random.choice(people), f"l{number}-{turn}")
        try:
            with suppress(DecisionRefused, AlreadySo), client.transaction():
                change(client, command, f"cus_{random.randrange(3)}")
        except errors.DeadlockDetected as deadlock:
            deadlocks.append(f"{deadlock.diag.message_detail} {deadlock.diag.context}")
    return "done"


def _used(quantity: int) -> UsageRecorded:
    return UsageRecorded(metric="creators", quantity=quantity)
