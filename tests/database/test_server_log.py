"""The embedded server's log holds no value of a row, whatever a statement fails of."""

from pathlib import Path

import psycopg
import pytest

from database.embedded import EmbeddedServer

MARKER = "zqxlogmarker"
MAKE = "CREATE TABLE people (email text PRIMARY KEY CHECK (length(email) < 30), born date)"
# The marker is quoted in a DETAIL, messages, a CONTEXT with parameters, raised messages, a STATEMENT.
FAILING = (
    "INSERT INTO people VALUES (%(text)s), (%(text)s)",
    "INSERT INTO people VALUES (repeat(%(text)s, 9))",
    "INSERT INTO people VALUES ('x', %(text)s::text::date)",
    "SELECT %(text)s::uuid",
    "DO $$ BEGIN RAISE WARNING 'zqxlogmarker'; RAISE EXCEPTION 'zqxlogmarker'; END $$",
    "SELECT 'zqxlogmarker' / 0",
)


def test_failed_statements_leave_no_value(own_server: EmbeddedServer) -> None:
    with psycopg.connect(own_server.conninfo, autocommit=True) as conn:
        conn.execute(MAKE)
        for statement in FAILING:
            with pytest.raises(psycopg.Error):
                conn.execute(statement.encode(), {"text": MARKER} if "%(" in statement else None)
        with pytest.raises(psycopg.Error), conn.cursor().copy("COPY people FROM STDIN") as copy:
            copy.write(f"x\t{MARKER}\n")

    assert [line for line in lines(own_server) if MARKER in line] == []


def test_a_killed_backend_leaves_its_end_and_no_statement(own_server: EmbeddedServer) -> None:
    with psycopg.connect(own_server.conninfo, autocommit=True) as conn, pytest.raises(psycopg.Error):
        conn.execute(f"COPY (SELECT '{MARKER}') TO PROGRAM 'kill -9 $PPID'".encode())
    own_server.close()

    assert [line for line in lines(own_server) if "was terminated by signal 9" in line] != []
    assert [line for line in lines(own_server) if MARKER in line] == []


def lines(server: EmbeddedServer) -> list[str]:
    log: Path = server.pgdata.with_name("postgres.log")
    return log.read_text().splitlines()
