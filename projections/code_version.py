"""The version of the folding code: a digest over the source of every module that a fold uses."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

FOLDING = (
    (
        "projections",
        (
            "claiming.py",
            "facts.py",
            "fold.py",
            "links.py",
            "order.py",
            "trail.py",
            "parse_fact.py",
            "rows.py",
            "snapshots.py",
            "state.py",
        ),
    ),
    ("projections", ("stripe_objects.py", "catalog.py")),
    ("projections.shapes", ("decoding.py", "stripe.py", "clerk.py", "user_ids.py")),
    (
        "projections.tables",
        (
            "users.py",
            "subscriptions.py",
            "trials.py",
            "billing.py",
            "usage.py",
            "system_data.py",
            "legacy.py",
        ),
    ),
    (
        "projections.aggregates",
        (
            "aggregate.py",
            "field_types.py",
            "campaigns.py",
            "scraping_jobs.py",
            "lists.py",
            "rows.py",
            "rebuild.py",
        ),
    ),
    ("events.domain", ("base.py", "user.py", "platform.py")),
)


@cache
def projector_version() -> str:
    """Sixteen hex digits; tables built by another version need a replay."""
    seen = sha256()
    for package, names in FOLDING:
        root: Traversable = files(package)
        for name in names:
            seen.update(name.encode() + b"\x00" + root.joinpath(name).read_bytes())
    return seen.hexdigest()[:16]
