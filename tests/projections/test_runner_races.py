"""Two projectors at once: links and events that race, a user forgotten meanwhile."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread

import psycopg
import pytest

from events.domain import user as user_events
from events.envelope import NewEvent
from projections import store
from projections.projector import Projector
from tests.laws.projected import runner, session
from tests.projections.event_builders import (
    CUSTOMER,
    USER,
    clerk,
    customer,
    linked,
    own,
    stripe,
    subscription,
    user,
)
from tests.projections.event_builders import session as checkout
from tests.projections.live import assert_true, tell, wait_for
from tests.projections.model import DEFAULT_PLANS

pytestmark = pytest.mark.usefixtures("live_events_only")

OTHER = "user_bob"


@contextmanager
def beside(conninfo: str) -> Iterator[None]:
    """A projector starts and runs into what the caller has locked; it finishes after the block."""
    with session(conninfo) as conn, closing(psycopg.connect(conninfo, autocommit=True)) as admin:
        problems: list[BaseException] = []

        def follow() -> None:
            try:
                while runner(conninfo).step(conn):
                    pass
            except BaseException as problem:  # handed to the test
                problems.append(problem)

        def waits() -> bool:
            query = "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s"
            return admin.execute(query, [conn.info.backend_pid]).fetchone() == ("Lock",)

        other = Thread(target=follow)
        other.start()
        wait_for(lambda: waits() or not other.is_alive(), timeout_s=10)
        yield
        other.join(timeout=20)
    assert not other.is_alive()
    assert problems == []
    runner(conninfo).drain()


def race(conninfo: str, first: list[NewEvent], second: list[NewEvent]) -> None:
    """Two projectors: one has folded `first` and not committed when the other begins with `second`."""
    with session(conninfo) as one:
        tell(conninfo, *first)
        one.execute("BEGIN")
        Projector().project(one, parts=64, limit=100)
        tell(conninfo, *second)
        with beside(conninfo):
            one.execute("COMMIT")


LINK = own(user_events.IdentityLinked(customer_id=CUSTOMER), at=5)
UNLINK = own(user_events.IdentityUnlinked(customer_id=CUSTOMER), at=6)
ELSEWHERE = own(user_events.IdentityLinked(customer_id=CUSTOMER), user=OTHER, at=7)
BOUGHT = stripe("customer.subscription.created", subscription(), at=1)
CHANGED = stripe("customer.subscription.updated", subscription("past_due"), at=9)
CLAIMED = stripe("customer.updated", customer(), at=4)
PAID = stripe("checkout.session.completed", checkout(client_reference_id=OTHER), at=8)
DELETED = clerk("user.deleted", {"id": USER, "deleted": True}, at=7)
SIGNED_UP = clerk("user.created", user(), at=2)
HELLO = clerk("user.created", user(OTHER), at=3)


@pytest.mark.parametrize(
    ("before", "first", "second"),
    [
        ([], [LINK], [BOUGHT]),
        ([], [BOUGHT], [LINK]),
        ([BOUGHT], [LINK], [CHANGED]),
        ([BOUGHT], [CHANGED], [LINK]),
        ([BOUGHT, LINK], [UNLINK], [CHANGED]),
        ([BOUGHT, LINK], [CHANGED], [UNLINK]),
        ([BOUGHT, LINK], [CHANGED], [ELSEWHERE]),
        ([BOUGHT, LINK], [ELSEWHERE], [CHANGED]),
        ([BOUGHT, LINK], [SIGNED_UP], [CHANGED]),
        ([BOUGHT, LINK], [CHANGED], [SIGNED_UP]),
        ([BOUGHT, CLAIMED], [ELSEWHERE], [SIGNED_UP]),
        ([BOUGHT, CLAIMED], [SIGNED_UP], [ELSEWHERE]),
        ([BOUGHT, CLAIMED], [ELSEWHERE], [CHANGED, HELLO, SIGNED_UP]),
        ([BOUGHT, CLAIMED], [DELETED], [PAID]),
        ([BOUGHT, CLAIMED], [PAID], [DELETED]),
        ([], [CLAIMED, PAID], [DELETED]),
        ([], [DELETED], [CLAIMED, PAID]),
    ],
)
def test_links_and_events_that_race_lose_nothing(
    conninfo: str, before: list[NewEvent], first: list[NewEvent], second: list[NewEvent]
) -> None:
    tell(conninfo, *DEFAULT_PLANS, *before)
    runner(conninfo).drain()
    race(conninfo, first, second)

    assert_true(conninfo, *before, *first, *second)


def test_one_batch_at_a_time_holds_a_users_fold(conninfo: str) -> None:
    tell(conninfo, linked())
    runner(conninfo).drain()
    with session(conninfo) as one, session(conninfo) as two, one.transaction(), two.transaction():
        store.lock_states(one, [USER])
        two.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable), two.transaction():
            store.lock_states(two, [USER])


def test_user_forgotten_while_a_batch_waits_for_them_is_met_anew(conninfo: str) -> None:
    """The only customer of somebody goes elsewhere in the instant in which they sign up."""
    tell(conninfo, *DEFAULT_PLANS, BOUGHT, CLAIMED)
    runner(conninfo).drain()
    with session(conninfo) as one:
        one.execute("BEGIN")
        store.lock_states(one, [USER])
        tell(conninfo, SIGNED_UP)
        with beside(conninfo):
            store.delete_users(one, [USER])
            one.execute("COMMIT")
    tell(conninfo, ELSEWHERE)
    runner(conninfo).drain()

    assert_true(conninfo, BOUGHT, CLAIMED, SIGNED_UP, ELSEWHERE)
