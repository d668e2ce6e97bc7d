"""Stop a mass action before it acts: the wrong key, or more deletions than one run may accept.

An object that is missing at the provider counts as deleted only if the key belongs to the account or instance
that sent the log its webhooks, and only for a bounded share of the known objects.
"""

from collections.abc import Callable, Collection
from datetime import datetime

from events.append import json_text
from events.statements import AnyConnection
from providers.reconcile.errors import NotThere
from providers.reconcile.statements import do

SHARE_PERCENT = 10
SAMPLE = 20


def most_absences(total: int) -> int:
    """How many of `total` known objects one run may delete without `--yes-delete`."""
    return max(1, -(-total * SHARE_PERCENT // 100))


def knows_any(ids: Collection[str], fetch: Callable[[str], object]) -> bool:
    """Whether the provider has at least one of these objects, or there is none to look for."""
    for object_id in ids:
        try:
            fetch(object_id)
        except NotThere:
            continue
        return True
    return not ids


def another_source(provider: str, evidence: str, setting: str) -> str:
    """The reason why a run with the key of another account did nothing."""
    return (
        f"{provider}: this key is of another account or instance: {evidence}; "
        "nothing was compared or changed. "
        f"Check {setting}, then run it again"
    )


def too_many(provider: str, what: str, missing: int, *, total: int, allowed: int) -> str:
    """The reason why a run deleted nothing."""
    return (
        f"{provider}: {missing} {what} are gone there, of {total} known here; "
        f"expected at most {allowed} in one run, so none was ended. "
        f"Check with tenure reconcile {provider} --dry-run; if they are really gone: "
        f"tenure reconcile {provider} --yes-delete {missing}"
    )


def keep_refusal(conn: AnyConnection, scope: str, refusal: str | None, *, now: datetime) -> None:
    """Store or clear the alarm of a refused run."""
    name = f"{scope}:refused"
    if refusal is None:
        do(conn, "forget_refusal", scope=name)
    else:
        do(conn, "note_refusal", scope=name, now=now, result=json_text({"message": refusal}))
