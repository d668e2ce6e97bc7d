"""`tenure user create`: the repair of somebody who exists in Clerk but not here."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from database.pool import connect
from demo.history import make_world
from demo.world import DemoWorld
from events.clock import utc_now
from tests.doubles import clerk as clerk_doubles
from tests.doubles.http import serving
from tests.installation import Tenure, project
from tests.projections.event_builders import clerk, user
from tests.projections.replaying import tell

ADA = "user_ada"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[DemoWorld]:
    """A Clerk with people whom no webhook has told of."""
    demo_world = make_world(7, 2, days=3, steps_per_user=1)
    with serving(clerk_doubles.clerk_double(demo_world.clerk, now=utc_now)) as double:
        monkeypatch.setenv("CLERK_SECRET_KEY", clerk_doubles.KEY)
        monkeypatch.setenv("CLERK_API_BASE", double.url + "/v1")
        yield demo_world


def create_user(tenure: Callable[..., Any], *words: str) -> dict[str, Any]:  # Any: JSON values
    result = tenure("user", "create", *words, "--json")
    assert result.exit_code == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def shown(tenure: Tenure, user_id: str) -> dict[str, Any]:  # Any: JSON values
    profile: dict[str, Any] = json.loads(tenure("user", "show", user_id, "--json").stdout)
    return profile


def test_clerk_tells_what_the_webhook_would_have(tenure: Tenure, world: DemoWorld) -> None:
    person = world.people[0].user_id

    answer = create_user(tenure, person)

    assert (answer["created"], answer["from"]) == (True, "clerk")
    assert shown(tenure, person)["email"] == answer["email"] is not None
    again = create_user(tenure, person, "--from-clerk")
    assert (again["created"], again["events"]) == (False, 0)


def test_reconciling_afterwards_finds_nothing_more(tenure: Tenure, world: DemoWorld) -> None:
    for person in world.people:
        create_user(tenure, person.user_id)

    report = json.loads(tenure("reconcile", "clerk", "--json").stdout)

    assert (report["created_missed"], report["updates_missed"]) == (0, 0)


def test_whom_clerk_does_not_know_is_not_made(tenure: Tenure, world: DemoWorld, conninfo: str) -> None:
    result = tenure("user", "create", "user_nobody")

    assert (result.exit_code, "Clerk has no user user_nobody" in result.stderr) == (1, True)
    with connect(conninfo, application_name="test") as conn:
        assert conn.execute("SELECT count(*) FROM events").fetchone() == (0,)


def test_by_hand_their_rows_are_there_at_once(tenure: Tenure) -> None:
    answer = create_user(tenure, ADA, "--email", "ada@example.com", "--reason", "lost webhook")

    assert (answer["created"], answer["from"]) == (True, "operator")
    assert shown(tenure, "ada@example.com")["user_id"] == ADA
    assert shown(tenure, ADA)["subscription_status"] == "none"


def test_what_clerk_says_later_stands(tenure: Tenure, conninfo: str) -> None:
    create_user(tenure, ADA, "--email", "typo@example.com", "--reason", "lost webhook")
    tell(conninfo, [clerk("user.updated", user(email="ada@example.com"), at=0)])  # even if it happened before
    project(conninfo)

    assert shown(tenure, ADA)["email"] == "ada@example.com"


def test_the_known_stay_as_they_are(tenure: Tenure, conninfo: str) -> None:
    tell(conninfo, [clerk("user.created", user(), at=0)])
    project(conninfo)

    answer = create_user(tenure, ADA, "--email", "other@example.com", "--reason", "oops")

    assert (answer["created"], answer["email"]) == (False, "ada@example.com")


@pytest.mark.parametrize(
    "words",
    [
        ("ada", "--reason", "x"),
        (ADA,),
        (ADA, "--from-clerk", "--email", "a@b.c"),
        (ADA, "--email", "a" * 321, "--reason", "x"),
        ("catalog", "--reason", "x"),
    ],
)
def test_wrong_usage_is_exit_two(tenure: Tenure, words: tuple[str, ...]) -> None:
    assert tenure("user", "create", *words).exit_code == 2


def test_without_a_key_clerk_can_not_be_asked(tenure: Tenure) -> None:
    result = tenure("user", "create", ADA, "--from-clerk")

    assert (result.exit_code, "CLERK_SECRET_KEY is not set" in result.stderr) == (1, True)
