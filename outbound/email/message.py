"""A message in text and HTML; user input can't add a header, a recipient or a tag."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Any
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from handlers.configuration import Configuration
from outbound.email.errors import Undeliverable
from outbound.email.occasions import Occasion
from outbound.email.recipient import Recipient
from queries.money import money

ADDRESS_LIMIT = 254
NAME_LIMIT = 60
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,190}")

_PAGES = Environment(
    loader=PackageLoader("outbound.email", "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def compose(
    occasion: Occasion,
    user: Recipient,
    about: Mapping[str, Any],  # Any: JSON values
    *,
    job_id: UUID,
    now: datetime,
    settings: Configuration,
) -> EmailMessage:
    """The message, ready to be sent; the same job gives the same Message-ID.

    Raises: Undeliverable when the user's address is invalid.
    """
    sender = _address(settings.get("email", "from_address"))
    product = settings.get("email", "product_name")
    variables = {
        "name": one_line(user.full_name or "")[:NAME_LIMIT],
        "plan_name": one_line(user.plan_name or "")[:NAME_LIMIT],
        "product": product,
        "billing_url": settings.get("email", "billing_url"),
        **_formatted(about),
    }
    receiver = _address(user.email or "")
    # Source: RFC 6532; used only where needed, since not every server accepts it.
    message = EmailMessage(policy=SMTP if receiver.isascii() else SMTPUTF8)
    message["From"] = Address(product, addr_spec=sender)
    local, _, domain = receiver.rpartition("@")
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = one_line(occasion.subject.format(product=product))
    message["Date"] = now
    message["Message-ID"] = f"<{job_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    text, html = (
        _PAGES.get_template(f"{occasion.name}.{form}").render(variables) for form in ("txt", "html")
    )
    message.set_content(text.strip() + "\n", cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


def one_line(text: str) -> str:
    """The text without control characters, so that it stays on one line."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _formatted(about: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON values
    variables: dict[str, Any] = {"days": about.get("days"), "ends_on": None, "amount": None}
    if "ends_at" in about:
        ends_at = datetime.fromisoformat(about["ends_at"])
        variables["ends_on"] = f"{ends_at.day} {ends_at:%B %Y, %H:%M} UTC"
    if "amount_minor" in about:
        variables["amount"] = money(about["amount_minor"], about["currency"])
    return variables


def _address(text: str) -> str:
    """The address, its domain in ASCII."""
    if len(text) > ADDRESS_LIMIT or _ADDRESS.fullmatch(text) is None or not text.isprintable():
        raise Undeliverable("the user's address is not a valid mail address")
    local, _, domain = text.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise Undeliverable("the domain of the user's address is invalid") from None
