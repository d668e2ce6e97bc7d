"""The version of the folding code: a digest over the source of every module that a fold uses."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

# Package to its modules; empty for all of them.
FOLDING: dict[str, tuple[str, ...]] = {
    "projections": (
        "catalog.py",
        "claiming.py",
        "facts.py",
        "fold.py",
        "links.py",
        "order.py",
        "parse_fact.py",
        "rows.py",
        "snapshots.py",
        "state.py",
        "stripe_objects.py",
        "trail.py",
    ),
    "projections.shapes": (),
    "projections.tables": (),
    "projections.aggregates": (
        "aggregate.py",
        "campaigns.py",
        "field_types.py",
        "lists.py",
        "rebuild.py",
        "rows.py",
        "scraping_jobs.py",
    ),
    "events.domain": ("base.py", "user.py", "platform.py"),
}


@cache
def projector_version() -> str:
    """Sixteen hex digits; tables built by another version need a replay."""
    seen = sha256()
    for package, names in FOLDING.items():
        root: Traversable = files(package)
        for name in names or sorted(path.name for path in root.iterdir() if path.name.endswith(".py")):
            seen.update(name.encode() + b"\x00" + root.joinpath(name).read_bytes())
    return seen.hexdigest()[:16]
