"""The person who runs a command, as the access log and the events name them."""

import getpass

from handlers.tokens import Caller


def person() -> Caller:
    """An operator with the login name of the user who runs the command."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Caller(None, f"cli:{name}"[:100], "operator")
