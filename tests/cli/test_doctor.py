"""The doctor names what is wrong and how to mend it."""

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from database import pooler
from events.append import append
from events.clock import utc_now
from events.envelope import NewEvent
from jobs import enqueue
from projections.runner import Runner
from tests.installation import Tenure

Findings = dict[str, dict[str, Any]]  # Any: JSON values


@pytest.fixture
def examined(tenure: Tenure, monkeypatch: pytest.MonkeyPatch) -> Any:  # Any: a callable
    """Run the doctor on the test's database; findings by the name of their check."""
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", "whsec_test")
    monkeypatch.setenv("CLERK_WEBHOOK_SECRETS", "whsec_dGVzdHRlc3R0ZXN0dGVzdA==")

    def run() -> tuple[int, Findings]:
        result = tenure("doctor", "--json")
        return result.exit_code, {finding["check"]: finding for finding in json.loads(result.stdout)}

    return run


def test_a_sound_installation_has_nothing_to_mend(examined: Any) -> None:
    code, findings = examined()

    assert code in (0, 1)
    failing = {check for check, finding in findings.items() if finding["severity"] == "fail"}
    assert failing <= {"durability"}  # the test server runs without fsync, and the doctor says so


def test_a_guard_of_the_log_that_is_off_is_found(conninfo: str, examined: Any) -> None:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("ALTER TABLE events DISABLE TRIGGER events_no_update")

    code, findings = examined()

    assert code == 1
    assert findings["append-only"]["severity"] == "fail"
    assert "events_no_update" in findings["append-only"]["found"]


def test_an_added_unique_index_is_named_with_what_drops_it(conninfo: str, examined: Any) -> None:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("CREATE UNIQUE INDEX one_name ON users (full_name)")

    _, findings = examined()

    assert findings["added indexes"]["severity"] != "ok"
    assert "one_name on users" in findings["added indexes"]["found"]
    assert findings["added indexes"]["fix"] == "DROP INDEX one_name"


def test_rights_that_are_not_listed_are_found_and_taken_back(
    conninfo: str, examined: Any, tenure: Tenure
) -> None:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("GRANT DELETE ON events TO tenure_app")
        conn.execute("GRANT EXECUTE ON FUNCTION append_event TO PUBLIC")
        conn.execute("REVOKE SELECT ON users FROM tenure_auditor")
        conn.execute("ALTER TABLE users DISABLE ROW LEVEL SECURITY")

    code, findings = examined()
    repaired = tenure("migrate", "up")
    _, after = examined()

    assert code == 1
    wrong = (
        "PUBLIC has EXECUTE on append_event",
        "tenure_app has DELETE on events",
        "tenure_auditor lacks SELECT on users",
    )
    assert findings["rights"]["found"] == "; ".join(wrong)
    assert findings["rights"]["fix"] == "tenure migrate up"
    assert "users" in findings["row-level security"]["found"]
    assert "revoked from PUBLIC: EXECUTE on append_event" in repaired.stdout
    assert after["rights"]["severity"] == "ok"


@pytest.mark.parametrize(("waited", "severity"), [("1 min", "ok"), ("1 h", "warn")])
def test_users_who_wait_to_be_folded_again_are_a_warning_once_they_wait_long(
    conninfo: str, examined: Any, waited: str, severity: str
) -> None:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO projection_states (user_id, refold_after, refold_until, refold_since)"
            " VALUES ('user_ada', 0, 0, now() - %s::interval)",
            [waited],
        )

    _, findings = examined()

    assert findings["refolds"]["severity"] == severity
    assert "1 user waits" in findings["refolds"]["found"]


def _charge(conninfo: str, **subscription: Any) -> None:  # Any: JSON values
    """A subscription of user_1, whom no Clerk event mentions."""
    payload = {
        "id": "sub_1",
        "object": "subscription",
        "customer": "cus_1",
        "status": "active",
        "created": 1_700_000_000,
        "metadata": {"userId": "user_1"},
        "items": {"data": [{"price": {"id": "price_nobody_knows"}}]},
    } | subscription
    body = {
        "id": "evt_1",
        "object": "event",
        "type": "customer.subscription.created",
        "created": 1_700_000_000,
        "data": {"object": payload},
    }
    with psycopg.connect(conninfo, autocommit=True) as conn:
        append(
            conn,
            NewEvent(
                source_system="stripe",
                idempotency_key="evt_1",
                route_key="cus_1",
                aggregate_type="stripe_customer",
                aggregate_id="cus_1",
                event_type="stripe.customer.subscription.created",
                payload=json.dumps(body),
                occurred_at=utc_now() - timedelta(days=1),
            ),
        )
    Runner(lambda: psycopg.connect(conninfo, autocommit=True)).drain()


