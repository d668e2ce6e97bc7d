"""Why a message was not delivered."""


class MailNotDelivered(Exception):
    """The server took nothing, for now. Trying again is right."""


class Undeliverable(Exception):
    """The server, or the address itself, says it never will be. Trying again changes nothing."""


class PerhapsDelivered(Exception):
    """The connection broke after the whole message was on its way: nobody knows. Never sent twice."""


class BadSmtpUrl(Exception):
    """SMTP_URL can't be used. The message says what is wrong and never quotes the password."""
