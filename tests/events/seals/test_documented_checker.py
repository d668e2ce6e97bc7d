"""The checker in docs/proofs.md: at most forty lines, and as strict as it claims."""

import copy
import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from events.seals.keys import generate_signing_key
from events.seals.leaf import LEAF_COLUMNS
from events.seals.note import sign_note
from tests.events.seals.sealed_log import ORIGIN, SealedLog, salt, small_log

DOCUMENT = Path(__file__).parents[3] / "docs" / "proofs.md"
LOG = small_log()
PROOF = LOG.proof(3, 7)


def checker() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return str(code)


def run(tmp_path: Path, proof: object, key: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "checker.py").write_text(checker())
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    # -O: a checker that leaned on assert would accept everything.
    return subprocess.run(
        [sys.executable, "-I", "-O", "checker.py", "proof.json", key],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_checker_has_at_most_forty_lines_and_only_public_imports() -> None:
    imports = re.findall(r"^(?:import|from) .*$", checker(), re.MULTILINE)

    assert len(checker().splitlines()) <= 40
    assert imports == [
        "import base64, hashlib, json, struct, sys",
        "from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey",
    ]


@pytest.mark.parametrize(("part", "position"), [(0, 1), (3, 7), (3, 11), (63, 4)])
def test_a_good_proof_passes(tmp_path: Path, part: int, position: int) -> None:
    done = run(tmp_path, LOG.proof(part, position), str(LOG.key.verifier))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("GOOD: ")
    assert f"part {part} position {position} time 2026-03-03T09:26:00.000000Z" in done.stdout
    assert done.stdout.endswith("payload good\n")


def test_an_erased_event_passes_and_is_said_to_be_bare(tmp_path: Path) -> None:
    done = run(tmp_path, LOG.proof(3, 7, erased=True), str(LOG.key.verifier))

    assert done.returncode == 0
    assert done.stdout.endswith("no payload\n")


def test_either_key_of_a_rotation_passes(tmp_path: Path) -> None:
    new = generate_signing_key(ORIGIN)
    proof = {**PROOF, "checkpoint": sign_note(LOG.checkpoint().text(), [new, LOG.key])}

    assert run(tmp_path, proof, str(new.verifier)).returncode == 0
    assert run(tmp_path, proof, str(LOG.key.verifier)).returncode == 0


def changed(text: str | None) -> str:
    """Another text of the same kind, one character away from this one."""
    if not text:
        return "x"
    return text[:-1] + ("1" if text[-1] != "1" else "2")


def flipped(encoded: str) -> str:
    raw = bytearray(b64decode(encoded))
    raw[-1] ^= 1
    return b64encode(raw).decode()


def other(**changes: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {**copy.deepcopy(PROOF), **changes}


def field(name: str, text: str | None) -> Callable[[], dict[str, Any]]:
    return other(event={**PROOF["event"], name: text})


def hashes(name: str, place: int) -> Callable[[], dict[str, Any]]:
    path = list(PROOF[name])
    path[place] = flipped(path[place])
    return other(**{name: path})


def line(number: int) -> Callable[[], dict[str, Any]]:
    lines = PROOF["checkpoint"].split("\n")
    lines[number] = changed(lines[number])
    return other(checkpoint="\n".join(lines))


def resealed_elsewhere() -> dict[str, Any]:
    """The very same log, sealed by somebody else's key of the same name."""
    stranger = SealedLog(rows=LOG.rows, frontiers=LOG.frontiers, nodes=LOG.nodes)
    return stranger.proof(3, 7)


TAMPERED: dict[str, Callable[[], dict[str, Any]]] = {
    **{name: field(name, changed(PROOF["event"][name])) for name in LEAF_COLUMNS},
    **{f"{name} null": field(name, None) for name in ("metadata", "correlation_id")},
    "causation_id empty": field("causation_id", ""),
    "event with more": field("more", "x"),
    "version": other(tenure_event_proof=2),
    "salt": other(salt=flipped(PROOF["salt"])),
    "salt gone": other(salt=None),
    "payload": other(payload=changed(PROOF["payload"])),
    "payload gone": other(payload=None),
    "payload byte in the salt": other(salt=b64encode(salt(7) + b"{").decode(), payload=PROOF["payload"][1:]),
    **{f"part_path {n}": hashes("part_path", n) for n in range(len(PROOF["part_path"]))},
    **{f"vector_path {n}": hashes("vector_path", n) for n in range(len(PROOF["vector_path"]))},
    "part_path cut": other(part_path=PROOF["part_path"][:-1]),
    "part_path longer": other(part_path=[*PROOF["part_path"], PROOF["part_path"][0]]),
    "vector_path cut": other(vector_path=PROOF["vector_path"][1:]),
    **{f"checkpoint line {n}": line(n) for n in (0, 1, 2, 3, 4, 7, 67, 68, 69, 70)},
    "checkpoint cut": other(checkpoint=PROOF["checkpoint"][:-1]),
    "checkpoint unsigned": other(checkpoint=LOG.checkpoint().text() + "\n"),
    "another position's proof": other(event=LOG.proof(3, 8)["event"]),
    "another log's seal": resealed_elsewhere,
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
def test_a_tampered_proof_is_refused(tmp_path: Path, tamper: Callable[[], dict[str, Any]]) -> None:
    proof = tamper()
    assert proof != PROOF

    done = run(tmp_path, proof, str(LOG.key.verifier))

    assert done.returncode == 1
    assert "GOOD" not in done.stdout


def test_another_key_is_refused(tmp_path: Path) -> None:
    stranger = generate_signing_key(ORIGIN).verifier

    assert run(tmp_path, PROOF, str(stranger)).returncode == 1
    assert run(tmp_path, PROOF, "a+b+c").returncode == 1
