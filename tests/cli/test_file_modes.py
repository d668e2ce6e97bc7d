"""Every file that holds personal data or a secret is for its owner alone, under any umask."""

import os
import stat
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main
from database.pool import connect
from demo.world import DemoWorld
from events.clock import utc_now
from outbound.email.transport import Outbox
from projections.replay import compare
from projections.replay.observer import Silent
from service.local_secrets import keep_dev_token, session_key
from service.signing_keys import sealer_of
from settings import Settings
from tests.cli.commands import environment, tenure
from tests.projections.replaying import options


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """What a service manager or a shell may set."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """Path to mode of what others than its owner may read, write or enter."""
    return {
        str(path.relative_to(folder)): f"{stat.S_IMODE(path.lstat().st_mode):04o}"
        for path in folder.rglob("*")
        if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & 0o077
    }


class Looking(Silent):
    """Notes the modes of what lies in a folder whenever a stage of a replay begins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open: dict[str, str] = {}
        self.files = 0

    def stage(self, name: str, total: int) -> None:
        self.open |= open_to_others(self.folder)
        self.files = max(self.files, sum(path.is_file() for path in self.folder.rglob("*")))


def test_replays_files_are_their_owners(shop: DemoWorld, conninfo: str, tmp_path: Path) -> None:
    work_dir = tmp_path / "replay"
    looking = Looking(work_dir)

    compare(conninfo, options=options(work_dir), observer=looking)

    assert looking.files > 0
    assert looking.open == {}


def test_what_commands_write_is_their_owners(
    shop: DemoWorld, settings: Settings, conninfo: str, tmp_path: Path
) -> None:
    sealer_of(settings, conninfo, clock=utc_now).run()
    with connect(conninfo, application_name="test") as conn:
        [(user,)] = conn.execute("SELECT user_id FROM users WHERE deleted_at IS NULL LIMIT 1").fetchall()
    env = environment(conninfo, tmp_path)
    for words in (
        ("backup", "a.backup"),
        ("backup", "--portable", "a.gz"),
        ("events", "export", "--out", "log.jsonl"),
        ("privacy", "export", user, "--out", "person.json"),
        ("audit", "evidence", user, "--reason", "asked", "--out", "evidence.zip"),
        ("audit", "checkpoint", "--out", "note.txt"),
        ("audit", "verify", "--full"),
        ("replay",),
        ("user", "show", user),
    ):
        done = tenure(env, *words)
        assert done.returncode == 0, (words, done.stderr)

    assert sum(path.is_file() for path in tmp_path.rglob("*")) >= 9
    assert open_to_others(tmp_path) == {}


def test_what_the_service_keeps_is_its_owners(settings: Settings, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    mail = EmailMessage()
    mail["Message-ID"], mail["Subject"] = "<trial-1@tenure>", "Your trial ends"

    session_key(settings.model_copy(update={"data_dir": data_dir}))
    keep_dev_token(data_dir, "token")
    Outbox(data_dir / "outbox").deliver(mail, handing_over=lambda: None)

    assert sum(path.is_file() for path in data_dir.rglob("*")) == 3
    assert open_to_others(data_dir) == {}


def test_commands_start_with_a_closed_umask(tmp_path: Path) -> None:
    """What a library writes on our behalf is closed too."""
    CliRunner().invoke(main, ["config", "list", "--help"])

    (tmp_path / "made").touch()

    assert open_to_others(tmp_path) == {}
