"""Transports of messages: an SMTP server, or a folder when SMTP_URL is not set."""

import os
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import structlog

from outbound.email.errors import BadSmtpUrl, MailNotDelivered, PerhapsDelivered, Undeliverable

TIMEOUT_S = 30.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
log = structlog.get_logger("tenure.email")


class Transport(Protocol):
    """Raises: MailNotDelivered, Undeliverable, PerhapsDelivered.

    `sends`: False if `deliver` only stores the message, so it reaches no recipient.
    `handing_over` is called just before the point after which a broken connection leaves it unknown
    whether the server accepted the message.
    """

    @property
    def sends(self) -> bool: ...

    def deliver(self, message: EmailMessage, *, handing_over: Callable[[], None]) -> None: ...


class Outbox:
    """Files in a folder, for a service without SMTP_URL. One file per Message-ID, complete or absent."""

    sends = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, message: EmailMessage, *, handing_over: Callable[[], None]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        path = self._folder / f"{name}.eml"
        unfinished = path.with_suffix(".part")
        fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(message.as_bytes())
        unfinished.replace(path)
        log.info("no SMTP_URL, so the mail is a file", file=path.name, subject=str(message["Subject"]))


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The parts of SMTP_URL: smtp(s)://user:password@host:port?starttls=auto|required|never."""

    host: str
    port: int
    is_tls: bool
    user: str | None
    password: str | None
    starttls: str

    @classmethod
    def of(cls, url: str) -> "SmtpServer":
        """Raises: BadSmtpUrl."""
        try:
            parts = urlsplit(url)
            port = parts.port
            starttls = parse_qs(parts.query, strict_parsing=bool(parts.query)).get("starttls", ["auto"])[-1]
        except ValueError:
            raise BadSmtpUrl("SMTP_URL: expected smtp://user:password@host:port, found no such URL") from None
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise BadSmtpUrl("SMTP_URL: expected smtp:// or smtps:// and a host")
        if starttls not in ("auto", "required", "never"):
            raise BadSmtpUrl("SMTP_URL: expected starttls=auto, required or never")
        is_tls = parts.scheme == "smtps"
        user, password = (
            None if part is None else unquote(part) for part in (parts.username, parts.password)
        )
        return cls(parts.hostname, port or (465 if is_tls else 587), is_tls, user, password, starttls)


class Smtp:
    """One connection per message: mail is rare, and an idle connection may break."""

    sends = True

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._server = SmtpServer.of(url)
        self._tls = tls or ssl.create_default_context()
        self._timeout_s = timeout_s

    def deliver(self, message: EmailMessage, *, handing_over: Callable[[], None]) -> None:
        try:
            smtp = self._connected()
        except (OSError, smtplib.SMTPException) as problem:
            raise _not_delivered(problem) from problem
        try:
            self._send(smtp, message, handing_over)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def _connected(self) -> smtplib.SMTP:
        where = self._server
        if where.is_tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                where.host, where.port, timeout=self._timeout_s, context=self._tls
            )
        else:
            smtp = smtplib.SMTP(where.host, where.port, timeout=self._timeout_s)
        try:
            smtp.ehlo_or_helo_if_needed()
            if not where.is_tls:
                self._secure(smtp)
            if where.user is not None:
                smtp.login(where.user, where.password or "")
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _secure(self, smtp: smtplib.SMTP) -> None:
        where = self._server
        if where.starttls != "never" and smtp.has_extn("starttls"):
            smtp.starttls(context=self._tls)
            smtp.ehlo()
        elif where.starttls == "required":
            raise MailNotDelivered("the server offers no STARTTLS, which SMTP_URL requires")
        elif where.user is not None and where.host not in _LOOPBACK and where.starttls != "never":
            raise MailNotDelivered("the server offers no STARTTLS, and a password is not sent in the clear")

    def _send(self, smtp: smtplib.SMTP, message: EmailMessage, handing_over: Callable[[], None]) -> None:
        sender, recipient = (message[name].addresses[0].addr_spec for name in ("From", "To"))
        try:
            _expect(smtp.mail(sender, _options(smtp, recipient)), 250)
            _expect(smtp.rcpt(recipient), 250, 251)
            _expect(smtp.docmd("DATA"), 354)
        except (OSError, smtplib.SMTPException) as problem:
            raise _not_delivered(problem) from problem
        handing_over()
        body = message.as_bytes()
        try:
            smtp.send(_dotted(body))
            answer = smtp.getreply()
        except (OSError, smtplib.SMTPException) as problem:
            name = type(problem).__name__
            raise PerhapsDelivered(
                f"the connection broke ({name}) before the server's last answer"
            ) from problem
        _expect(answer, 250)


def _options(smtp: smtplib.SMTP, recipient: str) -> list[str]:
    """The options of MAIL FROM. Source: RFC 6531 §3.4. Raises: Undeliverable."""
    if recipient.isascii():
        return []
    if not smtp.has_extn("smtputf8"):
        raise Undeliverable("the user's address needs SMTPUTF8, which the mail server does not offer")
    return ["SMTPUTF8", "BODY=8BITMIME"]


def _dotted(body: bytes) -> bytes:
    """The body in the form of DATA. Source: RFC 5321 §4.5.2."""
    lines = body.replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"


def _expect(answer: tuple[int, bytes], *expected: int) -> None:
    """Raises: Undeliverable (5xx), MailNotDelivered (other codes). An address is never quoted."""
    code = answer[0]
    if code in expected:
        return
    if 500 <= code < 600:
        raise Undeliverable(f"the mail server refused it for good ({code})")
    raise MailNotDelivered(f"the mail server refused it for now ({code})")


def _not_delivered(problem: Exception) -> Exception:
    """The error for a failure before the handover: nothing was sent, so the job may retry."""
    if isinstance(problem, MailNotDelivered | Undeliverable):
        return problem
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return MailNotDelivered(f"the mail server does not accept SMTP_URL's user ({problem.smtp_code})")
    if isinstance(problem, smtplib.SMTPResponseException):
        return MailNotDelivered(f"the mail server answered {problem.smtp_code}")
    if isinstance(problem, socket.gaierror):
        return MailNotDelivered("the mail server's name is unknown")
    return MailNotDelivered(f"the mail server is down ({type(problem).__name__})")
