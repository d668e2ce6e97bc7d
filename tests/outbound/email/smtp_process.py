"""A real SMTP server in a process of its own; each message it takes is one JSON line on stdout.

What it does depends on the recipient: `refused@` 550, `busy@` 451 after DATA, `cut@` takes the
message and hangs up without an answer, `hang@` takes it and says nothing. Started with `ascii` it
offers no SMTPUTF8, with a file it offers STARTTLS.
"""

import asyncio
import base64
import json
import ssl
import sys
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Handler:
    """Behaves as the recipient's name says."""

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address.startswith("refused@"):
            return "550 5.1.1 no such user <" + address + ">"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        to = envelope.rcpt_tos[0]
        if to.startswith("busy@"):
            return "451 4.3.0 try later"
        message = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "body": base64.b64encode(envelope.original_content).decode(),
            "login": getattr(session.auth_data, "login", b"").decode() if session.auth_data else None,
            "tls": session.ssl is not None,
        }
        _tell(message)
        if to.startswith("cut@"):
            server.transport.abort()
            await asyncio.sleep(60)
        if to.startswith("hang@"):
            await asyncio.sleep(600)
        return "250 taken"


def _authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    is_right = isinstance(data, LoginPassword) and data.password == b"p:w/d"
    return AuthResult(success=is_right, handled=False, auth_data=data if is_right else None)


def _tell(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    tls = None
    if sys.argv[2:] not in ([], ["ascii"]):
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(sys.argv[2])
    controller = Controller(
        Handler(),
        hostname="127.0.0.1",
        port=int(sys.argv[1]),
        authenticator=_authenticate,
        auth_require_tls=False,
        enable_SMTPUTF8="ascii" not in sys.argv,
        tls_context=tls,
    )
    controller.start()
    _tell({"listening": True})
    sys.stdin.read()
    controller.stop()


main()
