"""A mail server process, and users with a reason for mail."""

import base64
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest

SERVER = Path(__file__).with_name("smtp_process.py")


class MailServer:
    """aiosmtpd in its own process."""

    def __init__(self, *arguments: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process = subprocess.Popen(
            [sys.executable, str(SERVER), str(self.port), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._messages: Queue[dict[str, Any]] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._messages.get(timeout=20) == {"listening": True}

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def received(self, *, wait_s: float = 0.3, enough: int = 1_000) -> list[dict[str, Any]]:
        """What it has taken since the last time, parsed."""
        messages: list[dict[str, Any]] = []
        while len(messages) < enough:
            try:
                envelope = self._messages.get(timeout=wait_s)
            except Empty:
                return messages
            parsed = message_from_bytes(base64.b64decode(envelope["body"]), policy=default)
            assert isinstance(parsed, EmailMessage)
            messages.append(envelope | {"message": parsed})
        return messages

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(5)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._messages.put(json.loads(line))


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A real SMTP server process."""
    server = MailServer()
    yield server
    server.stop()
