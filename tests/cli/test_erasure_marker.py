"""A marker in every field of every source: once the person is erased it stands nowhere that persists."""

import gzip
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql

from archive.pg_tools import find
from database.pool import Connection
from demo.history import make_world
from demo.sender import Target, post
from demo.world import DemoPerson, DemoWorld
from events.append import append_all
from events.clock import utc_now
from handlers.tokens import create_token
from jobs import JobRunner
from outbound.webhooks import destinations
from outbound.webhooks.deliver import deliver_job, sender
from outbound.webhooks.enqueue import JOB, follow
from outbound.webhooks.ssrf_guard import GuardedBackend
from projections import replay as replaying
from service.local_secrets import dev_secrets
from tests.cli.marking import EMAIL, MARKER, NAME
from tests.cli.planting import (
    plant_decisions,
    plant_jobs,
    plant_orders,
    plant_own_events,
    plant_webhooks,
    planted_deliveries,
)
from tests.cli.processes import Running, command, environment, running
from tests.installation import Tenure, as_url
from tests.outbound.webhooks.test_destinations import Receiver, listening, service_connection
from tests.projections import event_builders
from tests.projections.replaying import options
from tests.providers.shop import service

pytestmark = pytest.mark.usefixtures("live_events_only")


@pytest.fixture
def world() -> DemoWorld:
    """One person who lived through all that the demo knows."""
    return make_world(3, 1, days=60, steps_per_user=60)


@pytest.fixture
def ada(world: DemoWorld) -> DemoPerson:
    return world.people[0]


@pytest.fixture
def running_service(conninfo: str, tmp_path: Path) -> Iterator[Running]:
    """`tenure run`; its data and its scratch folder are in the folder that is searched."""
    generated = dev_secrets(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    env = environment(
        tmp_path,
        DATABASE_URL=as_url(conninfo),
        STRIPE_WEBHOOK_SECRETS=generated.stripe,
        CLERK_WEBHOOK_SECRETS=generated.clerk,
        TMPDIR=str(scratch),
    )
    with running(command("run", "--port", "0"), env, tmp_path) as started:
        started.address()
        yield started


@pytest.fixture
def planted(
    conn: Connection,
    conninfo: str,
    tenure: Tenure,
    tmp_path: Path,
    running_service: Running,
    world: DemoWorld,
    ada: DemoPerson,
) -> Connection:
    """Ada everywhere, also in the tables of before the last replay and in the queue of a destination."""
    token, _ = create_token(conn, "operator", name="test", now=utc_now())
    conn.commit()
    address = running_service.address()
    deliveries = planted_deliveries(world)
    with httpx.Client(base_url=address, timeout=30) as client:
        doors = Target(client=client, secrets=dev_secrets(tmp_path), clock=utc_now)
        assert post(doors, deliveries[0]) == "appended"
        await_projection(running_service, conninfo)
        client.headers.update({"Authorization": f"Bearer {token}", "X-Reason": f"{NAME} asked"})
        plant_orders(client, ada)
        plant_decisions(tenure, ada)
        plant_webhooks(doors, deliveries, ada)
    plant_own_events(conn, ada)
    await_projection(running_service, conninfo)
    replaying.replay(conninfo, options=options(tmp_path / "replay"))
    plant_jobs(conn, ada, tmp_path / "outbox", tenure)
    with service(conninfo) as queue:
        destinations.subscribe(
            queue, "https://127.0.0.1/x", event_types=("*",), now=utc_now(), include_data=True,
            from_start=True, allowed=lambda _: True,
        )  # fmt: skip
        follow(queue, now=utc_now())
    conn.autocommit = True
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):  # and its message quotes the value
        conn.execute("SELECT %s::text::uuid", [EMAIL])
    conn.execute("ANALYZE")
    conn.autocommit = False
    return conn


def await_projection(running_service: Running, conninfo: str) -> None:
    query = (
        "SELECT bool_and(c.position = h.head) FROM part_heads h JOIN projection_checkpoints c USING (part)"
    )

    def is_projected() -> bool:
        with psycopg.connect(conninfo) as conn:
            return conn.execute(query).fetchone() == (True,)

    running_service.until(is_projected)


