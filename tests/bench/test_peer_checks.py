"""Each contestant's tables are checked: an event that was accepted and is not stored is named."""

import json
import uuid
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg
import pytest

from bench.peers import dj_stripe, postgres, sync_engine, tenure
from bench.peers.errors import NotDurable
from bench.peers.postgres import database, peer_server, pg_variables
from bench.peers.stripe_events import CUSTOMERS, PeerEvent, event
from database.pool import Connection
from database.scratch_folder import scratch_folder
from events.append import append
from projections.runner import Runner
from service.wiring import projector_connection
from tests.databases import Server
from webhooks.stripe.envelope import stripe_event
from webhooks.verification import Secret, Verified

OLD, NEW, INVOICE = event("subscription", 1), event("subscription", 1 + CUSTOMERS), event("invoice", 2)
VERIFIED = Verified(Secret(0, "test", b"test"), datetime(2026, 1, 1, tzinfo=UTC), "t=0,v1=0", "msg")


def deliver(conn: Connection, *sent: PeerEvent) -> None:
    with conn.transaction():
        for delivery in sent:
            append(conn, stripe_event(json.loads(delivery.body), delivery.body.decode(), VERIFIED))


def test_an_event_that_is_not_in_the_log_is_missing(conn: Connection) -> None:
    deliver(conn, OLD, INVOICE)

    assert tenure.missing_events(conn, [OLD, NEW, INVOICE]) == [NEW.id]


def test_a_user_that_does_not_show_the_last_snapshot_is_stale(conninfo: str, conn: Connection) -> None:
    deliver(conn, OLD)
    conn.commit()
    Runner(partial(projector_connection, conninfo)).drain()

    assert tenure.missing(conn, [OLD]) == []
    deliver(conn, NEW, INVOICE)
    assert tenure.missing(conn, [OLD, NEW, INVOICE]) == [NEW.user]
    conn.commit()
    Runner(partial(projector_connection, conninfo)).drain()
    assert tenure.missing(conn, [OLD, NEW, INVOICE]) == []


def test_a_mirror_must_show_the_last_event_of_each_object(conn: Connection) -> None:
    conn.execute("CREATE SCHEMA stripe")
    for table, stored in (("subscriptions", OLD), ("invoices", INVOICE)):
        conn.execute(
            f"CREATE TABLE stripe.{table} (id text PRIMARY KEY, last_synced_at timestamptz)".encode()
        )
        insert = f"INSERT INTO stripe.{table} VALUES (%s, to_timestamp(%s))".encode()
        conn.execute(insert, (stored.snapshot, stored.created))

    assert sync_engine.missing(conn, [OLD, INVOICE]) == []
    assert sync_engine.missing(conn, [OLD, NEW, INVOICE]) == [NEW.snapshot]
    assert sync_engine.missing(conn, [event("invoice", 3)]) == [event("invoice", 3).snapshot]


def test_dj_stripe_must_have_a_row_per_event(conn: Connection) -> None:
    conn.execute("CREATE TABLE djstripe_event (id text PRIMARY KEY)")
    conn.execute("INSERT INTO djstripe_event VALUES (%s)", (OLD.id,))

    assert dj_stripe.missing(conn, [OLD, NEW]) == [NEW.id]


def test_a_server_that_may_lose_commits_is_refused(server: Server, tmp_path: Path) -> None:
    separator = "&" if "?" in server.conninfo else "?"
    url = f"{server.conninfo}{separator}options=-c%20synchronous_commit%3Doff"

    with pytest.raises(NotDurable), peer_server(tmp_path, url):
        pass


def test_without_another_server_the_bundled_one_runs_durably(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "DEBIAN", Path("/nonexistent"))

    with scratch_folder("tenure-test-peers-") as folder:
        folder.chmod(0o711)
        with peer_server(folder, None) as url, psycopg.connect(url) as conn:
            settings = conn.execute("SELECT current_setting('fsync'), current_setting('listen_addresses')")
            assert settings.fetchone() == ("on", "")


def test_a_database_is_empty_and_dropped_afterwards(server: Server) -> None:
    name = f"tenure_test_peers_{uuid.uuid4().hex[:8]}"
    with database(server.conninfo, name) as url, psycopg.connect(url) as conn:
        assert conn.execute("SELECT current_database()").fetchone() == (name,)
        assert pg_variables(url)["PGDATABASE"] == name

    with pytest.raises(psycopg.OperationalError), psycopg.connect(url):
        pass
