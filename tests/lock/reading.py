"""The lock, what is installed, and what asks for it; nothing here needs a network."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[2] / "constraints.txt"
OURS = "tenure"
# What a virtual environment brings along; nothing of ours imports them.
TOOLS = frozenset({"pip", "setuptools", "wheel"})

_Wanted = tuple[str, frozenset[str]]
_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[0-9][A-Za-z0-9.+!]*)")


def pins(text: str) -> dict[str, str]:
    """Canonical name to version. Raises: ValueError at a line that pins nothing exactly."""
    versions: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = _PIN.fullmatch(line)
        if match is None:
            raise ValueError(f"expected name==version, found {line!r}")
        versions[canonicalize_name(match["name"])] = match["version"]
    return versions


@cache
def installed() -> Mapping[str, str]:
    """Canonical name to version of everything here but ourselves and the environment's tools."""
    versions: dict[str, str] = {
        canonicalize_name(package.metadata["Name"]): package.version for package in distributions()
    }
    return {name: version for name, version in versions.items() if name not in TOOLS | {OURS}}


def closure(extras: Iterable[str]) -> set[str]:
    """Everything Tenure with these extras needs here, directly or not."""
    todo: list[_Wanted] = [(OURS, frozenset(extras))]
    seen: set[_Wanted] = set()
    while todo:
        name, extra = todo.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        applying = (needed for needed in _requirements(name) if _applies(needed, extra))
        todo.extend((canonicalize_name(needed.name), frozenset(needed.extras)) for needed in applying)
    return {name for name, _ in seen} - {OURS}


def elsewhere(names: Iterable[str]) -> set[str]:
    """What some of these need on another system or another Python."""
    return {
        canonicalize_name(needed.name)
        for name in names
        for needed in _requirements(name)
        if needed.marker is not None and "extra" not in str(needed.marker) and not needed.marker.evaluate()
    }


def licence(package: Distribution) -> str:
    """What the distribution says of its licence, in all the places where it may."""
    values_of = package.metadata.get_all
    licences = [*values_of("License-Expression", []), *values_of("License", [])]
    licences += [
        classifier for classifier in values_of("Classifier", []) if classifier.startswith("License ::")
    ]
    # A whole licence as text names others in passing; its first line is its name.
    return "; ".join(text.strip().splitlines()[0] for text in licences if text.strip())


def _requirements(name: str) -> list[Requirement]:
    return [Requirement(requirement) for requirement in distribution(name).requires or ()]


def _applies(needed: Requirement, extras: frozenset[str]) -> bool:
    if needed.marker is None:
        return True
    return any(needed.marker.evaluate({"extra": extra}) for extra in (*extras, ""))
