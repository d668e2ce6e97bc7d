"""No decision is made about a quarantined user: the rows would not show it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import Connection

from handlers import admins, entitlements, trials, usage
from handlers.decision import Command, Verdict
from handlers.errors import UserQuarantined
from handlers.profile import change_profile
from projections.catalog import Catalog
from projections.state import Poison, State
from tests.handlers.users import tell
from tests.projections.event_builders import USER, clerk, linked, stripe, subscription, user

NOW = datetime(2026, 5, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
CATALOG = Catalog()
DECISIONS: dict[str, Callable[[State], Verdict]] = {
    "grant admin": admins.grant,
    "revoke admin": admins.revoke,
    "grant a plan": lambda state: entitlements.grant(state, CATALOG, NOW, plan_key="glow_up", until=None),
    "revoke a plan": lambda state: entitlements.revoke(state, NOW),
    "start a trial": lambda state: trials.start(state, CATALOG, NOW, ends_at=LATER, plan_key=None),
    "extend a trial": lambda state: trials.extend(state, NOW, trials.Length(until=LATER), 7),
    "end a trial": lambda state: trials.end(state, NOW),
    "count usage": lambda state: usage.count(
        state, CATALOG, usage.MeteredUsage(metric="creators", quantity=1), NOW
    ),
}


@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS.keys())
def test_a_decision_about_a_quarantined_user_is_refused(decision: Callable[[State], Verdict]) -> None:
    state = State(user_id="user_ada", first_at=1, poison=Poison(1, "evt", "type", 0, 1, "$", "unreadable"))

    with pytest.raises(UserQuarantined):
        decision(state)


def test_a_profile_of_a_quarantined_user_is_not_changed(conn: Connection) -> None:
    unreadable = subscription(status=7)  # type: ignore[arg-type]
    tell(conn, clerk("user.created", user()), linked(), stripe("customer.subscription.updated", unreadable))

    with pytest.raises(UserQuarantined):
        change_profile(conn, Command(user_id=USER, key="k", now=NOW, actor="t"), {"business_name": "Z"})
