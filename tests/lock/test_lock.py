"""What is installed is what constraints.txt says, whole, under licences we may ship, not known broken."""

import os
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.lock.advisories import advisories, findings
from tests.lock.reading import LOCK, closure, elsewhere, installed, licence, pins

COPYLEFT = re.compile(
    r"(?<!L)(?<!Lesser )\bA?GPL|(?<!Lesser )General Public|Affero|SSPL|BUSL|Proprietary", re.IGNORECASE
)
LESSER = {
    "psycopg": "LGPL-3.0: imported unchanged, and anybody may put another in its place",
    "psycopg-binary": "LGPL-3.0: the same",
    "psycopg-pool": "LGPL-3.0: the same",
}


def test_the_lock_pins_each_package_once_and_exactly() -> None:
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith("#")]

    assert len(pins(LOCK.read_text())) == len(lines)


@pytest.mark.parametrize("line", ["flask", "flask>=3", "flask==3.*", "flask @ https://example.org/flask.whl"])
def test_a_line_that_pins_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="expected name==version"):
        pins(line)


def test_what_is_installed_is_what_the_lock_says() -> None:
    locked = pins(LOCK.read_text())

    assert dict(installed()) == {name: locked.get(name) for name in installed()}


def test_everything_in_the_lock_is_needed_by_something() -> None:
    locked, needed = set(pins(LOCK.read_text())), closure(["dev", "otel"])

    assert needed <= locked
    assert locked - needed <= elsewhere(needed)
    assert set(installed()) == needed


def test_what_serves_has_no_licence_that_would_bind_the_whole() -> None:
    licences = {name: licence(distribution(name)) for name in closure(["otel"])}

    assert {name: text for name, text in licences.items() if not text} == {}
    assert {name: text for name, text in licences.items() if COPYLEFT.search(text)} == {}
    assert {name for name, text in licences.items() if re.search("LGPL|Lesser", text)} == set(LESSER)


@pytest.mark.parametrize("text", ["GPL-3.0-only", "AGPL-3.0", "GNU General Public License v2 (GPLv2)"])
def test_a_licence_that_binds_is_seen(text: str) -> None:
    assert COPYLEFT.search(text)
    assert not COPYLEFT.search("GNU Lesser General Public License v3 (LGPLv3)")


def test_installed_files_are_those_their_packages_brought() -> None:
    changed = []
    for name in closure(["otel"]):
        for file in distribution(name).files or ():
            if file.hash is None or file.suffix == ".pyc":
                continue
            assert file.hash.mode == "sha256"
            digest = sha256(Path(str(file.locate())).read_bytes()).digest()
            if urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                changed.append(f"{name}: {file}")

    assert changed == []


def test_nothing_in_the_lock_is_known_to_be_vulnerable() -> None:
    folder = os.environ.get("TENURE_ADVISORIES")
    if not folder:
        pytest.skip("TENURE_ADVISORIES is not set: it names a folder of OSV files (pypa/advisory-database)")

    assert findings(pins(LOCK.read_text()), advisories(Path(folder))) == []


@pytest.mark.parametrize(
    ("version", "is_found"),
    [
        ("1.0", False),
        ("1.2", True),
        ("1.4.9", True),
        ("1.5", False),
        ("2.0", True),
        ("2.1", True),
        ("2.2", False),
    ],
)
def test_an_advisory_names_the_versions_between(tmp_path: Path, version: str, is_found: bool) -> None:
    (tmp_path / "PYSEC-1.yaml").write_text(
        "id: PYSEC-1\naffected:\n- package: {ecosystem: PyPI, name: Some_Package}\n  ranges:\n"
        "  - type: ECOSYSTEM\n    events: [{introduced: '1.1'}, {fixed: '1.5'},"
        " {introduced: '2.0'}, {last_affected: '2.1'}]\n"
    )
    (tmp_path / "PYSEC-2.json").write_text('{"id": "PYSEC-2", "withdrawn": "2026", "affected": []}')

    named = findings({"some-package": version}, advisories(tmp_path))

    assert named == ([f"PYSEC-1: some-package=={version}"] if is_found else [])
