"""PostgreSQL's client programs, of the server's major version."""

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
    """pg_dump or pg_restore of that version: the bundled one, one on the PATH, or an installed one."""
    places = [Path(place.format(major)) for place in _PLACES]
    if major == VERSION:
        with suppress(EmbeddedServerFailed):
            places.insert(0, bundled())
    on_path = shutil.which(name)
    candidates = [place / name for place in places] + ([Path(on_path)] if on_path else [])
    return next((candidate for candidate in candidates if _major(candidate) == major), None)


def login(conninfo: str) -> tuple[str, dict[str, str]]:
    """The conninfo without its password, and the environment with it, since process lists show arguments."""
    parameters = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    password = parameters.pop("password", None)
    if password is not None:
        environment["PGPASSWORD"] = password
    return make_conninfo(**parameters), environment | {"LC_ALL": "C"}


def error_line(text: bytes) -> str:
    """The first line of a failed program's error output."""
    lines = [line.strip() for line in text.decode(errors="replace").splitlines() if line.strip()]
    return lines[0] if lines else "no error message"


def _major(program: Path) -> int | None:
    try:
        done = child_processes.run(
            [str(program), "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, child_processes.TimeoutExpired):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(match[1]) if done.returncode == 0 and match else None
