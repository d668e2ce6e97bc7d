"""The signing key's file: created once, atomically and private; refused when others can read it."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from events.seals.errors import KeyAlreadyExists, UnusableKey
from events.seals.keys import SigningKey, generate_signing_key, parse_signing_keys

PRIVATE = 0o600
LARGEST_FILE_BYTES = 64 * 1024


def load_or_create_signing_keys(path: Path, *, name: str) -> tuple[SigningKey, ...]:
    """The keys in the file, which is created with one new key if there is none.

    Two processes that start at once get the same key: the second loads the file of the first.
    """
    try:
        return load_signing_keys(path, name=name)
    except FileNotFoundError:
        with contextlib.suppress(KeyAlreadyExists):
            create_signing_key(path, name=name)
        return load_signing_keys(path, name=name)


def load_signing_keys(path: Path, *, name: str) -> tuple[SigningKey, ...]:
    """The private keys in a PEM file, in their order; several during a rotation.

    Raises: FileNotFoundError; UnusableKey, also when group or others have access to the file.
    """
    # Checked on the open file, not the path: nothing can be exchanged in between.
    # O_NONBLOCK: a FIFO put there must not hang the start.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise UnusableKey(f"expected a regular file at {path}, found something else")
        if status.st_mode & 0o077:
            raise UnusableKey(
                f"expected {path} to be readable by its owner alone, found mode "
                f"{stat.S_IMODE(status.st_mode):04o}: chmod 600 it, and replace the key if "
                "others could have read it"
            )
        raw = file.read(LARGEST_FILE_BYTES + 1)
    if len(raw) > LARGEST_FILE_BYTES:
        raise UnusableKey(f"expected at most {LARGEST_FILE_BYTES} bytes in {path}, found more")
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        raise UnusableKey(f"expected a PEM file at {path}, found other bytes") from None
    return parse_signing_keys(text, name=name)


def create_signing_key(path: Path, *, name: str) -> SigningKey:
    """Write a new key to `path` with mode 0600 and return it.

    The file is created atomically and never replaces an existing one.

    Raises: KeyAlreadyExists; OSError when the folder cannot be written.
    """
    key = generate_signing_key(name)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_private(draft, key.pem())
        os.link(draft, path)
    except FileExistsError as problem:
        raise KeyAlreadyExists(f"expected no file at {path}, found one: load it instead") from (problem)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return key


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
