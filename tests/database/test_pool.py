"""Connections: their session settings, and what a person reads when there is none."""

from time import sleep

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from database.errors import DatabaseUnavailable
from database.pool import (
    Connection,
    Pool,
    behind_pooler,
    connect,
    open_pool,
    place,
    reaching,
    session_conninfo,
)

NOWHERE = "postgresql://app:hunter2@127.0.0.1:1/x?connect_timeout=1"


def setting(conn: Connection, name: str) -> str:
    row = conn.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def test_pool_sessions_are_utc_and_limited(pool: Pool) -> None:
    with pool.connection() as conn:
        assert setting(conn, "timezone") == "UTC"
        assert setting(conn, "statement_timeout") == "30s"
        assert setting(conn, "application_name") == "test"
        assert not conn.autocommit


def test_statement_over_its_time_is_cancelled(conninfo: str) -> None:
    with (
        open_pool(conninfo, application_name="test", statement_timeout_s=0.05) as pool,
        pool.connection() as conn,
        pytest.raises(psycopg.errors.QueryCanceled),
    ):
        conn.execute("SELECT pg_sleep(5)")


def test_options_of_the_url_are_kept(conninfo: str) -> None:
    url = psycopg.conninfo.make_conninfo(conninfo, options="-c work_mem=7MB")

    with connect(url, application_name="test") as conn:
        assert setting(conn, "work_mem") == "7MB"
        assert setting(conn, "timezone") == "UTC"


def test_single_connection_has_no_time_limit(conninfo: str) -> None:
    with connect(conninfo, application_name="test") as conn:
        assert setting(conn, "statement_timeout") == "0"


def test_server_that_is_away_is_one_line_without_the_password() -> None:
    with pytest.raises(DatabaseUnavailable) as failed:
        connect(NOWHERE, application_name="test")

    message = str(failed.value)
    assert message.startswith("cannot reach PostgreSQL at 127.0.0.1:1/x: ")
    assert "DATABASE_URL" in message
    assert "hunter2" not in message
    assert "\n" not in message


@pytest.mark.parametrize("address", ["hunter2", "postgresql://app:hunter2@db:port/x"])
def test_unreadable_address_is_not_repeated(address: str) -> None:
    with pytest.raises(DatabaseUnavailable) as failed:
        connect(address, application_name="test")

    assert "hunter2" not in str(failed.value)


def test_pool_that_has_no_connection_is_the_same_error() -> None:
    with (
        open_pool(NOWHERE, application_name="test", checkout_timeout_s=0.2) as pool,
        pytest.raises(DatabaseUnavailable, match="no free connection"),
        reaching(NOWHERE),
        pool.connection(),
    ):
        pass


def test_pool_outlives_a_lost_connection(pool: Pool, conninfo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("database.pool.TRUSTED_S", 0)
    with connect(conninfo, application_name="killer", autocommit=True) as killer:
        with pool.connection() as conn:
            pid = conn.info.backend_pid
        killer.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    with pool.connection() as conn:
        assert conn.info.backend_pid != pid


def test_a_connection_used_just_now_is_trusted_and_then_replaced(
    pool: Pool, conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("database.pool.TRUSTED_S", 600)
    pool.wait()  # else the pool's first connection may come beside the one that is lent
    with connect(conninfo, application_name="killer", autocommit=True) as killer:
        with pool.connection() as conn:
            pid = conn.info.backend_pid
        killer.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    with pytest.raises(psycopg.OperationalError), pool.connection() as conn:
        conn.execute("SELECT 1")

    with pool.connection() as conn:
        assert conn.info.backend_pid != pid


def test_place_names_a_socket_and_hides_the_user() -> None:
    assert place("postgresql://app:x@/tenure?host=%2Ftmp%2Fa") == "/tmp/a/tenure"
    assert place("host=db port=5433 dbname=x user=u password=p") == "db:5433/x"


def test_the_rest_of_a_password_is_no_host_to_show() -> None:
    with pytest.raises(DatabaseUnavailable, match="%40") as failed:
        connect("postgresql://app:pass@word@127.0.0.1:1/x", application_name="test")

    assert "word@" not in str(failed.value)


def test_a_pool_gives_up_soon_so_that_the_next_who_asks_makes_it_try() -> None:
    with open_pool(NOWHERE, application_name="test") as pool:
        with pytest.raises(PoolTimeout), pool.connection(timeout=0.1):
            pass
        for _ in range(600):
            if pool.get_stats()["pool_size"] == 0:
                break
            sleep(0.05)

        assert pool.get_stats()["pool_size"] == 0


def test_a_server_that_answers_itself_is_no_pooler(pool: Pool) -> None:
    with pool.connection() as conn:
        assert not behind_pooler(conn)
        assert conn.prepare_threshold is not None


def test_a_server_that_vanished_is_noticed(conninfo: str) -> None:
    """libpq's own settings; without them a connection waits for as long as TCP tries."""
    ours = psycopg.conninfo.conninfo_to_dict(
        session_conninfo(conninfo, application_name="test", statement_timeout_s=1)
    )
    theirs = psycopg.conninfo.conninfo_to_dict(
        session_conninfo(f"{conninfo} tcp_user_timeout=5000", application_name="test", statement_timeout_s=1)
    )

    assert (ours["tcp_user_timeout"], ours["keepalives_idle"]) == ("30000", "30")
    assert theirs["tcp_user_timeout"] == "5000"
