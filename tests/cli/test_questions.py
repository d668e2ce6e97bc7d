"""What `tenure status`, `events`, `user` and `tokens` answer, over webhooks that came in disorder."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import click
import pytest

from cli import main
from cli.output import instant
from database.pool import Connection
from demo.deliveries import stripe_delivery
from demo.history import make_world
from demo.sender import Target, post
from demo.world import DemoWorld
from events.append import keep_unreadable
from events.clock import utc_now
from handlers.tokens import TokenRefused, check_token
from tests.handlers.users import joined, sold, tell
from tests.installation import Tenure, as_url, play, project
from tests.projections import replaying
from tests.projections.event_builders import (
    USER,
    clerk,
    linked,
    stripe,
    two_snapshots_of_one_second,
    user,
)

Json = dict[str, Any]  # Any: a provider's JSON


def _json(tenure: Tenure, *args: str) -> Any:  # Any: whatever the command says
    result = tenure(*args, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_status_counts_the_log_and_finds_nothing_waiting(tenure: Tenure, shop: DemoWorld) -> None:
    status = _json(tenure, "status")

    assert status["events"] == len(shop.deliveries)
    assert (status["users"], status["lag_events"], status["migrations_pending"]) == (3, 0, 0)
    assert status["replay_due"] is False
    assert status["running"] == []
    assert "tenure run" in status["advice"][0]


def test_status_says_that_a_replay_is_due(tenure: Tenure, shop: DemoWorld, conn: Connection) -> None:
    conn.execute("UPDATE projection_checkpoints SET projector_version = 'older'")
    conn.commit()

    status = _json(tenure, "status")

    assert status["replay_due"] is True
    assert any("tenure replay" in line for line in status["advice"])


def test_status_of_an_empty_database_names_the_migrations(
    tenure: Tenure, empty_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_url(empty_database.conninfo))

    status = _json(tenure, "status")

    assert status["migrations_applied"] == 0
    assert any("tenure migrate up" in line for line in status["advice"])


def test_user_is_found_by_id_address_and_customer(tenure: Tenure, shop: DemoWorld) -> None:
    person = next(candidate for candidate in shop.people if candidate.links)
    by_id = _json(tenure, "user", "show", person.user_id)

    assert _json(tenure, "user", "show", person.links[0]) == by_id
    assert _json(tenure, "user", "show", by_id["email"].upper()) == by_id


def test_unknown_user_is_exit_one(tenure: Tenure, shop: DemoWorld) -> None:
    for reference in ("user_nobody", "nobody@example.org", "cus_nobody"):
        result = tenure("user", "show", reference)

        assert (result.exit_code, result.stdout) == (1, "")
        assert reference in result.stderr


def test_a_customer_without_a_link_is_named_with_its_events(tenure: Tenure, conn: Connection) -> None:
    payload = {"id": "cus_unlinked", "object": "customer"}
    tell(conn, *(stripe(f"customer.{kind}", payload) for kind in ("created", "updated")))

    result = tenure("user", "why", "cus_unlinked")

    assert result.exit_code == 1
    assert "cus_unlinked is linked to no user (2 events wait): tenure link add USER" in result.stderr


def test_an_id_with_an_at_sign_comes_before_the_address(tenure: Tenure, conn: Connection) -> None:
    tell(conn, clerk("user.created", user(email="odd@example.org")), linked(user_id="odd@example.org"))

    result = tenure("user", "show", "odd@example.org", "--json")

    assert json.loads(result.stdout)["user_id"] == "odd@example.org"
    assert f"the address of {USER}" in result.stderr


def test_address_of_several_users_is_never_guessed(
    tenure: Tenure, doors: Target, conninfo: str, conn: Connection
) -> None:
    play(doors, make_world(3, 2, days=10, steps_per_user=1), conninfo)
    conn.execute("UPDATE users SET email = 'shared@example.org'")
    conn.commit()

    result = tenure("user", "show", "shared@example.org")

    assert result.exit_code == 1
    assert result.stderr.count("user_") == 2


def test_user_before_and_after_is_asked_by_time(tenure: Tenure, shop: DemoWorld) -> None:
    person = shop.people[0]
    history = _json(tenure, "user", "history", person.user_id)
    first = history[0]["occurred_at"]

    then = _json(tenure, "user", "show", person.user_id, "--as-of", first)
    before = tenure("user", "show", person.user_id, "--as-of", "2000-01-01")

    assert then["last_webhook_timestamp"] == first
    assert before.exit_code == 1


def test_explain_names_the_event_of_the_value(tenure: Tenure, shop: DemoWorld) -> None:
    person = shop.people[0]

    explanation = _json(tenure, "user", "explain", person.user_id, "full_name")

    shown = _json(tenure, "user", "show", person.user_id)
    assert explanation["value"] == shown["full_name"]
    assert _json(tenure, "events", "show", explanation["event_id"])["event_type"] == explanation["event_type"]


def test_explain_marks_a_value_that_hangs_on_an_unknown_order(tenure: Tenure, conninfo: str) -> None:
    replaying.tell(conninfo, two_snapshots_of_one_second())
    replaying.project(conninfo)

    marked = tenure("user", "explain", USER, "subscription_status").stdout
    certain = tenure("user", "explain", USER, "current_plan").stdout

    assert "another order, which gives past_due" in " ".join(marked.split())
    assert "undecided" not in certain


def test_explaining_no_column_is_wrong_usage(tenure: Tenure, shop: DemoWorld) -> None:
    assert tenure("user", "explain", shop.people[0].user_id, "nonsense").exit_code == 2


def test_looking_at_a_person_leaves_a_note(tenure: Tenure, shop: DemoWorld, conn: Connection) -> None:
    user_id = shop.people[0].user_id

    tenure("user", "show", user_id, "--reason", "ticket 7")

    row = conn.execute("SELECT subject_id, reason, reader FROM access_log").fetchone()
    assert row is not None
    assert row[:2] == (user_id, "ticket 7")
    assert row[2].startswith("cli:")


def test_pages_of_events_lead_through_the_whole_log_once(tenure: Tenure, shop: DemoWorld) -> None:
    seen: list[str] = []
    page = _json(tenure, "events", "list", "--limit", "20")
    while True:
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        page = _json(tenure, "events", "list", "--limit", "20", "--after", page["next"])

    assert len(seen) == len(set(seen)) == len(shop.deliveries)


def test_event_shows_the_body_that_was_signed(tenure: Tenure, shop: DemoWorld) -> None:
    sent = shop.deliveries[0]

    event = _json(tenure, "events", "show", sent.message_id)

    assert event["event_data"] == sent.event
    assert tenure("events", "show", sent.message_id).exit_code == 0


def test_what_is_kept_beside_the_log_is_shown_by_its_id(
    tenure: Tenure, shop: DemoWorld, conn: Connection
) -> None:
    sent = shop.deliveries[0]
    (event,) = conn.execute(
        "SELECT part, position, id FROM events WHERE idempotency_key = %s", [sent.message_id]
    ).fetchall()
    conn.execute(
        "INSERT INTO event_conflicts VALUES (%s, %s, gen_random_uuid(), 'clerk', %s, 'clerk.user.created',"
        " '{\"other\": 1}', '{}', '\\x01', now())",
        [event[0], event[1], sent.message_id],
    )
    keep_unreadable(conn, source_system="stripe", body=b"\xff{", reason="not UTF-8", metadata={})
    conn.commit()

    (conflict,) = _json(tenure, "events", "conflicts")
    (lost,) = _json(tenure, "events", "unreadable")

    assert conflict["event_id"] == str(event[2])
    assert _json(tenure, "events", "show", conflict["id"])["body"] == '{"other": 1}'
    assert _json(tenure, "events", "show", lost["id"])["body"] == "\\xff{"
    notes = conn.execute("SELECT DISTINCT reason FROM access_log").fetchall()
    assert notes == [("tenure events show",)]


def test_an_instant_is_taken_back_as_it_is_shown(tenure: Tenure, shop: DemoWorld) -> None:
    shown = instant(datetime(2026, 3, 3, 12, tzinfo=UTC))

    assert _json(tenure, "events", "list", "--recorded-before", shown)["items"] == []


def test_a_time_without_a_zone_is_utc(tenure: Tenure, shop: DemoWorld) -> None:
    shown = _json(tenure, "events", "list", "--limit", "1")["items"][0]["recorded_at"]

    later = _json(tenure, "events", "list", "--recorded-before", shown.removesuffix("Z"))
    assert later == _json(tenure, "events", "list", "--recorded-before", shown)


@pytest.mark.parametrize("when", ["yesterday", "2026-13-01", "0001-01-01T00:00:00+23:59", "9999-12-31"])
def test_no_time_is_wrong_usage(tenure: Tenure, when: str) -> None:
    assert tenure("events", "list", "--recorded-after", when).exit_code == 2


def cursors(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[list[str]]:
    """The words of each command with an option that takes a cursor."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if inner := command.get_command(context, name):
                yield from cursors(inner, (*path, name))
    else:
        options = [parameter for parameter in command.params if parameter.metavar == "CURSOR"]
        yield from ([*path, option.opts[0]] for option in options)


