"""Each occasion is written about once, unless its reason went away; against a real SMTP server."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from database.pool import Connection
from events.domain.user import TrialEndingSoon, TrialExpired, TrialExtended, TrialStarted
from handlers.configuration import set_value
from handlers.trials import Length, end_trial, extend_trial
from outbound.email import Outbox, Smtp
from outbound.email.occasions import DueMail
from outbound.email.scheduling import schedule_email
from tests.handlers.orders import order
from tests.jobs.shop import NOW, Clock, states
from tests.outbound.email.conftest import MailServer
from tests.outbound.email.post import (
    CUSTOMER,
    USER,
    mail_event_types,
    own,
    person,
    person_without_welcome,
    project,
    schedule,
    send,
    shown,
    stripe,
)

ENDS = NOW + timedelta(days=3)
ODD = "a\x00\ud800"
WARNING = TrialEndingSoon(ends_at=ENDS, days=3)


def _on_trial(conn: Connection) -> None:
    person_without_welcome(conn)
    own(conn, TrialStarted(starts_at=NOW - timedelta(days=4), ends_at=ENDS), at=NOW - timedelta(days=4))


def _unpaid(conn: Connection) -> None:
    person_without_welcome(conn)
    customer = {"object": "customer", "id": CUSTOMER, "metadata": {"userId": USER}}
    stripe(conn, "customer.created", customer, at=NOW - timedelta(days=30), key="evt_0")
    invoice = {"object": "invoice", "id": "in_1", "customer": CUSTOMER, "amount_due": 9900, "currency": "usd"}
    stripe(conn, "invoice.payment_failed", invoice, key="evt_1")
    stripe(conn, "invoice.payment_failed", invoice, at=NOW + timedelta(hours=1), key="evt_2")


def test_welcome_reaches_the_server_in_text_and_html(
    conn: Connection, conninfo: str, mail_server: MailServer
) -> None:
    person(conn, "ada@example.com", name="Ada <b>")
    assert schedule(conninfo) == {"welcome": 1}

    send(conninfo, Smtp(mail_server.url))

    (mail,) = mail_server.received()
    message = mail["message"]
    html = message.get_body(["html"]).get_content()
    assert (mail["from"], mail["to"]) == ("billing@localhost", ["ada@example.com"])
    assert (message["To"], message["Subject"]) == ("ada@example.com", "Welcome to Tenure")
    assert "Hello Ada <b>," in message.get_body(["plain"]).get_content()
    assert "Ada &lt;b&gt;" in html
    assert "<b>" not in html
    assert mail_event_types(conn) == ["email.scheduled", "email.sent"]
    assert shown(conn)["welcome"]["status"] == "sent"


def test_same_occasion_is_never_written_about_twice(
    conn: Connection, conninfo: str, mail_server: MailServer
) -> None:
    _unpaid(conn)
    first = schedule(conninfo)
    send(conninfo, Smtp(mail_server.url))
    conn.execute("DELETE FROM background_jobs")
    conn.commit()

    second = schedule(conninfo)
    send(conninfo, Smtp(mail_server.url))

    assert (first, second) == ({"payment_failed": 1}, {})
    (mail,) = mail_server.received()
    text = mail["message"].get_body(["plain"]).get_content()
    assert "of 99.00\u00a0USD for Tenure" in text


def test_paid_before_the_reminder_cancels_it(
    conn: Connection, conninfo: str, mail_server: MailServer
) -> None:
    _unpaid(conn)
    schedule(conninfo)
    paid = {
        "object": "invoice",
        "id": "in_1",
        "customer": CUSTOMER,
        "amount_paid": 9900,
        "number": "a\x00\ud800",
    }
    stripe(conn, "invoice.paid", paid, at=NOW + timedelta(hours=2), key="evt_3")
    project(conninfo)

    send(conninfo, Smtp(mail_server.url))

    assert mail_server.received() == []
    assert states(conninfo) == [("cancelled", 0)]
    assert shown(conn)["payment_failed"]["status"] == "cancelled"


def test_payment_that_is_stored_but_not_projected_is_waited_for(conn: Connection, conninfo: str) -> None:
    _unpaid(conn)
    schedule(conninfo)
    paid = {
        "object": "invoice",
        "id": "in_1",
        "customer": CUSTOMER,
        "amount_paid": 9900,
        "number": "a\x00\ud800",
    }
    stripe(conn, "invoice.paid", paid, at=NOW + timedelta(hours=2), key="evt_3")
    clock = Clock()

    send(conninfo, Outbox(Path("/nonexistent")), clock=clock)  # projects afterwards
    waiting = states(conninfo)
    clock.pass_s(10)
    send(conninfo, Outbox(Path("/nonexistent")), clock=clock)

    assert (waiting, states(conninfo)) == ([("pending", 0)], [("cancelled", 0)])


def test_extended_trial_cancels_the_warning_of_its_old_end(
    conn: Connection, conninfo: str, tmp_path: Path
) -> None:
    _on_trial(conn)
    own(conn, WARNING)
    schedule(conninfo)
    own(conn, TrialExtended(ends_at=ENDS + timedelta(days=7)), at=NOW + timedelta(minutes=1))
    project(conninfo)

    send(conninfo, Outbox(tmp_path))

    assert (list(tmp_path.iterdir()), states(conninfo)) == ([], [("cancelled", 0)])


def test_trial_warnings_and_expiry_are_three_messages(
    conn: Connection, conninfo: str, mail_server: MailServer
) -> None:
    _on_trial(conn)
    clock = Clock()
    own(conn, WARNING)
    schedule(conninfo)
    send(conninfo, Smtp(mail_server.url), clock=clock)
    for fact, at in (
        (TrialEndingSoon(ends_at=ENDS, days=1), ENDS - timedelta(days=1)),
        (TrialExpired(ends_at=ENDS), ENDS),
    ):
        clock.at = at
        own(conn, fact, at=at)
        schedule(conninfo, now=at)
        send(conninfo, Smtp(mail_server.url), clock=clock)

    titles = [
        m["message"].get_body(["html"]).get_content().split("<title>")[1] for m in mail_server.received()
    ]
    assert [title.split("</title>")[0] for title in titles] == [
        "Your trial ends in 3 days",
        "Your trial ends tomorrow",
        "Your trial has ended",
    ]


def test_reasons_of_old_histories_write_to_nobody(conn: Connection, conninfo: str) -> None:
    person(conn, at=NOW - timedelta(days=5))

    assert schedule(conninfo) == {}


def test_reason_of_a_customer_linked_later_is_found_then(conn: Connection, conninfo: str) -> None:
    invoice = {"object": "invoice", "id": "in_1", "customer": CUSTOMER, "amount_due": 1, "currency": "jpy"}
    stripe(conn, "invoice.payment_failed", invoice, key="evt_1")
    before = schedule(conninfo)
    person_without_welcome(conn)
    customer = {"object": "customer", "id": CUSTOMER, "metadata": {"userId": USER}}
    stripe(conn, "customer.updated", customer, key="evt_2")

    assert (before, schedule(conninfo)) == ({}, {"payment_failed": 1})


def test_without_a_server_mail_is_a_file_that_only_we_can_read(
    conn: Connection, conninfo: str, tmp_path: Path
) -> None:
    person(conn)
    schedule(conninfo)

    send(conninfo, Outbox(tmp_path / "outbox"))

    (file,) = (tmp_path / "outbox").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"Subject: Welcome to Tenure\r\n" in file.read_bytes()
    assert mail_event_types(conn) == ["email.scheduled", "email.failed"]
    assert shown(conn)["welcome"]["status"] == "failed"


def test_refused_address_is_told_once_and_never_tried_again(
    conn: Connection, conninfo: str, mail_server: MailServer
) -> None:
    person(conn, "refused@example.com")
    schedule(conninfo)

    send(conninfo, Smtp(mail_server.url))

    row = conn.execute("SELECT error FROM background_jobs").fetchone()
    assert states(conninfo) == [("dead", 0)]
    assert row is not None
    assert "for good (550)" in row[0]
    assert "refused@" not in row[0]
    assert shown(conn)["welcome"]["status"] == "failed"


def test_busy_server_is_tried_again_later(conn: Connection, conninfo: str, mail_server: MailServer) -> None:
    person(conn, "busy@example.com")
    schedule(conninfo)

    send(conninfo, Smtp(mail_server.url))

    row = conn.execute("SELECT error, result FROM background_jobs").fetchone()
    assert states(conninfo) == [("failed", 1)]
    assert row == ("MailNotDelivered: the mail server refused it for now (451)", None)
    assert mail_event_types(conn) == ["email.scheduled"]


def test_server_that_hangs_up_in_the_middle_gets_no_second_copy(
    conn: Connection, conninfo: str, mail_server: MailServer
) -> None:
    person(conn, "cut@example.com")
    schedule(conninfo)
    clock = Clock()
    for _ in range(3):
        send(conninfo, Smtp(mail_server.url), clock=clock)
        clock.pass_s(3_600)

    assert len(mail_server.received()) == 1
    assert states(conninfo) == [("dead", 0)]
    assert mail_event_types(conn) == ["email.scheduled", "email.failed"]


def test_server_that_is_away_is_waited_for(conn: Connection, conninfo: str, mail_server: MailServer) -> None:
    person(conn)
    schedule(conninfo)
    clock, url = Clock(), mail_server.url
    send(conninfo, Smtp("smtp://127.0.0.1:1"), clock=clock)
    clock.pass_s(3_600)

    send(conninfo, Smtp(url), clock=clock)

    assert states(conninfo) == [("completed", 1)]
    assert len(mail_server.received()) == 1


def test_deleted_user_gets_no_mail(conn: Connection, conninfo: str, tmp_path: Path) -> None:
    person(conn)
    schedule(conninfo)
    conn.execute("UPDATE users SET deleted_at = now(), email = NULL")
    conn.commit()

    send(conninfo, Outbox(tmp_path))

    assert (list(tmp_path.iterdir()), states(conninfo)) == ([], [("cancelled", 0)])


def test_trial_ended_by_hand_is_told_with_the_day_it_ended(
    conn: Connection, conninfo: str, tmp_path: Path
) -> None:
    _on_trial(conn)
    schedule(conninfo)
    clock = Clock(NOW + timedelta(minutes=1))
    end_trial(conn, order(USER, now=clock.at))
    conn.commit()

    schedule(conninfo, now=clock.at)
    send(conninfo, Outbox(tmp_path), clock=clock)

    (file,) = tmp_path.iterdir()
    text = message_from_bytes(file.read_bytes(), policy=default).get_body(["plain"])
    assert text is not None
    assert f"{NOW:%B %Y}, 12:01 UTC" in text.get_content()


def test_trial_taken_up_again_ends_with_a_message_of_its_own(
    conn: Connection, conninfo: str, tmp_path: Path
) -> None:
    _on_trial(conn)
    clock = Clock(NOW + timedelta(minutes=1))
    end_trial(conn, order(USER, "end", now=clock.at))
    conn.commit()
    schedule(conninfo, now=clock.at)
    send(conninfo, Outbox(tmp_path), clock=clock)
    clock.pass_s(60)
    extend_trial(conn, order(USER, "undo", now=clock.at), Length(until=ENDS))
    conn.commit()
    clock.at = ENDS
    own(conn, TrialExpired(ends_at=ENDS), at=ENDS)

    counts = schedule(conninfo, now=clock.at)
    send(conninfo, Outbox(tmp_path), clock=clock)

    assert counts == {"trial_expired": 1}
    assert len(list(tmp_path.iterdir())) == 2


def test_address_of_another_script_reaches_a_server_that_takes_it(
    conn: Connection, conninfo: str, mail_server: MailServer
) -> None:
    person(conn, "ädä@example.com")
    schedule(conninfo)

    send(conninfo, Smtp(mail_server.url))

    (mail,) = mail_server.received()
    assert mail["to"] == ["ädä@example.com"]
    assert mail["message"]["To"] == "ädä@example.com"
    assert states(conninfo) == [("completed", 0)]


def test_server_that_does_not_take_it_is_named_as_the_reason(conn: Connection, conninfo: str) -> None:
    person(conn, "ädä@example.com")
    schedule(conninfo)
    server = MailServer("ascii")

    try:
        send(conninfo, Smtp(server.url))
        mails = server.received()
    finally:
        server.stop()

    assert mails == []
    assert states(conninfo) == [("dead", 0)]
    (why,) = conn.execute("SELECT error FROM background_jobs").fetchone() or ("",)
    assert "SMTPUTF8, which the mail server does not offer" in why


def test_address_of_another_script_is_no_matter_to_a_file(
    conn: Connection, conninfo: str, tmp_path: Path
) -> None:
    person(conn, "ädä@example.com")
    schedule(conninfo)

    send(conninfo, Outbox(tmp_path))

    (file,) = tmp_path.iterdir()
    assert "To: ädä@example.com" in file.read_text()


def test_mail_switched_off_waits(conn: Connection, conninfo: str, tmp_path: Path) -> None:
    person(conn)
    set_value(conn, "email", "is_enabled", "false", now=NOW, actor="op")
    conn.commit()
    schedule(conninfo)

    send(conninfo, Outbox(tmp_path))

    assert (list(tmp_path.iterdir()), states(conninfo)) == ([], [("pending", 0)])


def test_event_and_job_of_a_message_are_one_transaction(conn: Connection, conninfo: str) -> None:
    schedule_email(conn, USER, "welcome", DueMail("1", {}), now=NOW, scheduled_for=NOW)

    conn.rollback()

    assert (mail_event_types(conn), states(conninfo)) == ([], [])


@pytest.mark.parametrize("body", ["{}", '{"data": 7}', '{"data":{"object":{"id":["x"]}}}'])
def test_odd_invoices_write_to_nobody(conn: Connection, conninfo: str, body: str) -> None:
    _unpaid(conn)
    conn.execute("ALTER TABLE events DISABLE TRIGGER events_no_update")
    changed = "UPDATE events SET event_data = %s::json WHERE event_type = 'stripe.invoice.payment_failed'"
    conn.execute(changed, [body])
    conn.commit()

    assert schedule(conninfo) == {}
