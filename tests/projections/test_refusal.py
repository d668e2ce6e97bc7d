"""What Postgres or Python refuses stops its owner alone: live, in a refold and in a replay alike."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from events.domain import platform, system, system_event
from events.envelope import NewEvent
from events.statements import AnyConnection
from projections import configuration, fold
from projections.facts import Fact
from projections.refusal import is_refusal, longest_storable
from projections.replay import compare, rebuild_user
from projections.state import State
from queries.history import history
from queries.timetravel import profile_at
from tests.laws.projected import refold, runner, session
from tests.projections.event_builders import (
    CUSTOMER,
    USER,
    clerk,
    instant,
    linked,
    own,
    published,
    stripe,
    subscription,
    user,
)
from tests.projections.live import ask, tell
from tests.projections.replaying import options

pytestmark = pytest.mark.usefixtures("live_events_only")


OTHER, OTHERS_CUSTOMER = "user_bob", "cus_bob"


def campaign(number: int) -> UUID:
    return UUID(int=number + 1)


@pytest.fixture
def owner(conninfo: str) -> Iterator[AnyConnection]:
    """A session that may change tables, as a migration does."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        yield conn


def settle(conninfo: str, work_dir: Path) -> None:
    """Project everything there is; a replay must then give the same tables."""
    runner(conninfo).drain()
    assert ask(
        conninfo,
        "SELECT sum(h.head - c.position) FROM part_heads h JOIN projection_checkpoints c USING (part)",
    ) == [0]
    comparison = compare(conninfo, options=options(work_dir))
    assert comparison.differences == []


def profile(conninfo: str, column: str, user_id: str) -> Any:  # Any: a column's value
    query = (
        f"SELECT {column} FROM users u JOIN user_billing b ON b.user_id = u.id WHERE u.user_id = '{user_id}'"
    )
    return ask(conninfo, query)[0]


def test_an_object_of_another_customer_is_no_part_of_the_history_it_is_filed_in(
    conninfo: str, tmp_path: Path
) -> None:
    """`related_object` files the event under one customer; its subscription names another."""
    filed_elsewhere = {"id": CUSTOMER, "type": "customer", "url": f"/v1/customers/{CUSTOMER}"}
    odd = subscription(
        id="sub_odd", customer=OTHERS_CUSTOMER, created=2_000_000_000, metadata={"userId": "user_eve"}
    )
    tell(conninfo, published("free"), linked(), linked(user_id=OTHER, customer_id=OTHERS_CUSTOMER))
    tell(conninfo, stripe("customer.subscription.created", odd, at=9, related_object=filed_elsewhere))
    tell(conninfo, clerk("user.created", user(OTHER), at=10))
    settle(conninfo, tmp_path)

    assert profile(conninfo, "stripe_customer_id", USER) == CUSTOMER
    assert profile(conninfo, "stripe_subscription_id", USER) is None
    assert profile(conninfo, "email", OTHER) == "ada@example.com"
    assert ask(conninfo, "SELECT user_id FROM quarantine") == []


def test_a_row_that_postgres_refuses_quarantines_its_user_alone(
    conninfo: str, owner: AnyConnection, tmp_path: Path
) -> None:
    owner.execute("ALTER TABLE users ADD CONSTRAINT no_bad_name CHECK (full_name <> 'Bad Lee')")
    names = [user(f"user_{n}", first_name="Bad" if n == 3 else "Good") for n in range(8)]
    tell(conninfo, published("free"), *[clerk("user.created", payload, at=1) for payload in names])
    settle(conninfo, tmp_path)

    assert ask(conninfo, "SELECT user_id FROM quarantine") == ["user_3"]
    assert "no_bad_name" in ask(conninfo, "SELECT reason FROM quarantine")[0]
    assert ask(conninfo, "SELECT count(*) FROM users WHERE full_name = 'Good Lee'") == [7]


