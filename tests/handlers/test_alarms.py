"""Alarms reach the log once when they begin."""

from datetime import UTC, datetime
from typing import Any

from psycopg import Connection
from structlog.testing import capture_logs

from events.append import append
from handlers.alarms import alarms, log_new_alarms
from tests.events.sample_events import event

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


def refuse(conn: Connection[Any], deliveries: int) -> None:
    conn.execute("DELETE FROM delivery_counts")
    conn.execute("INSERT INTO delivery_counts VALUES (%s, 'stripe', 'refused', %s)", (NOW, deliveries))


def test_an_alarm_is_logged_when_it_begins_and_when_it_comes_back(conn: Connection[Any]) -> None:
    run, logged = log_new_alarms(), []

    for deliveries in (125, 130, 1, 125):
        refuse(conn, deliveries)
        with capture_logs() as lines:
            result = run(conn, NOW)
        logged.append((result["alarms"], [line["kind"] for line in lines]))

    assert logged == [(1, ["refusals"]), (1, []), (0, []), (1, ["refusals"])]


def test_the_graver_of_two_alarms_of_one_level_comes_first(conn: Connection[Any]) -> None:
    append(conn, event(event_type="clerk.user.created", source_system="clerk"))  # never reconciled: a warning
    conn.execute("INSERT INTO delivery_counts VALUES (%s, 'stripe', 'appended', 90)", (NOW,))
    conn.execute("INSERT INTO delivery_counts VALUES (%s, 'stripe', 'refused', 10)", (NOW,))

    current = [(alarm.level, alarm.kind) for alarm in alarms(conn, now=NOW)]

    assert current == [("warning", "refusals"), ("warning", "window")]