def test_a_tampered_cursor_is_wrong_usage(tenure: Tenure) -> None:
    options = list(cursors(main))

    assert {" ".join(words) for words in options} >= {"events list --after", "link unlinked --after"}
    for words, cursor in product(options, ["", "cus_1", "\x1b[31m", "a" * 3000, "bm8A"]):
        result = tenure(*words, cursor)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1), (words, cursor, result.stderr)


def test_token_is_shown_once_and_opens_until_revoked(tenure: Tenure, conn: Connection) -> None:
    token = _json(tenure, "tokens", "create", "auditor", "--name", "ci")
    assert check_token(conn, token["token"], now=utc_now()).role == "auditor"
    conn.commit()

    tenure("tokens", "revoke", token["id"])

    assert token["token"] not in tenure("tokens", "list", "--json").stdout
    with pytest.raises(TokenRefused):
        check_token(conn, token["token"], now=utc_now())


def test_token_alone_is_on_stdout(tenure: Tenure) -> None:
    result = tenure("tokens", "create", "service")

    assert result.stdout.startswith("tnr_service_")
    assert len(result.stdout.splitlines()) == 1


def test_revoking_nothing_is_exit_one(tenure: Tenure) -> None:
    assert tenure("tokens", "revoke", "01890000-0000-7000-8000-000000000000").exit_code == 1
    assert tenure("tokens", "create", "king").exit_code == 2