def test_the_history_stops_at_the_event_that_is_refused(
    conninfo: str, owner: AnyConnection, tmp_path: Path
) -> None:
    owner.execute("ALTER TABLE users ADD CONSTRAINT no_bad_name CHECK (full_name <> 'Bad Lee')")
    tell(conninfo, published("free"))
    for at, name in enumerate(("One", "Two", "Bad", "Bad", "Bad"), start=1):
        tell(conninfo, clerk("user.updated", user(first_name=name), at=at, key=f"msg_{at}"))
    settle(conninfo, tmp_path)

    assert profile(conninfo, "full_name", USER) == "Two Lee"
    query = "SELECT e.idempotency_key FROM quarantine q JOIN events e ON e.id = q.event_id"
    assert ask(conninfo, query) == ["msg_3"]
    problems = [entry["problem"] for entry in history(owner, USER) or ()]
    assert [problem is not None for problem in problems] == [False, False, True, False, False]
    assert "no_bad_name" in problems[2]
    for at, name in ((2, "Two Lee"), (3, "Two Lee"), (9, "Two Lee")):
        past = profile_at(owner, USER, as_of=instant(at))
        assert past is not None
        assert (past["full_name"], past["stale"]) == (name, at > 2)


def test_a_later_event_frees_a_user_whose_rows_were_refused(
    conninfo: str, owner: AnyConnection, tmp_path: Path
) -> None:
    owner.execute("ALTER TABLE users ADD CONSTRAINT no_bad_name CHECK (full_name <> 'Bad Lee')")
    tell(conninfo, published("free"), clerk("user.created", user(first_name="Bad"), at=1))
    runner(conninfo).drain()
    tell(conninfo, clerk("user.updated", user(first_name="Good"), at=2))
    settle(conninfo, tmp_path)

    assert ask(conninfo, "SELECT user_id FROM quarantine") == []
    assert profile(conninfo, "full_name", USER) == "Good Lee"


def test_a_deferred_constraint_is_narrowed_before_the_commit(
    conninfo: str, owner: AnyConnection, tmp_path: Path
) -> None:
    """Both are sure of one name; neither refold nor replay may fail at its commit."""
    owner.execute(
        "CREATE FUNCTION refuse_bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.full_name = 'Bad Lee' THEN RAISE EXCEPTION 'bad'; END IF; RETURN NULL; END $$"
    )
    owner.execute(
        "CREATE CONSTRAINT TRIGGER bad AFTER INSERT OR UPDATE ON users DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION refuse_bad()"
    )
    tell(conninfo, published("free"), clerk("user.created", user(first_name="Bad")))
    tell(conninfo, clerk("user.created", user(OTHER)))
    runner(conninfo).drain()
    with session(conninfo) as conn:
        refold(conn, [USER, OTHER])

    assert ask(conninfo, "SELECT user_id FROM quarantine") == [USER]
    assert ask(conninfo, "SELECT full_name FROM users ORDER BY user_id DESC") == ["Ada Lee", None]


def test_a_rebuild_of_one_user_stops_at_the_same_event(
    conninfo: str, owner: AnyConnection, tmp_path: Path
) -> None:
    owner.execute("ALTER TABLE users ADD CONSTRAINT no_bad_name CHECK (full_name <> 'Bad Lee')")
    tell(conninfo, published("free"), clerk("user.created", user(), at=1))
    tell(conninfo, clerk("user.updated", user(first_name="Bad"), at=2))
    runner(conninfo).drain()
    before = ask(conninfo, "SELECT state::text FROM projection_states")
    rebuild_user(conninfo, USER)

    assert ask(conninfo, "SELECT state::text FROM projection_states") == before
    comparison = compare(conninfo, options=options(tmp_path), user_id=USER)
    assert comparison.differences == []


