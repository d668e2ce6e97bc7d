"""A backup's signature: its checksum in a note signed with the log's keys, as checkpoints are.

The checksum alone shows damage, not tampering: it can be computed again after a change.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from archive.errors import ArchiveRefused
from database.pool import connect
from events.seals.errors import SealError
from events.seals.keys import VerifierKey
from events.seals.note import sign_note, verify_note
from queries.seals import origin_of
from service.signing_keys import has_signing_key, signing_keys
from settings import Settings

TITLE = "tenure backup v1"

Sign = Callable[[str], str | None]  # checksum in hex to note

_HEX = re.compile(r"[0-9a-f]{64}")


def unsigned(_checksum: str) -> None:
    """For archives that are not signed."""
    return


def signer(conninfo: str, settings: Settings) -> Sign:
    """Signs with this installation's keys; `unsigned` without a key, or before the first seal."""
    with closing(connect(conninfo, application_name="tenure-backup")) as conn:
        origin = origin_of(conn)
    if origin is None or not has_signing_key(settings):
        return unsigned
    keys = signing_keys(settings, origin)
    return lambda checksum: sign_note(f"{origin}\n{TITLE}\n{checksum}\n", keys)


def require_signature(
    path: Path, checksum: str, note: object, trusted: Sequence[VerifierKey]
) -> tuple[str, ...]:
    """The trusted keys that signed this checksum. Raises: ArchiveRefused; nothing is changed."""
    if not isinstance(note, str):
        raise ArchiveRefused(
            f"{path} is not signed: expected a signature by a key of --key; nothing was changed. Take one "
            "made where the signing key is, or restore without --key if you trust where the file was kept"
        )
    try:
        verified = verify_note(note, trusted)
    except SealError as problem:
        raise ArchiveRefused(
            f"{path} is not signed by a key of --key: {problem}; nothing was changed"
        ) from None
    origin, _, _ = verified.text.partition("\n")
    is_own = any(key.name == origin for key in verified.signed_by)
    if not is_own or _HEX.fullmatch(checksum) is None or verified.text != f"{origin}\n{TITLE}\n{checksum}\n":
        raise ArchiveRefused(
            f"{path} has the signature of another backup: expected one for the checksum {checksum[:12]}…; "
            "nothing was changed"
        )
    return tuple(map(str, verified.signed_by))
