"""PostgreSQL's own programs, of the server's own major version."""

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from database.data_dir import VERSION, bundled
from database.errors import EmbeddedServerFailed
from events import child_processes

_PLACES = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/opt/homebrew/opt/postgresql@{}/bin")


def find(name: str, major: int) -> Path | None:
    """pg_dump or pg_restore of that version: the bundled one, one on the PATH, or where systems put them."""
    places = [Path(place.format(major)) for place in _PLACES]
    if major == VERSION:
        with suppress(EmbeddedServerFailed):
            places.insert(0, bundled())
    found = shutil.which(name)
    candidates = [place / name for place in places] + ([Path(found)] if found else [])
    return next((each for each in candidates if _major(each) == major), None)


def login(conninfo: str) -> tuple[str, dict[str, str]]:
    """The connection string without its password, and the environment with it: process lists are public."""
    given = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    password = given.pop("password", None)
    if password is not None:
        environment["PGPASSWORD"] = password
    return make_conninfo(**given), environment | {"LC_ALL": "C"}


def last_words(text: bytes) -> str:
    """What a program that failed said last, in one line."""
    lines = [line.strip() for line in text.decode(errors="replace").splitlines() if line.strip()]
    return lines[0] if lines else "it said nothing"


def _major(program: Path) -> int | None:
    try:
        done = child_processes.run(
            [str(program), "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, child_processes.TimeoutExpired):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(found[1]) if done.returncode == 0 and found else None
