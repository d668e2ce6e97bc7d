"""Connected accounts: another company's customers, unless the operator trusts them; a replay agrees."""

from pathlib import Path

import psycopg
import pytest

from handlers.trusted_accounts import declare_trusted_accounts
from projections.replay import compare
from queries.timetravel import profile_at
from tests.projections.event_builders import USER, clerk, instant, published, stripe, subscription, user
from tests.projections.live import ask, tell
from tests.projections.replaying import options, project

ACCOUNT = "acct_partner"


@pytest.fixture
def shop(conninfo: str) -> str:
    """A user, and a connected account's subscription that names them."""
    theirs = subscription(metadata={"userId": USER})
    tell(
        conninfo,
        published("free"),
        published("glow_up", monthly="price_glow_up_monthly"),
        clerk("user.created", user()),
        stripe("customer.subscription.created", theirs, at=1, account=ACCOUNT),
    )
    project(conninfo)
    return conninfo


def trust(conninfo: str, *accounts: str) -> bool:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        is_new = declare_trusted_accounts(conn, accounts, now=instant(60))
    project(conninfo)
    return is_new


def statuses(conninfo: str) -> list[str]:
    return [str(status) for status in ask(conninfo, "SELECT subscription_status FROM user_subscriptions")]


def test_its_events_are_kept_and_touch_no_user(shop: str) -> None:
    assert statuses(shop) == ["none"]
    assert ask(shop, "SELECT customer_id FROM customer_links WHERE user_id IS NULL") == [f"{ACCOUNT}/cus_ada"]
    assert ask(shop, f"SELECT count(*) FROM events WHERE route_key LIKE '{ACCOUNT}/%'") == [1]


def test_trusting_it_takes_effect_at_once_and_so_does_the_end_of_it(shop: str) -> None:
    assert trust(shop, ACCOUNT)
    assert statuses(shop) == ["active"]

    assert not trust(shop, ACCOUNT)
    assert trust(shop)
    assert statuses(shop) == ["none"]


@pytest.mark.parametrize("accounts", [(), (ACCOUNT,), ("acct_other",)])
def test_a_replay_and_the_past_trust_the_same(shop: str, tmp_path: Path, accounts: tuple[str, ...]) -> None:
    trust(shop, *accounts)

    assert compare(shop, options=options(tmp_path)).equal
    assert compare(shop, options=options(tmp_path), user_id=USER).equal
    with psycopg.connect(shop) as conn:
        then = profile_at(conn, USER, as_of=instant(30))
    assert then is not None
    assert [then["subscription_status"]] == statuses(shop)


def test_events_after_the_change_are_its_users_too(shop: str) -> None:
    trust(shop, ACCOUNT)
    theirs = subscription("past_due", metadata={"userId": USER})
    tell(shop, stripe("customer.subscription.updated", theirs, at=99, was={}, account=ACCOUNT))
    project(shop)

    assert statuses(shop) == ["past_due"]
