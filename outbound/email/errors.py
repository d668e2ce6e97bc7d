"""Reasons why a message was not delivered."""


class MailNotDelivered(Exception):
    """The server did not accept the message for now. Retry."""


class Undeliverable(Exception):
    """The server rejected the message for good, or the address is invalid. A retry changes nothing."""


class PerhapsDelivered(Exception):
    """The connection broke after the whole message was sent: delivery is unknown. Never sent twice."""


class BadSmtpUrl(Exception):
    """SMTP_URL can't be used. The message says what is wrong and never quotes the password."""
