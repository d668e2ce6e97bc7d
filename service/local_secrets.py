"""Secrets generated in the data directory where none is set, readable only by their owner."""

import base64
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from settings import Settings

DEV_FILE = "dev-secrets.json"
SESSION_FILE = "session-key"
TOKEN_FILE = "dev-auditor-token"  # noqa: S105  (a file's name)
WEBHOOK_SECRETS = ("STRIPE_WEBHOOK_SECRETS", "CLERK_WEBHOOK_SECRETS")
"""The settings that `tenure run --demo` replaces by generated secrets where they are not set."""


@dataclass(frozen=True, slots=True)
class DevSecrets:
    """Secrets that sign the demo's webhooks where no provider's secret is set."""

    stripe: str
    clerk: str


def session_key(settings: Settings) -> str:
    """TENURE_SECRET_KEY, else one kept in the data directory: all workers must share it."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    return _kept(settings.data_dir / SESSION_FILE, lambda: secrets.token_urlsafe(48))


def dev_secrets(data_dir: Path) -> DevSecrets:
    """The demo's secrets, the same on every call for this data directory."""
    return DevSecrets(**json.loads(_kept(data_dir / DEV_FILE, _new_dev_secrets)))


def has_dev_secrets(data_dir: Path) -> bool:
    """Whether a demo ran in this data directory."""
    return (data_dir / DEV_FILE).exists()


def dev_token(data_dir: Path) -> str | None:
    """The auditor token of the demo, if there is one."""
    path = data_dir / TOKEN_FILE
    return path.read_text() if path.exists() else None


def keep_dev_token(data_dir: Path, text: str) -> None:
    """Store the token, so that the next `tenure run --demo` prints the same one."""
    (data_dir / TOKEN_FILE).unlink(missing_ok=True)
    _kept(data_dir / TOKEN_FILE, lambda: text)


def _new_dev_secrets() -> str:
    fresh = DevSecrets(
        stripe=f"whsec_{secrets.token_hex(24)}",
        clerk=f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}",
    )
    return json.dumps(asdict(fresh))


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The file's text; created atomically and once, even by concurrent processes."""
    try:
        return path.read_text()
    except FileNotFoundError:
        pass
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "w") as file:
            file.write(make())
        os.link(unfinished, path)  # unlike a rename it never replaces another's
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()
    return path.read_text()
