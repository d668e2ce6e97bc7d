"""The ledger of what came and what was missed, as a page, and the line on the overview that leads to it."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from console.alarms import FRESH_FOR
from database.pool import connect
from events.append import append
from service.unsigned_events import fetched_stripe_event
from tests.console.conftest import Person, Wall, make_token

HOUR = timedelta(hours=1)


def count(conninfo: str, at: datetime, **outcomes: int) -> None:
    """Deliveries of Stripe's that ended so in that minute."""
    with connect(conninfo, application_name="test") as conn:
        for outcome, deliveries in outcomes.items():
            values = (at.replace(second=0, microsecond=0), "stripe", outcome, deliveries)
            conn.execute("INSERT INTO delivery_counts VALUES (%s, %s, %s, %s)", values)
        conn.commit()


def reconciled(conninfo: str, at: datetime, scopes: Iterable[str] = ("stripe:live", "clerk")) -> None:
    """A reconciliation of each went to its end then."""
    query = "INSERT INTO reconcile_cursors (scope, finished_at, updated_at) VALUES (%s, %s, %s)"
    with connect(conninfo, application_name="test") as conn:
        for scope in scopes:
            conn.execute(query, [scope, at, at])
        conn.commit()


def catch_up(conninfo: str, at: datetime) -> None:
    """An event nobody delivered is found by asking."""
    body = {
        "id": "evt_missed",
        "object": "event",
        "type": "customer.created",
        "created": int(at.timestamp()),
        "livemode": True,
        "data": {"object": {"id": "cus_missed", "object": "customer"}},
    }
    marks = {"received_by": "import", "fetched_at": datetime.now(UTC).isoformat()}
    with connect(conninfo, application_name="test") as conn:
        append(conn, fetched_stripe_event(body, json.dumps(body), marks))
        conn.commit()


def rows(page: str, label: str) -> list[str]:
    """The rows of one table, without tags."""
    match = re.search(rf'aria-label="{label}".*?<tbody>(.*?)</tbody>', page, re.DOTALL)
    lines = re.findall(r"<tr>(.*?)</tr>", match[1], re.DOTALL) if match else []
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", line)).strip() for line in lines]


def test_hours_tell_what_came_what_was_missed_and_what_failed(auditor: Person, shop: str, wall: Wall) -> None:
    missed = wall.at.replace(minute=0, second=0, microsecond=0) - 5 * HOUR
    catch_up(shop, missed)
    count(shop, missed, closed=1_200)

    page = auditor.get("/completeness").text

    hour = f"{missed:%Y-%m-%d %H:%M}"
    assert any(row.startswith(f"{hour} stripe 0 1 0 0 1 200 0 5 h ago") for row in rows(page, "Hours"))
    assert [row[:16] for row in rows(page, "Outages")] == [f"{missed:%Y-%m-%d %H:%M}"]
    assert next(row for row in rows(page, "Sources") if row.startswith("stripe")).endswith("never")
    assert len(rows(auditor.get("/completeness?days=30").text, "Hours")) > len(rows(page, "Hours"))


def test_alarms_are_those_of_status_and_lead_from_the_overview(
    auditor: Person, shop: str, wall: Wall
) -> None:
    reconciled(shop, wall.at - timedelta(hours=21), ["clerk"])
    reconciled(shop, wall.at - timedelta(days=4), ["stripe:live"])

    page, overview = auditor.get("/completeness").text, auditor.get("").text

    assert page.index("clerk: not reconciled for 21 h") < page.index("stripe: not reconciled for 4 d")
    assert "closes in 7 h" in overview
    assert 'href="/console/completeness">Completeness, 1 more</a>' in overview


def test_overview_says_nothing_when_nothing_is_alarming(auditor: Person, shop: str, wall: Wall) -> None:
    reconciled(shop, wall.at)

    assert 'class="notice' not in auditor.get("").text
    assert "Nothing is alarming" in auditor.get("/completeness").text


def test_overview_asks_again_after_a_minute_and_the_page_at_once(
    auditor: Person, shop: str, wall: Wall
) -> None:
    reconciled(shop, wall.at)
    auditor.get("")
    count(shop, wall.at, unavailable=400)

    assert "deliveries of the last hour failed" not in auditor.get("").text
    assert "400 of" in auditor.get("/completeness").text
    wall.move(FRESH_FOR)
    assert "deliveries of the last hour failed" in auditor.get("").text


def test_empty_ledger_says_so(empty_app: Flask, conninfo: str) -> None:
    person = Person(empty_app.test_client())
    person.sign_in(make_token(conninfo, "auditor"))

    page = person.get("/completeness").text

    for words in ("No delivery in this time.", "No outage in this time.", "Nothing is alarming"):
        assert words in page
    assert [row.split()[-1] for row in rows(page, "Sources")] == ["never", "never"]


@pytest.mark.parametrize("days", ["2", "x", "-1"])
def test_other_lengths_are_refused_as_a_page(reader: Person, days: str) -> None:
    answer = reader.get(f"/completeness?days={days}")

    assert answer.status_code == 400
    assert "Days: expected one of 1, 7, 30" in answer.text


def test_ledger_that_cannot_be_read_is_an_error_page(auditor: Person, shop: str) -> None:
    with connect(shop, application_name="test", autocommit=True) as conn:
        conn.execute("DROP TABLE delivery_counts")

    answer = auditor.get("/completeness")

    assert answer.status_code == 500
    assert "</html>" in answer.text