def _poison(doors: Target, customer_id: str) -> None:
    """A signed subscription whose status is no text."""
    body: Json = {"id": "evt_poison", "object": "event", "type": "customer.subscription.updated"}
    payload: Json = {"id": "sub_p", "object": "subscription", "customer": customer_id, "status": 42}
    payload |= {"created": 1_760_000_000, "items": {"data": []}}
    body |= {"created": 1_790_000_000, "livemode": True, "data": {"object": payload}}
    assert post(doors, stripe_delivery(body)) == "appended"


def test_quarantine_names_user_and_event_until_it_is_fixed(
    tenure: Tenure, shop: DemoWorld, doors: Target, conninfo: str
) -> None:
    person = next(candidate for candidate in shop.people if candidate.links)
    user_id = person.user_id
    _poison(doors, person.links[0])
    project(conninfo)

    (row,) = _json(tenure, "quarantine", "list")
    again = tenure("quarantine", "retry", "--json")

    assert (row["user_id"], row["event_type"]) == (user_id, "stripe.customer.subscription.updated")
    assert (again.exit_code, json.loads(again.stdout)) == (
        1,
        {"freed": [], "left": [user_id], "dry_run": False},
    )
    assert "stale" in tenure("user", "show", user_id).stdout
    assert _json(tenure, "status")["quarantined"] == 1


def test_the_way_out_that_operations_names_for_a_stripe_event(
    tenure: Tenure, shop: DemoWorld, doors: Target, conninfo: str, conn: Connection
) -> None:
    person = next(candidate for candidate in shop.people if candidate.links)
    user_id, customer = person.user_id, person.links[0]
    tell(conn, *sold())
    _poison(doors, customer)
    project(conninfo)
    why = ("--reason", "quarantine")

    refused = tenure("plan", "grant", user_id, "glow_up", *why)
    removed = tenure("link", "remove", user_id, customer, *why)
    granted = tenure("plan", "grant", user_id, "glow_up", *why)
    freed = _json(tenure, "user", "show", user_id)
    waiting = _json(tenure, "link", "unlinked")["items"]
    tenure("link", "add", user_id, customer, *why)

    assert [result.exit_code for result in (refused, removed, granted)] == [1, 0, 0]
    assert (freed["stale"], freed["current_plan"]) == (False, "glow_up")
    assert customer in [row["customer_id"] for row in waiting]
    assert _json(tenure, "user", "show", user_id)["stale"] is True


def test_retrying_somebody_who_is_not_quarantined_says_so(tenure: Tenure, shop: DemoWorld) -> None:
    result = tenure("quarantine", "retry", shop.people[0].user_id)

    assert (result.exit_code, result.stdout) == (1, "")
    assert shop.people[0].user_id in result.stderr


def test_before_anything_was_known_of_a_user(tenure: Tenure, shop: DemoWorld) -> None:
    user_id = shop.people[0].user_id
    for question in (["show", user_id], ["history", user_id], ["explain", user_id, "current_plan"]):
        result = tenure("user", *question, "--known-at", "2001-01-01")

        assert result.exit_code == 1
        assert "by then" in result.stderr


def test_retrying_nobody_is_no_failure(tenure: Tenure, shop: DemoWorld) -> None:
    assert _json(tenure, "quarantine", "retry") == {"freed": [], "left": [], "dry_run": False}


def test_events_of_nobody_are_no_empty_list(tenure: Tenure) -> None:
    result = tenure("events", "list", "--user", "nope")

    assert result.exit_code == 1
    assert "no user nope" in result.stderr


LAST_YEAR, IN_A_YEAR = (f"{utc_now().year + by}-01-01" for by in (-1, 1))
NEXT_MILLENNIUM = "3000-01-01"


@pytest.mark.parametrize(
    "words",
    [
        ("user", "show", "USER", "--as-of", IN_A_YEAR),
        ("user", "history", "USER", "--known-at", IN_A_YEAR),
        ("user", "explain", "USER", "email", "--as-of", NEXT_MILLENNIUM),
        ("tokens", "create", "auditor", "--expires-at", LAST_YEAR),
        ("tokens", "create", "auditor", "--expires-at", NEXT_MILLENNIUM),
        ("plan", "grant", "USER", "glow_up", "--reason", "a test", "--until", LAST_YEAR),
        ("trial", "start", "USER", "--reason", "a test", "--until", "2900-01-01"),
    ],
)
def test_an_instant_outside_its_range_is_wrong_usage(
    tenure: Tenure, conn: Connection, words: tuple[str, ...]
) -> None:
    tell(conn, *sold(), *joined(USER))

    result = tenure(*(USER if word == "USER" else word for word in words))

    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    assert result.stderr.count("\n") == 1
