"""Ids from outside are any text: none is taken for a name of the service's own, or for a customer's."""

from pathlib import Path

import psycopg
import pytest

from events.clock import utc_now
from events.domain import system_event
from events.domain.system import ConfigurationChanged
from events.domain.user import UsageRecorded
from handlers.privacy import NameIsACustomers, erase_person, plan_erasure
from projections.replay import compare, replay
from queries.customers import unlinked_customers
from queries.history import history
from tests.projections.event_builders import (
    CUSTOMER,
    customer,
    instant,
    own,
    published,
    session,
    stripe,
    subscription,
)
from tests.projections.live import ask, tell
from tests.projections.replaying import options, project

COUNTED = "SELECT usage_creators_current_month FROM user_usage"
CONFIGURED = "SELECT event_data::text IS NOT NULL FROM events WHERE event_type = 'configuration.changed'"
ODD = [
    "..",
    ".",
    "a/b",
    "acct_1/cus_2",
    "a:b",
    "%3A",
    "sha256:00",
    "user ada",
    "O'Brien;--",
    "{}",
    "\u00e9",
    "null",
]


def told_of(conninfo: str, name: str) -> None:
    """A payment link's reference names the user; usage is counted; the service writes a setting."""
    setting = ConfigurationChanged(category="email", key="product_name", value="Shop", value_type="string")
    tell(
        conninfo,
        published("free", campaigns=1, creators=10),
        system_event(setting, aggregate_id="email", now=instant(0), idempotency_key="configuration"),
        stripe("checkout.session.completed", session(client_reference_id=name), at=1),
        stripe("customer.subscription.created", subscription(), at=1),
        own(UsageRecorded(metric="creators", quantity=7), user=name, at=2),
    )
    project(conninfo)


@pytest.mark.parametrize("name", ["system", "catalog", *ODD])
def test_user_of_any_name_is_folded_alike_live_and_in_a_replay(
    conninfo: str, tmp_path: Path, name: str
) -> None:
    told_of(conninfo, name)
    assert ask(conninfo, COUNTED) == [7]

    assert compare(conninfo, options=options(tmp_path)).equal
    replay(conninfo, options=options(tmp_path))
    assert ask(conninfo, COUNTED) == [7]
    assert ask(conninfo, "SELECT user_id FROM users") == [name]


@pytest.mark.parametrize("name", ["system", "catalog"])
def test_history_of_a_user_named_as_a_route_has_their_events_alone(conninfo: str, name: str) -> None:
    told_of(conninfo, name)

    with psycopg.connect(conninfo) as conn:
        types = [step["event_type"] for step in history(conn, name) or []]
    assert types.count("usage.recorded") == 1
    assert not {"configuration.changed", "log.sealed"} & {*types}


def test_erasing_a_user_named_system_leaves_the_services_events(conninfo: str) -> None:
    told_of(conninfo, "system")

    with psycopg.connect(conninfo) as conn:
        plan = plan_erasure(conn, "system")
        erase_person(conn, plan, now=utc_now(), actor="operator", reason="ticket 1")
        conn.commit()
    assert ask(conninfo, CONFIGURED) == [True]
    assert ask(
        conninfo, "SELECT count(*) FROM events WHERE event_type = 'usage.recorded' AND event_data IS NULL"
    ) == [1]


def test_erasing_a_user_named_as_a_customer_is_refused(conninfo: str) -> None:
    tell(conninfo, stripe("customer.created", customer(), at=0))
    tell(conninfo, own(UsageRecorded(metric="creators", quantity=1), user=CUSTOMER, at=1))
    project(conninfo)

    with psycopg.connect(conninfo) as conn, pytest.raises(NameIsACustomers):
        plan_erasure(conn, CUSTOMER)


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("x" * 10_240, "10240 characters"),
        ("user\x00ada", "control character"),
        ("user\u202eada", "control character"),
        (" \t ", "blank"),
    ],
)
def test_unusable_id_claims_nothing_and_the_reason_is_shown(
    conninfo: str, reference: str, reason: str
) -> None:
    tell(conninfo, stripe("checkout.session.completed", session(client_reference_id=reference)))
    project(conninfo)

    with psycopg.connect(conninfo) as conn:
        (waiting,) = unlinked_customers(conn, limit=9).items
    assert ask(conninfo, "SELECT count(*) FROM users") == [0]
    assert waiting.ignored is not None
    assert waiting.ignored.startswith("client_reference_id")
    assert reason in waiting.ignored
