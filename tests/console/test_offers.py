"""A user's page offers exactly the decisions that succeed, and explains the absence of the others."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from console.pages.user_actions import ACTIONS
from database.pool import connect
from events.append import append
from events.domain import user_event
from events.domain.user import AdminGranted, EntitlementGranted, TrialStarted
from events.statements import AnyConnection
from handlers.admins import grant_admin, revoke_admin
from handlers.decision import Command
from handlers.entitlements import grant_plan, revoke_plan
from handlers.errors import AlreadySo, DecisionRefused
from handlers.offers import CHECKS, refusals
from handlers.trials import Length, end_trial, extend_trial, start_trial
from queries.stored_fold import stored_fold
from tests.console.conftest import Person
from tests.console.world import HOSTILE_ID, POISONED_ID, project

NOW = datetime.now(UTC)

DECISIONS: dict[str, Any] = {  # Any: a decision with an input that is valid for every user
    "start-trial": lambda conn, command: start_trial(conn, command, Length(days=17)),
    "extend-trial": lambda conn, command: extend_trial(conn, command, Length(days=17)),
    "end-trial": end_trial,
    "grant-plan": lambda conn, command: grant_plan(conn, command, "viral_surge"),
    "revoke-plan": revoke_plan,
    "grant-admin": grant_admin,
    "revoke-admin": revoke_admin,
}
LINKS = {"link", "unlink"}


def is_refused(conn: AnyConnection, user_id: str, name: str) -> bool:
    """Whether the decision is refused; it is rolled back."""
    command = Command(
        user_id=user_id, key=f"test:{uuid4()}", request={}, now=NOW, actor="tests", reason="a test"
    )
    try:
        DECISIONS[name](conn, command)
    except (DecisionRefused, AlreadySo):
        return True
    finally:
        conn.rollback()
    return False


def give(conn: AnyConnection, user_id: str, *facts: Any) -> None:  # Any: domain events
    for fact in facts:
        append(
            conn, user_event(fact, user_id=user_id, now=NOW - timedelta(days=1), idempotency_key=str(uuid4()))
        )
    conn.commit()
    project(conn)


def test_offered_are_exactly_the_decisions_that_are_not_refused(shop: str) -> None:
    seen: set[tuple[str, bool]] = set()
    with connect(shop, application_name="test") as conn:
        trial = TrialStarted(starts_at=NOW - timedelta(days=1), ends_at=NOW + timedelta(days=3))
        give(conn, HOSTILE_ID, trial, AdminGranted(), EntitlementGranted(plan_key="glow_up"))
        users = [row[0] for row in conn.execute("SELECT user_id FROM users")]
        for user_id in users:
            stored = stored_fold(conn, user_id)
            assert stored is not None
            reasons = refusals(stored[0], NOW)
            for name in CHECKS:
                refused = is_refused(conn, user_id, name)
                assert (user_id, name, name in reasons) == (user_id, name, refused)
                seen.add((name, refused))

    assert set(CHECKS) | LINKS == set(ACTIONS)
    assert seen == {(name, refused) for name in CHECKS for refused in (True, False)}


def of_kind(conn: AnyConnection, condition: str) -> str:
    row = conn.execute(
        f"SELECT u.user_id FROM users u JOIN user_subscriptions s ON s.user_id = u.id "
        f"WHERE {condition} ORDER BY u.user_id LIMIT 1".encode()
    ).fetchone()
    assert row is not None, condition
    return str(row[0])


@pytest.mark.parametrize(
    ("condition", "absent", "reason"),
    [
        (
            "u.deleted_at IS NOT NULL",
            ("start-trial", "grant-plan", "grant-admin"),
            "found one deleted at Clerk",
        ),
        (f"u.user_id = '{POISONED_ID}'", ("grant-plan", "grant-admin"), "tenure quarantine retry"),
        ("s.subscription_status = 'trialing'", ("extend-trial", "end-trial"), "the trial is Stripe&#39;s"),
    ],
)
def test_the_page_has_no_form_that_would_be_refused(
    operator: Person, shop: str, condition: str, absent: tuple[str, ...], reason: str
) -> None:
    with connect(shop, application_name="test") as conn:
        user_id = of_kind(conn, condition)

    page = operator.get(f"/users/{user_id}").text

    assert 'id="do-link"' in page
    assert [name for name in absent if f'id="do-{name}"' in page] == []
    assert page.count(reason) >= 1
