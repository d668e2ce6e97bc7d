"""Every page, full and empty, with hostile words in it and hostile questions put to it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from console.headers import POLICY
from database.pool import connect
from events.statements import AnyConnection
from tests.console.conftest import Person, make_token
from tests.console.pages import PLAIN, a_payer, all_pages, an_event, particular
from tests.console.world import HOSTILE_ID, STRANGER
from tests.projections.event_builders import USER, two_snapshots_of_one_second
from tests.projections.replaying import project, tell


def ask(conninfo: str, question: Callable[[AnyConnection], Any]) -> Any:  # Any: the answer
    with connect(conninfo, application_name="test") as conn:
        return question(conn)


def count_of_reads(conn: AnyConnection) -> int:
    """Lines in the access log."""
    return len(conn.execute("SELECT id FROM access_log").fetchall())


def test_every_page_of_a_lived_in_shop_answers(auditor: Person, operator: Person, shop: str) -> None:
    for path in ask(shop, all_pages):
        for person in (auditor, operator):
            assert (path, person.get(path).status_code) == (path, 200)


def test_every_page_of_an_empty_log_answers(empty_app: Flask, conninfo: str) -> None:
    person = Person(empty_app.test_client())
    person.sign_in(make_token(conninfo, "operator"))

    for path in PLAIN:
        assert (path, person.get(path).status_code) == (path, 200)


def test_every_page_forbids_inline_script_and_framing(auditor: Person, shop: str) -> None:
    for path in [*ask(shop, all_pages), "/nowhere", "/static/console.css"]:
        headers = auditor.get(path).headers
        assert headers["Content-Security-Policy"] == POLICY
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe" not in POLICY


def test_no_page_has_inline_script_style_or_another_site(auditor: Person, shop: str) -> None:
    for path in ask(shop, all_pages):
        page = auditor.get(path).text
        for forbidden in (' style="', "<style", " onclick=", "javascript:", 'src="http', 'href="http'):
            assert forbidden not in page, (path, forbidden)
        scripts = page.count("<script") - page.count('<script src="/console/static/')
        assert scripts == page.count('<script type="application/json"')


def test_markup_in_names_addresses_bodies_and_reasons_is_text(auditor: Person, shop: str) -> None:
    for path in [*ask(shop, all_pages), "/users?q=" + "%3Cscript%3Ealert(1)%3C/script%3E%40x"]:
        page = auditor.get(path).text
        for hostile in ("<script>", "<img", "onerror='window", "<b>Stripe", "<cd>", "<for>", "<i>trial"):
            assert hostile not in page, (path, hostile)
    assert "&lt;script&gt;window.hacked=1" in auditor.get(f"/users/{HOSTILE_ID}").text


def test_a_slash_too_many_leads_to_the_overview(auditor: Person) -> None:
    answer = auditor.get("/")

    assert (answer.status_code, answer.headers["Location"]) == (308, "/console")


def test_why_page_marks_a_value_that_hangs_on_an_unknown_order(empty_app: Flask, conninfo: str) -> None:
    tell(conninfo, two_snapshots_of_one_second())
    project(conninfo)
    person = Person(empty_app.test_client())
    person.sign_in(make_token(conninfo, "auditor"))

    assert "another order" in person.get(f"/users/{USER}/explain/subscription_status").text
    assert "another order" not in person.get(f"/users/{USER}/explain/email").text


def test_pages_are_never_kept_and_static_files_are(auditor: Person) -> None:
    assert auditor.get("/users").headers["Cache-Control"] == "no-store"
    assert "max-age" in auditor.get("/static/console.css").headers["Cache-Control"]


def test_reading_a_person_is_noted_whichever_page(auditor: Person, shop: str) -> None:
    user = ask(shop, a_payer)
    auditor.get(f"/users/{user}")
    auditor.get(f"/users/{user}/explain/email")

    def notes(conn: AnyConnection) -> list[tuple[Any, ...]]:
        query = "SELECT reader, role, fields, reason FROM access_log WHERE subject_id = %s ORDER BY read_at"
        return conn.execute(query, [user]).fetchall()

    first, second = ask(shop, notes)
    assert (first[0], first[1], first[3]) == ("the auditor", "auditor", "console /console/users/<user_id>")
    assert {"email", "card_last4", "history"} <= set(first[2])
    assert second[2] == ["email"]
    assert "the auditor" in auditor.get(f"/access-log?subject={user}").text


@pytest.mark.parametrize(
    "page", ["/users", "/events", "/customers", "/quarantine", "/deliveries", "/schedule"]
)
def test_lists_of_people_are_noted_too(auditor: Person, shop: str, page: str) -> None:
    auditor.get(page)

    assert ask(shop, count_of_reads) > 0


def test_unread_page_notes_nothing(auditor: Person, shop: str) -> None:
    auditor.get("/users/user_nobody")
    auditor.get("")

    assert ask(shop, count_of_reads) == 0


def test_past_shows_what_was_true_and_known_then(auditor: Person, shop: str) -> None:
    user = ask(shop, a_payer)

    before = auditor.get(f"/users/{user}?as_of=2020-01-01T00:00:00Z")
    unheard = auditor.get(f"/users/{user}?known_at=2020-01-01T00:00:00Z")

    assert before.status_code == unheard.status_code == 200
    assert "No event mentioned this user by then" in before.text
    assert "No event mentioned this user by then" in unheard.text


def test_instant_without_a_zone_is_utc_as_the_page_says(auditor: Person, shop: str) -> None:
    user = ask(shop, a_payer)

    page = auditor.get(f"/users/{user}?as_of=2026-01-01T12:00").text
    later = auditor.get(f"/users/{user}?as_of=2098-01-01T12:00")

    assert 'datetime="2026-01-01T12:00:00Z"' in page
    assert (later.status_code, "expected an instant that has passed" in later.text) == (400, True)


def test_event_page_shows_body_signature_proof_and_place(auditor: Person, shop: str) -> None:
    page = auditor.get(f"/events/{ask(shop, an_event)}").text

    for word in ("0123456789ab", "under the checkpoint of", "j-key", "part ", "amount paid", "USD"):
        assert word in page


def test_proof_file_is_checked_before_it_is_given(auditor: Person, shop: str) -> None:
    answer = auditor.get(f"/events/{ask(shop, an_event)}/proof")

    assert answer.json is not None
    assert answer.json["tenure_event_proof"] == 1


def test_event_with_a_second_body_shows_it_as_evidence(auditor: Person, shop: str) -> None:
    doubted = ask(shop, particular)[3]

    page = auditor.get(doubted).text

    assert "Other bodies under this key" in page
    assert "&lt;script&gt;window.hacked=3" in page


def test_checkpoint_verifies_until_a_tree_is_changed(auditor: Person, shop: str) -> None:
    assert "verifies" in auditor.get("").text

    with connect(shop, application_name="test") as conn:
        conn.execute("ALTER TABLE log_nodes DISABLE TRIGGER ALL")
        conn.execute(
            "UPDATE log_nodes SET hash = sha256('other') WHERE level = 0 AND index = 0 AND part < 32"
        )
        conn.execute("UPDATE log_nodes SET hash = sha256('other') WHERE level > 0 AND part < 32")
        conn.commit()

    page = auditor.get("/checkpoints").text
    assert "fails" in page
    assert "differ from its signed roots" in page


def test_same_address_is_a_hint_and_links_nothing(auditor: Person, shop: str) -> None:
    page = auditor.get("/customers").text

    assert STRANGER in page
    assert "That is a hint, not a proof" in page
    unlinked = "SELECT user_id FROM customer_links WHERE customer_id = %s"
    assert ask(shop, lambda conn: conn.execute(unlinked, [STRANGER]).fetchone()) == (None,)


HOSTILE_QUESTIONS = (
    "/users?after=x",
    "/users?q=%00",
    "/users?subscription_status=x",
    "/events?after=%FF",
    "/events?after=a&before=b",
    "/events?source=x",
    "/events?occurred_after=yesterday",
    "/events?type=%F0%9F%92%A9*&user_id=%27",
    "/events?aggregate_id=" + "x" * 401,
    "/users/user_1?as_of=99999-01-01",
    "/users/user_1?known_at=2026-02-30T00:00",
    "/users/%00",
    "/users/a%0Ab",
    "/events/%00",
    "/events/" + "x" * 500,
    "/events/00000000-0000-0000-0000-000000000000",
    "/events/00000000-0000-0000-0000-000000000000/proof",
    "/users/user_nobody",
    "/users/user_nobody/explain/email",
    "/users/user_nobody/explain/nonsense",
    "/access-log?after=1",
    "/checkpoints/99999999999999999999/note",
    "/jobs?status=x",
    "/schedule?days=2",
    "/customers?after=%00",
    "/nowhere/at/all",
)


@pytest.mark.parametrize("path", HOSTILE_QUESTIONS)
def test_hostile_question_is_answered_as_a_page(reader: Person, path: str) -> None:
    answer = reader.get(path, follow_redirects=True)

    assert answer.status_code in (200, 400, 404)
    assert "</html>" in answer.text


def test_pages_lead_through_all_events(auditor: Person, shop: str) -> None:
    seen, path = set(), "/events"
    while path:
        page = auditor.get(path).text
        seen |= set(re.findall(r'href="/console/events/([0-9a-f-]{36})"', page))
        match = re.search(r'rel="next" href="/console(/events[^"]+)"', page)
        path = match[1].replace("&amp;", "&") if match else ""

    total = ask(shop, lambda conn: conn.execute("SELECT count(*) FROM events").fetchall())
    assert [(len(seen),)] == total


def test_the_list_of_users_explains_its_order(reader: Person) -> None:
    assert "in the order of an internal id" in reader.get("/users").text
