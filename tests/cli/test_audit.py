"""`tenure audit` and `tenure privacy` as people call them, and what they hand out checked by strangers."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner

from cli import main
from cli.audit_evidence import _rendered, value_text
from database.pool import Connection
from demo.world import DemoWorld
from tests.events.seals.test_documented_checker import checker
from tests.installation import Tenure

Json = Any  # Any: JSON


def ran(tenure: Tenure, *args: str, code: int = 0) -> str:
    done = tenure(*args)
    assert done.exit_code == code, done.output + done.stderr
    return done.stdout


@pytest.fixture
def sealed(tenure: Tenure, shop: DemoWorld) -> str:
    """The shop, sealed; the public key."""
    ran(tenure, "audit", "checkpoint", "--now")
    return ran(tenure, "audit", "key").strip()


@pytest.fixture
def event(conn: Connection, shop: DemoWorld) -> tuple[str, str]:
    """One Clerk event: its id and its provider's."""
    row = conn.execute(
        "SELECT id::text, idempotency_key FROM events WHERE event_type = 'clerk.user.created' LIMIT 1"
    ).fetchone()
    conn.commit()
    assert row is not None
    return row[0], row[1]


def checked_offline(folder: Path, proof: Path, key: str) -> subprocess.CompletedProcess[str]:
    """By the forty lines of the documentation."""
    (folder / "forty.py").write_text(checker())
    command = [sys.executable, "-I", "forty.py", str(proof), key]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_checkpoint_is_a_signed_note_and_can_be_published(
    tenure: Tenure, sealed: str, tmp_path: Path
) -> None:
    ran(tenure, "audit", "checkpoint", "--out", "kept.txt")

    assert (tmp_path / "kept.txt").read_text() == ran(tenure, "audit", "checkpoint")
    assert sealed.split("+")[0] == (tmp_path / "kept.txt").read_text().splitlines()[0]
    assert "exists already" in tenure("audit", "checkpoint", "--out", "kept.txt").stderr


def test_the_signing_key_is_made_once_and_private(tenure: Tenure, sealed: str, tmp_path: Path) -> None:
    mode = stat.S_IMODE((tmp_path / "signing-key.pem").stat().st_mode)

    assert mode == 0o600
    assert ran(tenure, "audit", "key").strip() == sealed


def test_verify_is_good_and_incremental(tenure: Tenure, sealed: str, shop: DemoWorld) -> None:
    full = json.loads(ran(tenure, "audit", "verify", "--full", "--workers", "2", "--json"))
    since = json.loads(ran(tenure, "audit", "verify", "--since-checkpoint", "--workers", "1", "--json"))

    assert full == {
        "good": True, "events": len(shop.deliveries), "unsealed": 0, "erased": 0, "checkpoints": 1,
        "first": None, "findings": [],
    }  # fmt: skip
    assert (since["good"], since["events"]) == (True, 0)


def test_verify_names_the_first_wrong_row_and_exits_1(tenure: Tenure, sealed: str, conn: Connection) -> None:
    conn.execute("ALTER TABLE events DISABLE TRIGGER ALL")
    row = conn.execute(
        "UPDATE events SET event_type = 'x' WHERE (part, position) ="
        " (SELECT part, position FROM events ORDER BY part, position LIMIT 1) RETURNING part, position"
    ).fetchone()
    conn.commit()
    assert row is not None

    done = tenure("audit", "verify", "--workers", "1")

    assert done.exit_code == 1
    assert f"the first wrong row: part {row[0]}, position {row[1]}: not the event" in done.stderr


def test_an_auditors_machine_makes_no_key_of_its_own(tenure: Tenure, sealed: str, tmp_path: Path) -> None:
    (tmp_path / "signing-key.pem").unlink()

    refused = tenure("audit", "verify").stderr
    assert str(tmp_path / "signing-key.pem") in refused
    assert "from the data directory of the machine that signed" in refused
    assert ran(tenure, "audit", "verify", "--workers", "1", "--key", sealed).startswith("good")
    assert not (tmp_path / "signing-key.pem").exists()


