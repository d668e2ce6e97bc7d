"""Known vulnerabilities from a folder of OSV files, compared with the lock; no service is asked.

Source of the form: https://ossf.github.io/osv-schema/. Such a folder is https://github.com/pypa/advisory-database
(YAML), or what osv.dev offers for PyPI (JSON).
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import Version

Advisory = dict[str, Any]  # Any: JSON


def advisories(folder: Path) -> Iterator[Advisory]:
    """Every one in the folder that was not withdrawn."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".json", ".yaml", ".yml"):
            continue
        text = path.read_text()
        advisory = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        if isinstance(advisory, dict) and "affected" in advisory and not advisory.get("withdrawn"):
            yield advisory


def findings(pins: Mapping[str, str], published: Iterator[Advisory]) -> list[str]:
    """`id: name==version` of each pin that an advisory names."""
    return [
        f"{advisory['id']}: {name}=={pins[name]}"
        for advisory in published
        for affected in advisory["affected"]
        if affected.get("package", {}).get("ecosystem") == "PyPI"
        if (name := canonicalize_name(affected["package"]["name"])) in pins
        if _is_affected(Version(pins[name]), affected)
    ]


def _is_affected(version: Version, affected: Advisory) -> bool:
    if str(version) in affected.get("versions", ()):
        return True
    spans = [
        affected_range["events"]
        for affected_range in affected.get("ranges", ())
        if affected_range["type"] == "ECOSYSTEM"
    ]
    return any(_is_within(version, events) for events in spans)


def _is_within(version: Version, events: list[dict[str, str]]) -> bool:
    """Whether the last event at or below this version opened a range."""
    inside = False
    for event in events:  # in the order of versions, as the schema wants them
        ((kind, text),) = event.items()
        at = Version(text)
        if kind == "introduced" and version >= at:
            inside = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            inside = False
    return inside
