"""Stop a mass action before it acts: the wrong key, or more deletions than one run may believe.

What a provider does not have is an absence, and an absence is believed only from the account or instance that
sent the log its webhooks, and of a bounded share of what is known.
"""

from collections.abc import Callable, Collection
from datetime import datetime

from events.append import json_text
from providers.reconcile.errors import NotThere
from providers.reconcile.statements import AnyConnection, do

SHARE_PERCENT = 10
SAMPLE = 20


def most_absences(known: int) -> int:
    """How many of so many known objects one run may find gone without `--yes-delete`."""
    return max(1, -(-known * SHARE_PERCENT // 100))


def knows_any(ids: Collection[str], fetch: Callable[[str], object]) -> bool:
    """Whether the provider has at least one of these objects, or there is none to look for."""
    for object_id in ids:
        try:
            fetch(object_id)
        except NotThere:
            continue
        return True
    return not ids


def another_source(provider: str, found: str, setting: str) -> str:
    """Why a run with the key of another account or instance did nothing."""
    return (
        f"{provider}: this key is of another account or instance: {found}; nothing was compared or changed. "
        f"Check {setting}, then run it again"
    )


def too_many(provider: str, what: str, found: int, *, known: int, allowed: int) -> str:
    """Why a run deleted nothing."""
    return (
        f"{provider}: {found} {what} are gone there, of {known} known here; "
        f"expected at most {allowed} in one run, so none was ended. "
        f"Look at tenure reconcile {provider} --dry-run; if they are gone indeed: "
        f"tenure reconcile {provider} --yes-delete {found}"
    )


def keep_refusal(conn: AnyConnection, scope: str, refusal: str | None, *, now: datetime) -> None:
    """An alarm for as long as the last run of the scope was refused."""
    name = f"{scope}:refused"
    if refusal is None:
        do(conn, "forget_refusal", scope=name)
    else:
        do(conn, "note_refusal", scope=name, now=now, result=json_text({"message": refusal}))