def test_an_aggregate_that_is_refused_stops_alone(
    conninfo: str, owner: AnyConnection, tmp_path: Path
) -> None:
    owner.execute("ALTER TABLE campaigns ADD CONSTRAINT no_bad_campaign CHECK (name <> 'Bad')")
    tell(conninfo, published("free"), clerk("user.created", user()))
    for number, name in enumerate(("Good", "Fine", "Sound")):
        created = platform.CampaignCreated(campaign_id=campaign(number), name=name)
        tell(conninfo, own(created, at=number + 1))
    runner(conninfo).drain()
    tell(conninfo, own(platform.CampaignUpdated(campaign_id=campaign(1), name="Bad"), at=10, key="bad"))
    tell(conninfo, own(platform.CampaignUpdated(campaign_id=campaign(2), name="Better"), at=11))
    settle(conninfo, tmp_path)

    assert ask(conninfo, "SELECT name FROM campaigns ORDER BY id") == ["Good", "Fine", "Better"]
    query = "SELECT e.idempotency_key FROM campaigns c JOIN events e ON e.id = c.unfolded_event_id"
    assert ask(conninfo, query) == ["bad"]
    assert ask(conninfo, "SELECT user_id FROM quarantine") == []


def test_a_bug_outside_the_rules_stops_one_user(
    conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that raises where a row's cells are taken from a state."""
    plain = fold.CORES["users"]

    def broken(state: State) -> list[Any]:
        if state.user_id == USER and state.full_name == "Bad Lee":
            raise KeyError("a bug")
        return plain(state)

    monkeypatch.setitem(fold.CORES, "users", broken)
    tell(
        conninfo,
        published("free"),
        clerk("user.created", user(), at=1),
        clerk("user.created", user(OTHER), at=1),
    )
    tell(conninfo, clerk("user.updated", user(first_name="Bad"), at=2, key="msg_bad"))
    settle(conninfo, tmp_path)

    assert ask(conninfo, "SELECT user_id FROM quarantine") == [USER]
    assert profile(conninfo, "full_name", USER) == "Ada Lee"
    assert profile(conninfo, "full_name", OTHER) == "Ada Lee"


def test_a_bug_in_the_order_of_an_instant_stops_nobody(
    conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(facts: list[Fact], state: State) -> list[Fact]:
        raise ValueError("a bug")

    monkeypatch.setattr(fold, "order_instant", broken)
    tell(conninfo, published("free"), clerk("user.created", user(), at=1))
    settle(conninfo, tmp_path)

    assert profile(conninfo, "full_name", USER) == "Ada Lee"


def test_a_customer_that_is_refused_is_nobodys(conninfo: str, owner: AnyConnection, tmp_path: Path) -> None:
    owner.execute(
        "ALTER TABLE customer_links ADD CONSTRAINT no_bad_customer CHECK (customer_id <> 'cus_bad')"
    )
    tell(conninfo, published("free"), linked(customer_id="cus_bad", user_id=OTHER), linked())
    settle(conninfo, tmp_path)

    assert ask(conninfo, "SELECT customer_id FROM customer_links") == [CUSTOMER]
    assert ask(conninfo, "SELECT user_id FROM users") == [USER]


@pytest.mark.parametrize(
    "change",
    [
        {"display_order": 2**40},
        {"campaigns_limit": 2**31},
        {"price_monthly": 2**63},
        {"features": {"most": 10**30}},
        {"plan_key": "x" * 3_000},
    ],
    ids=str,
)
def test_a_plan_that_no_row_can_hold_is_not_read(
    conninfo: str, tmp_path: Path, change: dict[str, Any]
) -> None:
    """A foreign log may hold one; the version before it stays, and everybody is projected."""
    plan = published("glow_up", campaigns=7)
    payload = json.dumps(json.loads(plan.payload) | change)
    tell(conninfo, plan, replace(plan, payload=payload, idempotency_key="plan:odd"))
    tell(conninfo, clerk("user.created", user()))
    settle(conninfo, tmp_path)

    assert ask(conninfo, "SELECT campaigns_limit FROM subscription_plans") == [7]
    assert ask(conninfo, "SELECT user_id FROM users") == [USER]


def setting(key: str, value: str, *, at: int = 0) -> NewEvent:
    changed = system.ConfigurationChanged(category="jobs", key=key, value=0, value_type="json")
    event = system_event(
        changed, aggregate_id=f"jobs/{key}", now=instant(at), idempotency_key=f"set:{key}:{at}"
    )
    return replace(event, payload=event.payload.replace('"value":0', f'"value":{value}'))


@pytest.mark.parametrize("value", ["1e-20000", "1e131073", '"\\u0000"'])
def test_a_setting_that_no_row_can_hold_stops_no_other(conninfo: str, tmp_path: Path, value: str) -> None:
    tell(conninfo, published("free"), setting("odd", value), setting("even", "3"))
    tell(conninfo, clerk("user.created", user()))
    settle(conninfo, tmp_path)

    assert "even" in ask(conninfo, "SELECT key FROM system_configurations")
    assert ask(conninfo, "SELECT user_id FROM users") == [USER]


@pytest.mark.parametrize("values", [("3", "1e131073"), ("1e131073", "3"), ("3", "1e131073", "4")], ids=str)
@pytest.mark.parametrize("batches", ["one batch", "a batch for each"])
def test_a_rebuild_keeps_the_setting_before_one_that_is_refused(
    conninfo: str, values: tuple[str, ...], batches: str
) -> None:
    rows = "SELECT row(key, value, position, created_at, updated_at)::text FROM system_configurations"
    for at, value in enumerate(values):
        tell(conninfo, setting("odd", value, at=at))
        if batches == "a batch for each":
            runner(conninfo).drain()
    runner(conninfo).drain()
    live = ask(conninfo, rows)
    assert len(live) == 1

    with session(conninfo) as conn, conn.transaction():
        configuration.rebuild(conn, len(values))
    assert ask(conninfo, rows) == live


@pytest.mark.parametrize(
    "problem",
    [
        errors.AdminShutdown(),
        errors.DeadlockDetected(),
        errors.DiskFull(),
        errors.InsufficientPrivilege(),
        errors.LockNotAvailable(),
        errors.OutOfMemory(),
        errors.QueryCanceled(),
        errors.SerializationFailure(),
        errors.TooManyConnections(),
        errors.UndefinedTable(),
        psycopg.OperationalError("the connection is lost"),
        MemoryError(),
        OSError(28, "No space left on device"),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_trouble_of_the_database_is_no_users_fault(problem: Exception) -> None:
    assert not is_refusal(problem)


@pytest.mark.parametrize(
    "problem",
    [
        errors.CheckViolation(),
        errors.NumericValueOutOfRange(),
        errors.ProgramLimitExceeded(),
        errors.RaiseException(),
        errors.StatementTooComplex(),
        errors.UniqueViolation(),
        errors.UntranslatableCharacter(),
        psycopg.DataError("text fields cannot contain NUL"),
        OverflowError(),
        RecursionError(),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_what_the_values_of_a_row_cause_is_its_owners_fault(problem: Exception) -> None:
    assert is_refusal(problem)


def test_nobody_is_quarantined_while_the_database_is_in_trouble(
    conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(conninfo, published("free"), clerk("user.created", user(), at=1))
    with session(conninfo) as conn:
        monkeypatch.setattr("projections.store.write_rows", _disk_full)
        with pytest.raises(errors.DiskFull):
            runner(conninfo).step(conn)
    monkeypatch.undo()
    runner(conninfo).drain()

    assert ask(conninfo, "SELECT user_id FROM quarantine") == []
    assert profile(conninfo, "full_name", USER) == "Ada Lee"


def _disk_full(*_: object) -> None:
    raise errors.DiskFull


@pytest.mark.parametrize("refused_at", range(1, 9))
def test_the_longest_storable_beginning_is_found_by_bisection(refused_at: int) -> None:
    assert longest_storable(8, lambda length: length < refused_at) == min(refused_at - 1, 7)