def test_a_log_signed_by_a_key_of_another_machine_says_where_to_get_it(
    tenure: Tenure, sealed: str, tmp_path: Path
) -> None:
    """As after a restore without the key: the first seal there makes a new one."""
    (tmp_path / "signing-key.pem").unlink()
    ran(tenure, "audit", "checkpoint", "--now")

    done = tenure("audit", "verify", "--workers", "1")

    assert done.exit_code == 1
    assert f"expected the key that signed the log in {tmp_path / 'signing-key.pem'}" in done.stderr
    assert "with --key" in done.stderr


def test_incremental_without_a_first_verification_says_what_to_do(tenure: Tenure, sealed: str) -> None:
    done = tenure("audit", "verify", "--since-checkpoint")

    assert done.exit_code == 1
    assert "tenure audit verify --full" in done.stderr


@pytest.mark.parametrize("which", [0, 1])
def test_a_proof_is_good_offline_in_both_checkers(
    tenure: Tenure, sealed: str, event: tuple[str, str], tmp_path: Path, which: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    ran(tenure, "audit", "prove", event[which], "--out", "proof.json")

    for name in [name for name in os.environ if name.startswith(("DATABASE", "TENURE_DATA"))]:
        monkeypatch.setenv(name, "nonsense://nowhere")  # settings that could not even be read
    done = CliRunner().invoke(main, ["audit", "check", "proof.json", "--key", sealed, "--json"])
    forty = checked_offline(tmp_path, tmp_path / "proof.json", sealed)

    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["event_id"] == event[0]
    assert (forty.returncode, forty.stdout[:5]) == (0, "GOOD:"), forty.stderr


def test_a_proof_without_its_payload_holds(tenure: Tenure, sealed: str, event: tuple[str, str]) -> None:
    ran(tenure, "audit", "prove", event[0], "--no-payload", "--out", "bare.json")

    assert "not in the file" in ran(tenure, "audit", "check", "bare.json", "--key", sealed)


def test_check_refuses_a_changed_proof_and_another_key(
    tenure: Tenure, sealed: str, event: tuple[str, str], tmp_path: Path
) -> None:
    proof = json.loads(ran(tenure, "audit", "prove", event[0]))
    proof["event"]["event_type"] = "clerk.user.deleted"
    (tmp_path / "forged.json").write_text(json.dumps(proof))

    assert tenure("audit", "check", "forged.json", "--key", sealed).exit_code == 1
    assert tenure("audit", "check", "forged.json").exit_code == 2


def test_a_read_for_a_proof_is_noted(
    tenure: Tenure, sealed: str, event: tuple[str, str], conn: Connection
) -> None:
    ran(tenure, "audit", "prove", event[0], "--reason", "ticket 7")

    row = conn.execute("SELECT fields, reason FROM access_log ORDER BY read_at DESC LIMIT 1").fetchone()
    assert row == (["events", "event_data"], "ticket 7")


def test_consistency_with_a_kept_checkpoint(
    tenure: Tenure, sealed: str, shop: DemoWorld, tmp_path: Path
) -> None:
    ran(tenure, "audit", "checkpoint", "--out", "old.txt")
    ran(tenure, "privacy", "erase", shop.people[0].user_id, "--reason", "ticket 8", "--yes")
    ran(tenure, "audit", "checkpoint", "--now")

    output = ran(tenure, "audit", "consistency", "old.txt", "--out", "growth.json")

    assert "unchanged" in output
    assert ran(tenure, "audit", "consistency", "1", "2") == output
    assert "new_events" in ran(tenure, "audit", "check", "growth.json", "--key", sealed)
    assert ran(tenure, "audit", "verify", "--kept", "old.txt", "--workers", "1")


def test_an_evidence_zip_is_checked_offline(
    tenure: Tenure, sealed: str, shop: DemoWorld, tmp_path: Path
) -> None:
    user = shop.people[0].user_id
    ran(tenure, "user", "show", user, "--reason", "before the evidence")

    ran(tenure, "audit", "evidence", user, "--reason", "audit 2026", "--out", "evidence.zip")

    with zipfile.ZipFile(tmp_path / "evidence.zip") as archive:
        archive.extractall(tmp_path / "evidence")
    folder = tmp_path / "evidence"
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    reads = [json.loads(line) for line in (folder / "access_log.jsonl").read_text().splitlines()]
    assert {proof.stem for proof in (folder / "proofs").iterdir()} == {event["id"] for event in events}
    for proof in (folder / "proofs").iterdir():
        command = [sys.executable, "-I", "checker.py", str(proof), sealed]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.stdout.startswith("GOOD:"), done.stderr
    assert [read["reason"] for read in reads] == ["before the evidence", "audit 2026"]
    assert sealed in (folder / "public-keys.txt").read_text()
    report = (folder / "report.html").read_text()
    assert user in report
    assert "http" not in report.replace("http-equiv", "").replace('"https://', "").split("<h2>")[0]
    assert stat.S_IMODE((tmp_path / "evidence.zip").stat().st_mode) == 0o600


def test_an_evidence_window_leaves_the_rest_out(tenure: Tenure, sealed: str, shop: DemoWorld) -> None:
    user = shop.people[0].user_id
    window = ["--from", "2001-01-01", "--to", "2001-01-02"]

    ran(tenure, "audit", "evidence", user, "--reason", "x", "--out", "none.zip", *window)

    with zipfile.ZipFile("none.zip") as archive:
        assert archive.read("events.jsonl") == b""
        assert json.loads(archive.read("history.json")) == []


def test_the_checker_in_the_zip_is_the_documented_one() -> None:
    path = Path(__file__).parents[2] / "cli" / "templates" / "checker.py.txt"

    assert path.read_text() == checker()


def test_privacy_export_gives_everything_kept(tenure: Tenure, sealed: str, shop: DemoWorld) -> None:
    user = shop.people[0].user_id

    export = json.loads(ran(tenure, "privacy", "export", user))

    assert export["profile"]["user_id"] == user
    assert len(export["events"]) == len(export["history"])
    assert all(event["event_data"] for event in export["events"])
    assert export["access_log"][-1]["reason"] == "the person asked for their data"


def test_privacy_erase_dry_run_then_for_good(
    tenure: Tenure, sealed: str, shop: DemoWorld, conn: Connection
) -> None:
    user = shop.people[0].user_id
    count = "SELECT count(*) FROM events WHERE event_data IS NULL"
    planned = json.loads(ran(tenure, "privacy", "erase", user, "--dry-run", "--json"))
    untouched = conn.execute(count).fetchone()
    conn.commit()
    assert tenure("privacy", "erase", user).exit_code == 2  # a reason is sealed with it

    done = json.loads(ran(tenure, "privacy", "erase", user, "--reason", "t 9", "--yes", "--json"))

    gone = conn.execute(count).fetchone()
    assert (untouched, gone) == ((0,), (planned["payloads"],))
    assert done["payloads"] == planned["payloads"]
    assert ran(tenure, "audit", "verify", "--workers", "1").startswith("good")
    assert "nothing left" in ran(tenure, "privacy", "erase", user, "--reason", "t 9")


def test_privacy_erase_without_an_answer_or_yes_erases_nothing(
    tenure: Tenure, sealed: str, shop: DemoWorld, conn: Connection
) -> None:
    result = tenure("privacy", "erase", shop.people[0].user_id, "--reason", "ticket 10")

    assert result.exit_code == 1
    assert "nothing was erased; --yes erases without a prompt" in result.stderr
    assert conn.execute("SELECT count(*) FROM events WHERE event_data IS NULL").fetchone() == (0,)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "yes"),
        (0, "0"),
        (datetime(2026, 3, 3, tzinfo=UTC), "2026-03-03T00:00:00Z"),
        ({"größe": False}, '{"größe": false}'),
        ((), "[]"),
    ],
)
def test_report_says_values_as_people_read_them(value: object, text: str) -> None:
    assert value_text(value) == text


def test_nothing_of_a_body_becomes_markup_in_the_report() -> None:
    class Anything:
        def __getattr__(self, name: str) -> Any:
            return {"user_id": "<script>alert(1)</script>", "since": None, "until": None}.get(name, [])

    class File(Anything):
        history: ClassVar = [
            {
                "occurred_at": None, "recorded_at": None, "arrived_late": False, "event_type": "<b>",
                "event_id": "1", "reason": "<img>", "actor": "x", "problem": None,
                "changes": [{"column": "c", "old": None, "new": "<svg>"}],
            }
        ]  # fmt: skip

    class Evidence(Anything):
        file = File()
        made_at = None

        class checkpoint:  # noqa: N801
            number, size, signed_at = 1, 1, None

    page = _rendered("evidence.html", Evidence(), escape=True).decode()  # type: ignore[arg-type]

    for tag in ("<script", "<b>", "<img", "<svg"):
        assert tag not in page