def test_an_unknown_price_is_named_with_its_users(conninfo: str, examined: Any) -> None:
    _charge(conninfo)

    code, findings = examined()

    assert code == 1
    assert findings["price"]["found"] == "no plan has price_nobody_knows, so user_1 is on the free plan"
    assert "tenure plans publish" in findings["price"]["fix"]


def test_a_subscription_without_a_price_is_a_failure(conninfo: str, examined: Any) -> None:
    _charge(conninfo, items={"data": []})

    _, findings = examined()

    assert findings["price"]["found"] == "1 subscription has no price, so user_1 is on the free plan"
    assert "plan_key" in findings["price"]["fix"]


@pytest.mark.parametrize(
    ("check", "subscription"),
    [
        ("unmentioned", {}),
        ("overdue", {"current_period_end": 1_700_000_000}),
        ("overdue", {"current_period_end": 1_700_000_000, "cancel_at_period_end": True}),
        ("unknown status", {"status": "wibble"}),
    ],
)
def test_an_odd_user_is_a_warning(
    conninfo: str, examined: Any, check: str, subscription: dict[str, Any]
) -> None:
    _charge(conninfo, **subscription)

    _, findings = examined()

    assert findings[check]["severity"] == "warn"
    assert findings[check]["found"].startswith("1 user")
    assert findings[check]["fix"].startswith("tenure user why user_1; ")


def test_a_database_that_is_away_is_the_finding(examined: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    code, findings = examined()

    assert code == 1
    assert findings["database"]["severity"] == "fail"


def test_debug_shows_why_a_check_could_not_be_made(tenure: Tenure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")

    results = [tenure("doctor", *args) for args in ((), ("--debug",))]

    assert [result.exit_code for result in results] == [1, 1]
    assert ["DatabaseUnavailable" in result.stderr for result in results] == [False, True]


def test_shared_sessions_are_named(examined: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, direct = examined()
    monkeypatch.setattr(pooler, "are_shared", lambda _: True)
    _, shared = examined()
    monkeypatch.setattr(pooler, "brings_role", lambda *_: True)
    _, brought = examined()

    servers = [findings["server"] for findings in (direct, shared, brought)]
    assert [finding["severity"] for finding in servers] == ["ok", "fail", "warn"]
    assert all("direct connection" in finding["fix"] for finding in servers[1:])


def test_a_setting_that_is_almost_right_is_named(examined: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_singular")

    _, findings = examined()

    assert findings["STRIPE_WEBHOOK_SECRET"]["fix"] == "rename it to STRIPE_WEBHOOK_SECRETS"


@pytest.mark.parametrize(("appended", "severity"), [(0, "fail"), (500, "warn")])
def test_deliveries_with_a_wrong_secret_are_an_alarm_however_many_others_come(
    conninfo: str, examined: Any, appended: int, severity: str
) -> None:
    with psycopg.connect(conninfo) as conn:
        for outcome, deliveries in (("refused", 125), ("appended", appended)):
            conn.execute(
                "INSERT INTO delivery_counts VALUES (date_trunc('minute', now()), 'stripe', %s, %s)",
                (outcome, deliveries),
            )

    _, findings = examined()

    assert findings["stripe refusals"]["severity"] == severity
    assert "STRIPE_WEBHOOK_SECRETS" in findings["stripe refusals"]["found"]


def test_a_dead_job_of_a_quarantined_user_is_freed_before_it_is_retried(conninfo: str, examined: Any) -> None:
    with psycopg.connect(conninfo) as conn:
        conn.execute(
            "INSERT INTO quarantine"
            " VALUES ('user_1', 0, 1, gen_random_uuid(), 'clerk.user.updated', now(), 'first_name', '7')"
        )
        for user_id in ("user_1", "user_2", "user_3"):
            enqueue(conn, "email", {"user_id": user_id}, now=utc_now())
        conn.execute("UPDATE background_jobs SET status = 'dead'")

    _, findings = examined()

    assert findings["dead jobs"]["found"] == "2 background jobs have no retry left"
    assert findings["dead jobs of quarantined users"]["found"].startswith("1 background job has")
    assert findings["dead jobs of quarantined users"]["fix"].startswith("tenure quarantine list; after")