def in_tables(conn: Connection) -> set[str]:
    """Every column of every table of every schema in which the marker stands; statistics included."""
    query = """SELECT n.nspname, c.relname, a.attname, a.atttypid = 'bytea'::regtype
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                WHERE c.relkind IN ('r', 'm')
                  AND n.nspname NOT IN ('information_schema', 'pg_catalog')"""
    columns = [*conn.execute(query).fetchall(), *STATISTICS]
    places = set()
    for schema, table, column, is_bytes in columns:
        text = "encode({column}, 'escape')" if is_bytes else "{column}::text"
        count = "SELECT count(*) FROM {table} WHERE strpos(lower(" + text + "), %s) > 0"
        statement = sql.SQL(count).format(table=sql.Identifier(schema, table), column=sql.Identifier(column))
        row = conn.execute(statement, [MARKER]).fetchone()
        if row and row[0]:
            places.add(f"{schema}.{table}.{column}")
    conn.commit()
    return places


STATISTICS = [
    ("pg_catalog", "pg_stats", "most_common_vals", False),
    ("pg_catalog", "pg_stats", "histogram_bounds", False),
]


def in_files(folder: Path) -> set[str]:
    """Names of the files with the marker, compressed ones and PostgreSQL's dumps included."""
    return {
        path.name for path in folder.rglob("*") if path.is_file() and MARKER.encode() in _plain(path).lower()
    }


def _plain(path: Path) -> bytes:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".dump":
        program = find("pg_restore", 18)
        assert program is not None
        return subprocess.run([program, "--file=-", path], capture_output=True, check=True).stdout
    return path.read_bytes()


def sent_bodies(conninfo: str) -> list[bytes]:
    """What a destination receives of everything that is queued for it."""
    real = sender(GuardedBackend(allowed=lambda _: True))
    with listening(Receiver()) as receiver, service(conninfo) as queue:
        follow(queue, now=utc_now())
        job = deliver_job(lambda _url, headers, body: real(receiver.url, headers, body))

        def clock() -> datetime:
            return utc_now() + timedelta(hours=2)

        JobRunner(lambda: service_connection(conninfo), {JOB: job}, clock=clock, chance=lambda: 0.5).drain()
        return [body for _, body in receiver.got]


def server_log(conn: Connection) -> str:
    """The log of the tests' PostgreSQL; a server of one's own keeps its log elsewhere."""
    row = conn.execute("SHOW data_directory").fetchone()
    conn.commit()
    log = Path(row[0] if row else "").with_name("postgres.log")
    return log.read_text() if log.exists() else ""


def test_an_erasure_leaves_the_marker_nowhere(
    planted: Connection,
    conninfo: str,
    tenure: Tenure,
    tmp_path: Path,
    running_service: Running,
    ada: DemoPerson,
) -> None:
    before = in_tables(planted), in_files(tmp_path)

    erased = tenure("privacy", "erase", ada.user_id, "--reason", "ticket 12", "--yes")
    after = in_tables(planted), in_files(tmp_path)
    backups = [
        tenure("backup", str(tmp_path / "after.dump")),
        tenure("backup", str(tmp_path / "after.gz"), "--portable"),
    ]
    metrics = httpx.get(f"{running_service.address()}/metrics").text

    assert before[0] >= PLANTED
    assert len(before[1]) == 2
    assert (erased.exit_code, erased.output.count(MARKER)) == (0, 0), erased.output
    assert after == (set(), set())
    assert [backup.exit_code for backup in backups] == [0, 0]
    assert in_files(tmp_path) == set()
    assert list((tmp_path / "scratch").rglob("*.db")) != []  # what the workers count, which is searched above
    assert "tenure_log_events" in metrics
    assert MARKER not in metrics.lower()
    assert [line for line in running_service.lines if MARKER in line.lower()] == []
    assert MARKER not in server_log(planted)
    bodies = sent_bodies(conninfo)
    assert bodies != []
    assert [body for body in bodies if MARKER.encode() in body.lower()] == []


PLANTED = {
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
}


def test_a_reason_that_names_the_person_is_refused_and_kept_nowhere(conn: Connection, tenure: Tenure) -> None:
    append_all(
        conn, [event_builders.clerk("user.created", event_builders.user(email=EMAIL, first_name=NAME))]
    )
    conn.commit()
    reasons = [f"{NAME} asked", MARKER.upper(), f"by {EMAIL}", "ADA wants it", f"see {MARKER}, please"]

    refused = [
        tenure("privacy", "erase", event_builders.USER, "--reason", reason, "--yes") for reason in reasons
    ]

    row = conn.execute("SELECT count(*) FROM events WHERE event_type = 'privacy.erased'").fetchone()
    assert [result.exit_code for result in refused] == [1] * len(reasons)
    assert row == (0,)
