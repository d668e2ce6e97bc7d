"""Erasure: no trace is left, proofs hold, and the tables say what a replay would."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from database.pool import Connection
from events.append import append, append_all, keep_unreadable
from events.domain import user as user_events
from events.domain import user_event
from events.envelope import NewEvent
from events.seals.event_proof import check_proof
from handlers.privacy import (
    ErasureRaced,
    ErasureResult,
    PersonUnknown,
    ReasonNamesPerson,
    erase_person,
    plan_erasure,
)
from projections.projector import Projector
from queries.seals import event_proof
from tests.projections.event_builders import (
    CUSTOMER,
    USER,
    address,
    card,
    clerk,
    customer,
    instant,
    linked,
    own,
    stripe,
    subscription,
    user,
)
from tests.sealing import NOW, fill, lent, sealed, superuser, trusted_in, verified

pytestmark = pytest.mark.usefixtures("live_events_only")

EMAIL = "ada.unique@example.com"
SECOND = "second.unique@example.org"
OTHER = "user_bob"
PROJECTED = (
    "users",
    "user_subscriptions",
    "user_billing",
    "user_usage",
    "user_system_data",
    "customer_links",
    "projection_states",
    "quarantine",
)


def ada() -> list[NewEvent]:
    two = [
        {"id": "idn_1", "email_address": EMAIL},
        {"id": "idn_2", "email_address": SECOND.upper()},
    ]
    return [
        clerk("user.created", user(email_addresses=two), at=1),
        linked(at=2),
        stripe("customer.updated", customer(email=EMAIL, address=address("Ely", "GB", "CB7")), at=3),
        stripe("payment_method.attached", card(), at=4),
        stripe("customer.subscription.created", subscription(), at=5),
        own(user_events.ProfileUpdated(business_name=f"{EMAIL} Ltd", industry="lace"), at=6),
        own(user_events.IdentityLinked(customer_id="cus_second"), at=7),
        stripe("customer.created", customer("cus_second", email=SECOND, metadata={}), at=8),
        clerk("organizationMembership.created", membership(), at=9),
    ]


def membership() -> dict[str, Any]:
    """An organisation's event that names a member, whose stream is the organisation's."""
    return {"id": "orgmem_1", "organization": {"id": "org_1"}, "note": f"invited by {EMAIL}"}


def bob() -> list[NewEvent]:
    return [
        clerk("user.created", user(OTHER, email="bob@example.com"), at=1),
        linked(at=2, user_id=OTHER, customer_id="cus_bob"),
        own(user_events.ProfileUpdated(business_name="Bob"), user=OTHER, at=3),
    ]


def project(conn: Connection) -> None:
    conn.commit()
    while Projector().project(conn, parts=64, limit=1000).events:
        conn.commit()
    conn.commit()


@pytest.fixture
def log(conn: Connection) -> Connection:
    """Ada and Bob, projected; Ada also in a conflict, an unreadable body and a job."""
    events = ada()
    append_all(conn, [*events, *bob()])
    append(conn, replace(events[2], payload=f'{{"other":"{EMAIL}"}}'))
    keep_unreadable(
        conn, source_system="stripe", body=f'["{EMAIL.upper()}"'.encode(), reason="x", metadata={}
    )
    keep_unreadable(conn, source_system="stripe", body=b'["nobody', reason="x", metadata={})
    conn.execute(
        "INSERT INTO background_jobs (id, type, payload, max_retries, scheduled_for, created_at, updated_at)"
        " VALUES (%s, 'email.send', jsonb_build_object('to', %s::text), 3, now(), now(), now())",
        [uuid4(), EMAIL],
    )
    project(conn)
    return conn


def erase(
    conn: Connection, user_id: str = USER, **options: Any
) -> ErasureResult:  # Any: as plan_erasure takes it
    conn.execute("SET LOCAL ROLE tenure_app")
    plan = plan_erasure(conn, user_id, **options)
    done = erase_person(conn, plan, now=NOW, actor="cli:test", reason="ticket 4711")
    conn.commit()
    return done


def traces(conn: Connection, *texts: str) -> list[str]:
    """Tables and columns in which one of the texts stands, in upper or lower case, bytes included."""
    columns = conn.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type IN ('text', 'json', 'jsonb', 'bytea', 'ARRAY')"
    ).fetchall()
    places = []
    for table, column, kind in columns:
        value = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
        for text in texts:
            query = f"SELECT count(*) FROM {table} WHERE strpos(lower({value}), %s) > 0"
            row = conn.execute(query.encode(), [text.lower()]).fetchone()
            if row and row[0]:
                places.append(f"{table}.{column}")
    return sorted(set(places))


def tables(conn: Connection) -> dict[str, list[dict[str, Any]]]:
    contents = {}
    with conn.cursor(row_factory=dict_row) as cursor:
        for table in PROJECTED:
            cursor.execute(f"SELECT t.* FROM {table} t ORDER BY t::text".encode())
            contents[table] = cursor.fetchall()
    conn.commit()
    return contents


def replayed(conn: Connection) -> dict[str, list[dict[str, Any]]]:
    """The tables of a projector that begins with nothing but the log."""
    for table in PROJECTED[1:]:
        conn.execute(f"DELETE FROM {table}".encode())
    conn.execute("DELETE FROM users")
    conn.execute("UPDATE projection_checkpoints SET position = 0")
    project(conn)
    return tables(conn)


def test_no_trace_of_the_person_is_left_in_any_table(log: Connection) -> None:
    before = traces(log, EMAIL, SECOND)
    done = erase(log)
    project(log)

    assert {"events.event_data", "projection_states.state", "users.email"} <= set(before)
    assert (done.events, done.conflicts, done.deliveries, done.jobs) == (9, 1, 1, 1)
    assert traces(log, EMAIL, SECOND, "lace", "4242", "CB7") == []


def test_others_keep_everything(log: Connection) -> None:
    def of_bob() -> list[Any]:
        query = "SELECT event_data::text, payload_salt FROM events WHERE route_key IN ('user_bob', 'cus_bob')"
        return (
            log.execute(query).fetchall()
            + log.execute("SELECT u.* FROM users u WHERE user_id = 'user_bob'").fetchall()
        )

    before = of_bob()
    erase(log)
    project(log)

    assert of_bob() == before
    assert all(row[0] is not None for row in before[:3])


def test_the_log_still_verifies_and_proofs_still_hold(conninfo: str, log: Connection) -> None:
    sealed(conninfo)
    event = log.execute("SELECT id FROM events WHERE route_key = %s LIMIT 1", [USER]).fetchone()
    assert event is not None
    before = event_proof(log, str(event[0]))
    log.commit()

    erase(log)
    sealed(conninfo, 1)

    trusted = trusted_in(conninfo)
    after = event_proof(log, str(event[0]))
    report = verified(conninfo)
    assert (report.findings, report.erased) == ([], 9)
    assert check_proof(before, trusted).payload_state == "matches"
    assert check_proof(after, trusted).payload_state == "absent"
    assert check_proof(after, trusted).event == check_proof(before, trusted).event


def test_live_tables_are_those_of_a_replay(log: Connection) -> None:
    erase(log)
    project(log)

    live = tables(log)

    assert live == replayed(log)


def test_links_go_with_the_payloads_that_made_them(log: Connection) -> None:
    erase(log)
    project(log)

    query = "SELECT customer_id, user_id, claimed_by, owner_left FROM customer_links ORDER BY 1"
    links = log.execute(query).fetchall()
    row = log.execute("SELECT email, full_name, deleted_at FROM users WHERE user_id = %s", [USER]).fetchone()
    assert links == [
        (CUSTOMER, None, [USER], True),
        ("cus_bob", OTHER, [OTHER], False),
        ("cus_second", None, [USER], True),
    ]
    assert row is not None
    assert row[:2] == (None, None)
    assert row[2] is not None


def test_a_customer_claimed_by_two_falls_to_the_other(log: Connection) -> None:
    append(log, own(user_events.IdentityLinked(customer_id=CUSTOMER), user=OTHER, at=1))
    append(log, own(user_events.IdentityLinked(customer_id=CUSTOMER), at=50))
    project(log)

    erase(log)
    project(log)

    row = log.execute("SELECT user_id FROM customer_links WHERE customer_id = %s", [CUSTOMER]).fetchone()
    assert row == (OTHER,)
    live = tables(log)
    assert live == replayed(log)


def test_an_erasure_the_projector_sees_late_ends_the_same(log: Connection) -> None:
    append(log, clerk("user.updated", user(email=EMAIL, first_name="Augusta"), at=20))
    log.commit()

    erase(log)
    append(log, own(user_events.PlanSelected(plan_key="glow_up"), at=30))
    project(log)

    live = tables(log)
    assert traces(log, EMAIL, "Augusta") == []
    assert live == replayed(log)


def test_a_batch_that_read_before_the_erasure_leaves_nothing_behind(conninfo: str, log: Connection) -> None:
    """The erasure waits for the projector that holds the payload."""
    append(log, stripe("customer.updated", customer(name="Ada Unseen", metadata={"userId": USER}), at=40))
    log.commit()
    with lent(conninfo) as slow:
        Projector().project(slow, parts=64, limit=1000)
        log.execute("SET LOCAL lock_timeout = '10ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            erase(log)
        log.rollback()
        slow.commit()
    erase(log)

    assert traces(log, "Unseen", EMAIL) == []
    live = tables(log)
    assert live == replayed(log)


def test_a_dry_run_lists_and_changes_nothing(log: Connection) -> None:
    before = log.execute(
        "SELECT md5(string_agg(e::text, '' ORDER BY part, position)) FROM events e"
    ).fetchone()

    plan = plan_erasure(log, USER)

    after = log.execute(
        "SELECT md5(string_agg(e::text, '' ORDER BY part, position)) FROM events e"
    ).fetchone()
    assert before == after
    assert plan.customers == (CUSTOMER, "cus_second")
    assert (len(plan.events), len(plan.mentions), plan.conflicts) == (8, 1, 1)
    assert (len(plan.deliveries), len(plan.jobs), plan.elsewhere) == (1, 1, [])


def test_erasing_again_takes_only_what_came_since(log: Connection) -> None:
    erase(log)
    again = erase(log)
    append(log, clerk("user.updated", user(email=EMAIL), at=60))
    log.commit()
    third = erase(log)
    project(log)

    assert again.event is None
    assert (third.events, traces(log, EMAIL)) == (1, [])


def test_what_arrives_after_the_erasure_is_kept(conninfo: str, log: Connection) -> None:
    erase(log)
    append(log, clerk("user.updated", user(email=EMAIL), at=60))
    project(log)

    assert "events.event_data" in traces(log, EMAIL)
    assert verified(conninfo).erased == 9


def test_mentions_in_somebody_elses_stream_are_listed_and_stay(log: Connection) -> None:
    append(log, own(user_events.ProfileUpdated(brand_description=f"ask {EMAIL}"), user=OTHER, at=70))

    plan = plan_erasure(log, USER)

    assert [row["route_key"] for row in plan.elsewhere] == [OTHER]


@pytest.mark.parametrize("reason", [f"asked by {EMAIL}", "write to x@y.z", f"for {USER}", SECOND])
def test_a_reason_that_names_the_person_is_refused(log: Connection, reason: str) -> None:
    with pytest.raises(ReasonNamesPerson):
        erase_person(log, plan_erasure(log, USER), now=NOW, actor="x", reason=reason)


def test_nobody_known_is_refused(log: Connection) -> None:
    with pytest.raises(PersonUnknown):
        plan_erasure(log, "user_nobody")


def test_two_erasures_at_once_are_one(log: Connection) -> None:
    first, second = plan_erasure(log, USER), plan_erasure(log, USER)
    erase_person(log, first, now=NOW, actor="x", reason="ticket")

    with pytest.raises(ErasureRaced):
        erase_person(log, second, now=NOW + timedelta(seconds=1), actor="x", reason="ticket")


def privacy_event(user_id: str = USER) -> NewEvent:
    return user_event(
        user_events.PrivacyErased(), user_id=user_id, now=instant(99), idempotency_key=f"p:{user_id}"
    )


@pytest.fixture
def service(log: Connection) -> Iterator[Connection]:
    log.execute("SET ROLE tenure_app")
    log.commit()
    yield log
    log.rollback()


def test_the_function_wants_an_erasure_of_its_own_transaction(service: Connection) -> None:
    place = append(service, privacy_event())
    service.commit()

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="in this transaction"):
        service.execute("SELECT erase_person(%s::smallint, %s)", [place.part, place.position])


def test_an_erasure_may_be_of_a_savepoint(service: Connection) -> None:
    service.execute("SELECT 1")  # the transaction, of which the next is a part
    with service.transaction():
        place = append(service, privacy_event())

    row = service.execute("SELECT * FROM erase_person(%s::smallint, %s)", [place.part, place.position])

    assert row.fetchone() is not None


def test_an_erasure_recorded_ahead_of_the_clock_is_of_its_transaction(log: Connection) -> None:
    log.execute("UPDATE part_heads SET recorded_at = now() + interval '1 day'")
    log.commit()

    assert erase(log).events > 0


def test_the_function_wants_an_erasure_and_no_other_event(service: Connection) -> None:
    place = append(service, own(user_events.OnboardingStarted(), at=99))

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        service.execute("SELECT erase_person(%s::smallint, %s)", [place.part, place.position])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET event_data = NULL, payload_salt = NULL",
        "UPDATE event_conflicts SET event_data = NULL",
        "UPDATE unreadable_deliveries SET body = NULL",
        "SET ROLE tenure_eraser",
    ],
)
def test_the_service_can_erase_by_no_other_way(conninfo: str, log: Connection, change: str) -> None:
    with psycopg.connect(conninfo) as conn:
        conn.execute("SET SESSION AUTHORIZATION tenure_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(change.encode())


def test_even_the_eraser_can_change_nothing_else(log: Connection) -> None:
    log.execute("SET ROLE tenure_eraser")

    for change in (
        "UPDATE events SET event_data = '{}'",
        "UPDATE events SET event_type = 'x'",
        "UPDATE event_conflicts SET event_data = '{}'",
        "DELETE FROM events",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), log.transaction():
            log.execute(change.encode())


def test_an_erasure_by_hand_is_found(conninfo: str, log: Connection) -> None:
    fill(conninfo, {3: 2})
    sealed(conninfo)
    with superuser(conninfo) as mallory:
        mallory.execute(
            "UPDATE events SET event_data = NULL, payload_salt = NULL WHERE route_key = 'cus_bob'"
        )
    erase(log)

    first = verified(conninfo).first

    assert first is not None
    assert "missing without a privacy.erased event" in first.what
