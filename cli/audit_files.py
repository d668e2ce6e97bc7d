"""Files that audit commands write: new, and readable by their owner only, since they hold personal data."""

import json
import os
from pathlib import Path

from cli.errors import Failure
from cli.output import console
from cli.terminal import echo_exactly


def write_out(path: Path | None, content: bytes) -> None:
    """Write to stdout, or to a new file with mode 0600. Raises: Failure when the file exists."""
    if path is None:
        echo_exactly(content, nl=False)
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise Failure(f"{path} exists already; name another file or remove it") from None
    except OSError as problem:
        raise Failure(f"{path} can't be written: {problem.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    console(stderr=True).print(f"wrote {path}", markup=False)


def as_json_file(value: object) -> bytes:
    """Readable JSON in UTF-8; escapes preserve lone surrogates."""
    return json.dumps(value, indent=1).encode() + b"\n"
