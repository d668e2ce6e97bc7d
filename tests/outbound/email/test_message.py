"""What people typed stays inside its place in a message; SMTP_URL is read strictly."""

from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.configuration import Configuration
from outbound.email.errors import BadSmtpUrl, MailNotDelivered, Undeliverable
from outbound.email.message import compose
from outbound.email.occasions import OCCASIONS
from outbound.email.recipient import Recipient
from outbound.email.transport import Smtp, SmtpServer, _dotted
from tests.outbound.email.conftest import MailServer

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
ABOUT = {"ends_at": "2026-03-06T12:00:00Z", "days": 3, "amount_minor": 9900, "currency": "USD"}


def _user(**changed: Any) -> Recipient:  # Any: a field's value
    fields: dict[str, Any] = {
        "user_id": "user_1",
        "email": "ada@example.com",
        "full_name": "Ada",
        "deleted_at": None,
        "trial_status": "active",
        "trial_end_date": None,
        "subscription_status": "none",
        "plan_name": "Glow Up",
        "customers": [],
        "is_quarantined": False,
    }
    return Recipient(**(fields | changed))


def _message(user: Recipient, occasion: str = "welcome", **settings: str) -> EmailMessage:
    values = {("email", name): value for name, value in settings.items()}
    return compose(
        OCCASIONS[occasion], user, ABOUT, job_id=UUID(int=7), now=NOW, settings=Configuration(values)
    )


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com\nSubject: hi",
        "ada@example.com, eve@example.com",
        "<ada@example.com>",
        "ada@exa mple.com",
        "ada@example.com\x00",
        "ada@" + "x" * 64 + ".com",
        "a" * 65 + "@example.com",
        "ada@ex\u2028ample.com",
        'a"b@example.com',
    ],
)
def test_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Undeliverable) as refused:
        _message(_user(email=address))
    assert not address or address not in str(refused.value)


@given(name=st.text(max_size=200), plan=st.text(max_size=50))
def test_no_name_can_add_a_header_or_a_tag(name: str, plan: str) -> None:
    message = _message(
        _user(full_name=name + "\r\nBcc: eve@example.com<script>", plan_name=plan), "trial_ending"
    )

    head = message.as_bytes().split(b"\r\n\r\n")[0]
    html = message.get_body(("html",))
    assert html is not None
    assert b"\nBcc" not in head
    assert "<script" not in html.get_content()
    assert message["To"] == "ada@example.com"


@pytest.mark.parametrize("occasion", OCCASIONS)
@pytest.mark.parametrize("full_name", ["Ada", None])
def test_every_kind_of_mail_has_both_forms(occasion: str, full_name: str | None) -> None:
    message = _message(
        _user(full_name=full_name), occasion, billing_url="https://example.com/billing?a=1&b=2"
    )

    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "https://example.com/billing?a=1&b=2" in text.get_content()
    assert 'href="https://example.com/billing?a=1&amp;b=2"' in html.get_content()
    assert "None" not in text.get_content() + html.get_content()
    assert "{" not in text.get_content()


def test_domain_of_another_script_is_sent_in_ascii() -> None:
    assert _message(_user(email="ada@münchen.example"))["To"] == "ada@xn--mnchen-3ya.example"


def test_address_of_another_script_is_kept_as_it_is() -> None:
    message = _message(_user(email="ädä@münchen.example"))

    head = message.as_bytes().split(b"\r\n\r\n")[0].decode()
    assert "To: ädä@xn--mnchen-3ya.example" in head.splitlines()


def test_same_job_has_the_same_message_id() -> None:
    assert _message(_user())["Message-ID"] == _message(_user())["Message-ID"]


@pytest.mark.parametrize(
    "url",
    ["http://x", "smtp://", "smtp://h:99999", "smtp://h?starttls=maybe", "smtp://h?nonsense", "smtp://[::1"],
)
def test_unusable_smtp_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadSmtpUrl) as refused:
        SmtpServer.of(url.replace("//", "//user:hunter2@") if url != "smtp://" else url)
    assert "hunter2" not in str(refused.value)


def test_smtp_url_taken_apart() -> None:
    assert SmtpServer.of("smtps://a%40b:p%3Aw@mail.example") == SmtpServer(
        "mail.example", 465, True, "a@b", "p:w", "auto"
    )
    assert SmtpServer.of("smtp://mail.example").port == 587


@pytest.mark.parametrize(
    ("body", "sent"),
    [(b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n.\r\n"), (b".x\n", b"..x\r\n.\r\n"), (b"", b"\r\n.\r\n")],
)
def test_line_that_is_a_dot_does_not_end_the_message(body: bytes, sent: bytes) -> None:
    assert _dotted(body) == sent


def test_login_is_sent_and_a_wrong_one_tries_again(mail_server: MailServer) -> None:
    good = mail_server.url.replace("//", "//op:p%3Aw%2Fd@")
    Smtp(good).deliver(_message(_user()), handing_over=lambda: None)

    with pytest.raises(MailNotDelivered, match="does not accept SMTP_URL's user"):
        Smtp(good.replace("p%3A", "q")).deliver(_message(_user()), handing_over=lambda: None)
    (mail,) = mail_server.received()
    assert mail["login"] == "op"


def test_required_starttls_is_not_done_without(mail_server: MailServer) -> None:
    with pytest.raises(MailNotDelivered, match="offers no STARTTLS"):
        Smtp(mail_server.url + "?starttls=required").deliver(_message(_user()), handing_over=lambda: None)
    assert mail_server.received() == []
