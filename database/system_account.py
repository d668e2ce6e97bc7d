"""Which system account runs the embedded PostgreSQL, and whether it can reach a path.

PostgreSQL refuses to run as root, so for root it runs as a separate account.
"""

import fcntl
import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from database.errors import EmbeddedServerFailed
from events import child_processes

NAME = "pgserver"


@dataclass(frozen=True)
class Account:
    """A system user; `needs_switch` is false if this process already runs as it."""

    uid: int
    gid: int
    needs_switch: bool

    def popen_options(self) -> dict[str, Any]:
        """Keyword arguments that make subprocess run a program as this account."""
        if not self.needs_switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give one file or directory to this account."""
        if self.needs_switch:
            os.chown(path, self.uid, self.gid)

    def may_enter(self, directory: Path) -> bool:
        """Whether this account can traverse every directory down to this one."""
        return self.runs("/usr/bin/test", "-x", str(directory))

    def runs(self, *command: str) -> bool:
        """Whether this account can run the program and it succeeds."""
        try:
            done = child_processes.run(
                command,
                cwd="/",
                stdin=child_processes.DEVNULL,
                capture_output=True,
                check=False,
                **self.popen_options(),
            )
        except OSError:
            return False
        return done.returncode == 0


def server_account() -> Account:
    """Our own account; for root the account `pgserver`, created if it does not exist."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), needs_switch=False)
    entry = _entry() or _create_once()
    return Account(entry.pw_uid, entry.pw_gid, needs_switch=True)


def _entry() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _create_once() -> pwd.struct_passwd:
    """Create the account unless another process does so meanwhile.

    Two `useradd` of one name at once both succeed, and the second gives the account another uid.
    """
    with Path("/etc/passwd").open("rb") as passwd:
        fcntl.flock(passwd, fcntl.LOCK_EX)
        return _entry() or _create()


def _create() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
    try:
        done = child_processes.run(command, capture_output=True, text=True, check=False)
        reason = done.stderr.strip()
    except OSError as error:
        reason = str(error)
    entry = _entry()
    if entry is None:
        raise EmbeddedServerFailed(
            f"PostgreSQL must not run as root and the account {NAME} could not be created ({reason}); "
            "run Tenure as another user, or set DATABASE_URL"
        )
    return entry
