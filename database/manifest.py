"""`migrations/MANIFEST.sha256`: the checksums of all migration files, as `sha256sum -c` reads them.

Run as a program (`make manifest`) it writes the file.
"""

import hashlib
import sys
from pathlib import Path

from database.migration_files import DIRECTORY, read

NAME = "MANIFEST.sha256"


def write(directory: Path = DIRECTORY) -> Path:
    """Write the manifest from the files as they are now."""
    path = directory / NAME
    lines = [f"{digest}  {name}\n" for name, digest in _found(directory).items()]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def differences(directory: Path = DIRECTORY) -> list[str]:
    """One line for each file that differs from the manifest."""
    path = directory / NAME
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    digests = _found(directory)
    wrong = [f"{name} is listed but missing" for name in listed if name not in digests]
    for name, digest in digests.items():
        if name not in listed:
            wrong.append(f"{name} is not listed (make manifest)")
        elif listed[name] != digest:
            wrong.append(f"{name} was edited (make manifest, if it was never applied anywhere)")
    return wrong


def _found(directory: Path) -> dict[str, str]:
    paths = [path for one in read(directory) for path in (one.path, one.rollback_path)]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.exists()}


if __name__ == "__main__":
    sys.stdout.write(f"wrote {write()}\n")
