"""The account that runs the embedded server for root."""

import pwd
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from database import system_account

USERADD = """#!/bin/sh
echo begin >> {log}
sleep 0.2
echo end >> {log}
"""


def test_processes_that_start_together_create_the_account_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    log.touch()
    useradd = tmp_path / "useradd"
    useradd.write_text(USERADD.format(log=log))
    useradd.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(
        system_account, "_entry", lambda: pwd.getpwuid(0) if "end" in log.read_text() else None
    )

    with ThreadPoolExecutor(4) as threads:
        accounts = list(threads.map(lambda _: system_account.server_account(), range(4)))

    assert log.read_text().split() == ["begin", "end"]
    assert len(set(accounts)) == 1
