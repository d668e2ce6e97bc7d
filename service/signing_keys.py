"""Signing keys and connections for sealing, from the settings; usable in other processes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path

from database.pool import Connection, connect
from events.clock import Clock
from events.seals.key_files import load_or_create_signing_keys
from events.seals.keys import SigningKey, VerifierKey, parse_signing_keys
from handlers.sealer import Sealer
from service.errors import NotConfigured
from service.wiring import as_service
from settings import Settings

KEY_FILE = "signing-key.pem"
VERIFIED_FILE = "verified-checkpoint.txt"


def signing_keys(settings: Settings, origin: str) -> Sequence[SigningKey]:
    """TENURE_SIGNING_KEY, else the key file in the data directory, created on first use.

    Raises: UnusableKey.
    """
    if settings.signing_key is not None:
        return parse_signing_keys(settings.signing_key.get_secret_value(), name=origin)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return load_or_create_signing_keys(settings.data_dir / KEY_FILE, name=origin)


def public_keys(settings: Settings, origin: str) -> list[VerifierKey]:
    """The public halves of the keys that sign here; no key is created.

    Raises: NotConfigured, which an auditor's machine answers with --key; UnusableKey.
    """
    if not has_signing_key(settings):
        raise NotConfigured(f"no signing key: {where_from(settings)}")
    return [key.verifier for key in signing_keys(settings, origin)]


def has_signing_key(settings: Settings) -> bool:
    """Whether a key is set or its file exists."""
    return settings.signing_key is not None or (settings.data_dir / KEY_FILE).exists()


def where_from(settings: Settings) -> str:
    """Where the key that signed is expected, and where to get it."""
    where = "TENURE_SIGNING_KEY" if settings.signing_key is not None else settings.data_dir / KEY_FILE
    return (
        f"expected the key that signed the log in {where}. No backup contains it: copy {KEY_FILE} from the "
        "data directory of the machine that signed, or pass that machine's public key (tenure audit key) "
        "with --key"
    )


def sealer_of(settings: Settings, conninfo: str, *, clock: Clock) -> Sealer:
    """The sealer of this installation; its `run` is what the scheduler calls each minute."""
    return Sealer(connecting(conninfo), keys_of=partial(signing_keys, settings), clock=clock)


def connecting(conninfo: str) -> Callable[[], AbstractContextManager[Connection]]:
    """A picklable function that opens connections with the service's rights."""
    return partial(lent, conninfo)


@contextmanager
def lent(conninfo: str) -> Iterator[Connection]:
    """A separate connection without a statement timeout; commits if its block succeeds."""
    with closing(connect(conninfo, application_name="tenure-seals")) as conn:
        as_service(conn)
        yield conn
        conn.commit()


def verified_file(settings: Settings) -> Path:
    """The file of the last verified checkpoint, kept outside of the database that it is about."""
    return settings.data_dir / VERIFIED_FILE
