"""A marker in every field of every source: once the person is erased it stands nowhere that persists."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from psycopg import sql

from database.pool import Connection
from events.append import append, append_all, keep_unreadable
from events.envelope import NewEvent
from events.own import user as own_user
from handlers.lists import NewItem, add_item
from handlers.scraping_jobs import record_results
from projections import replay as replaying
from tests.handlers.people import project, sold
from tests.handlers.working import a_campaign, a_job, a_list, command
from tests.installation import Tenure
from tests.projections import telling
from tests.projections.replaying import options
from tests.projections.telling import CUSTOMER, USER, clerk, linked, own, stripe

MARKER = "zqxmarker"
EMAIL = f"{MARKER}@example.com"
NAME = f"Ada {MARKER}"


def marked(fields: dict[str, Any]) -> dict[str, Any]:  # Any: JSON values
    """The object with the marker in every text but ids, types and statuses, at any depth."""
    fixed = {"id", "object", "status", "customer", "type", "subscription", "currency", "payment_method"}
    fixed |= {"primary_email_address_id", "interval", "lookup_key", "collection_method", "brand", "country"}
    return {
        name: value
        if name in fixed
        else f"{MARKER} {value}"
        if isinstance(value, str)
        else marked(value)
        if isinstance(value, dict)
        else [marked(each) if isinstance(each, dict) else each for each in value]
        if isinstance(value, list)
        else value
        for name, value in fields.items()
    }


def of_providers() -> list[NewEvent]:
    person = telling.user(
        email=EMAIL,
        first_name=NAME,
        last_name=MARKER,
        username=MARKER,
        public_metadata={"note": MARKER},
        unsafe_metadata={"note": MARKER},
        phone_numbers=[{"id": "idn_p", "phone_number": MARKER}],
        image_url=f"https://img.example.com/{MARKER}",
    )
    about = {"email": EMAIL, "name": NAME, "description": MARKER, "phone": MARKER}
    where = telling.address(MARKER, "GB", MARKER)
    of_a_member = {"id": "om_1", "organization": {"id": "org_1"}, "note": EMAIL}
    billed = {"billing_details": {"name": NAME, "email": EMAIL, "address": where}}
    return [
        clerk("user.created", person, at=1),
        clerk("session.created", {"id": "sess_1", "user_id": USER, "note": MARKER}, at=1),
        clerk("organizationMembership.created", of_a_member, at=1),
        linked(at=2),
        stripe("customer.updated", telling.customer(address=where, shipping=about, **about), at=3),
        stripe("payment_method.attached", telling.card(**marked(billed)), at=4),
        stripe("customer.subscription.created", telling.subscription(description=MARKER), at=5),
        stripe("checkout.session.completed", telling.session(customer_details=about), at=6),
        stripe("invoice.paid", telling.invoice(900, customer_email=EMAIL, customer_name=NAME), at=7),
        stripe("charge.succeeded", {"id": "ch_1", "object": "charge", "customer": CUSTOMER, **about}, at=8),
    ]


def of_ours() -> list[NewEvent]:
    words = {name: f"{MARKER} {name}" for name in ("business_name", "brand_description", "industry")}
    return [
        own(own_user.ProfileUpdated(**words), at=20),
        own(own_user.EmailFailed(occasion="welcome", error=f"550 {EMAIL} unknown"), at=21),
    ]


def plant_work(conn: Connection) -> None:
    """Campaigns, scraping jobs with results, lists with items."""
    a_campaign(conn, name=MARKER, description=MARKER)
    conn.commit()
    job = a_job(conn, keywords=[MARKER], target_username=MARKER, search_params={"q": MARKER})
    record_results(conn, command(), job, [{"username": MARKER}])
    conn.commit()
    best = a_list(conn, name=MARKER, description=MARKER, tags=[MARKER])
    conn.commit()
    item = NewItem(creator_id=MARKER, creator={"bio": MARKER}, notes=MARKER)
    add_item(conn, command(), best, item)
    conn.commit()


def plant_aside(conn: Connection, taken: NewEvent, outbox: Path) -> None:
    """Conflicts, unreadable bodies, jobs with errors, mail in the outbox, errors of the schedule."""
    append(conn, replace(taken, payload=json.dumps({"other": MARKER})))
    keep_unreadable(conn, source_system="clerk", body=f'["{NAME}"'.encode(), reason="x", metadata={})
    outbox.mkdir()
    for name in ("email", "outgoing.deliver"):
        job_id = uuid4()
        conn.execute(
            "INSERT INTO background_jobs"
            " (id, type, payload, result, error, max_retries, scheduled_for, created_at, updated_at)"
            " VALUES (%s, %s, %s, %s, %s, 3, now(), now(), now())",
            [job_id, name, *[json.dumps({"user_id": USER, "note": MARKER})] * 2, f"550 {EMAIL}"],
        )
        (outbox / f"{job_id}.eml").write_text(f"To: {NAME} <{EMAIL}>\n\nHello {NAME}")
    failed = f"ValueError: {EMAIL}"
    conn.execute("INSERT INTO schedule_runs (name, error, result) VALUES ('x', %s, %s)", [failed, "{}"])
    conn.commit()


def plant_decisions(tenure: Tenure) -> None:
    """Each command that takes a reason, with the marker in it."""
    why = ("--reason", f"{NAME} asked")
    done = [
        tenure("plan", "grant", USER, "glow_up", *why),
        tenure("admin", "grant", USER, *why),
        tenure("link", "add", USER, "cus_second", *why),
        tenure("user", "show", USER, *why),
        tenure("privacy", "export", USER, *why),
    ]
    assert [each.exit_code for each in done] == [0] * len(done), [each.output for each in done]


@pytest.fixture
def planted(conn: Connection, conninfo: str, tenure: Tenure, tmp_path: Path) -> Connection:
    """Ada everywhere, also in the tables of before the last replay."""
    provided = of_providers()
    append_all(conn, [*sold(), *provided, *of_ours()])
    project(conn)
    plant_work(conn)
    plant_decisions(tenure)
    project(conn)
    replaying.replay(conninfo, options=options(tmp_path / "replay"))
    plant_aside(conn, provided[4], tmp_path / "outbox")
    analyze(conn)
    return conn


def analyze(conn: Connection) -> None:
    conn.commit()
    conn.autocommit = True
    conn.execute("ANALYZE")
    conn.autocommit = False


def in_tables(conn: Connection) -> set[str]:
    """Every column of every table of every schema in which the marker stands; statistics included."""
    query = """SELECT n.nspname, c.relname, a.attname, a.atttypid = 'bytea'::regtype
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                WHERE c.relkind IN ('r', 'm')
                  AND n.nspname NOT IN ('information_schema', 'pg_catalog')"""
    columns = [*conn.execute(query).fetchall(), *STATISTICS]
    found = set()
    for schema, table, column, is_bytes in columns:
        text = "encode({column}, 'escape')" if is_bytes else "{column}::text"
        count = "SELECT count(*) FROM {table} WHERE strpos(lower(" + text + "), %s) > 0"
        statement = sql.SQL(count).format(table=sql.Identifier(schema, table), column=sql.Identifier(column))
        row = conn.execute(statement, [MARKER]).fetchone()
        if row and row[0]:
            found.add(f"{schema}.{table}.{column}")
    conn.commit()
    return found


STATISTICS = [
    ("pg_catalog", "pg_stats", "most_common_vals", False),
    ("pg_catalog", "pg_stats", "histogram_bounds", False),
]


def in_files(folder: Path) -> set[str]:
    found = set()
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            data = gzip.decompress(data) if path.suffix == ".gz" else data
            if MARKER.encode() in data.lower():
                found.add(path.name)
    return found


def test_the_marker_is_planted_where_the_search_looks(planted: Connection, tmp_path: Path) -> None:
    found = in_tables(planted)

    assert {
        "public.events.event_data",
        "public.event_conflicts.event_data",
        "public.unreadable_deliveries.body",
        "public.users.email",
        "public.projection_states.state",
        "public.user_billing.billing_address_city",
        "public.scraping_results.creators",
        "public.campaigns.name",
        "public.list_items.creator",
        "public.background_jobs.error",
        "public.schedule_runs.error",
        "public.access_log.reason",
        "tenure_previous.users.full_name",
        "pg_catalog.pg_stats.most_common_vals",
    } <= found
    assert len(in_files(tmp_path)) == 2


def test_an_erasure_leaves_the_marker_nowhere(planted: Connection, tenure: Tenure, tmp_path: Path) -> None:
    erased = tenure("privacy", "erase", USER, "--reason", "ticket 12", "--yes")
    project(planted)
    analyze(planted)
    backup = tenure("backup", "--portable", str(tmp_path / "after.gz"))

    assert (erased.exit_code, erased.output.count(MARKER)) == (0, 0)
    assert backup.exit_code == 0, backup.output
    assert in_tables(planted) == set()
    assert in_files(tmp_path) == set()


@pytest.mark.parametrize(
    "reason",
    [f"{NAME} asked", MARKER.upper(), f"by {EMAIL}", "ADA wants it", f"see {MARKER}, please"],
)
def test_a_reason_that_names_the_person_is_refused_and_kept_nowhere(
    planted: Connection, tenure: Tenure, reason: str
) -> None:
    refused = tenure("privacy", "erase", USER, "--reason", reason, "--yes")

    row = planted.execute("SELECT count(*) FROM events WHERE event_type = 'privacy.erased'").fetchone()
    assert (refused.exit_code, row) == (1, (0,))
