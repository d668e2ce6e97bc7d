"""Rows of the platform's old user tables as facts: what was known before the log began, once per user."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from events.append import append_all
from events.clock import EPOCH
from events.domain import user_event
from events.domain.user import LegacyImported
from events.envelope import NewEvent
from events.statements import AnyConnection
from providers.reconcile.statements import erased_among

Row = Mapping[str, Any]  # Any: JSON values

FIELDS = frozenset(LegacyImported.model_fields)
# Ids and clocks of the old rows, and what the catalog or the projector knows better.
PASSED_OVER = frozenset(
    {"id", "user_id", "created_at", "updated_at", "billing_sync_status", "usage_reset_date"}
    | {"plan_campaigns_limit", "plan_creators_limit", "plan_features"}
)
ID_COLUMNS = ("user_id", "clerk_user_id", "clerk_id")
MAX_REFUSED = 100

_CLERK_ID = re.compile(r"user_[A-Za-z0-9_-]{1,190}")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Unusable(Exception):
    """An old row that can't become an event: correct it at its source and import again."""


@dataclass(slots=True)
class LegacyImport:
    """The outcome of the rows. `changed`: imported before with other content, which stays in force."""

    rows: int = 0
    appended: int = 0
    duplicates: int = 0
    changed: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    refused_more: int = 0

    def refuse(self, name: str, reason: str) -> None:
        if len(self.refused) < MAX_REFUSED:
            self.refused.append((name, reason))
        else:
            self.refused_more += 1


def import_rows(
    conn: AnyConnection, rows: Sequence[Row], report: LegacyImport, *, now: datetime, actor: str, source: str
) -> None:
    """Append one event for each usable row; the caller commits."""
    events: list[tuple[str, NewEvent]] = []
    for row in rows:
        report.rows += 1
        try:
            events.append(legacy_event(row, now=now, actor=actor, source=source))
        except Unusable as problem:
            report.refuse(str(_id_of(snake_cased(row)) or f"row {report.rows}"), str(problem))
    erased = erased_among(conn, {user_id for user_id, _ in events})
    events = [(user_id, event) for user_id, event in events if user_id not in erased]
    for user_id in sorted(erased):
        report.refuse(user_id, "erased here: nothing about them is imported again")
    answers = append_all(conn, [event for _, event in events])
    for (user_id, _), answer in zip(events, answers, strict=True):
        if answer.outcome == "appended":
            report.appended += 1
        elif answer.outcome == "duplicate":
            report.duplicates += 1
        else:
            report.changed.append(user_id)


def legacy_event(row: Row, *, now: datetime, actor: str, source: str) -> tuple[str, NewEvent]:
    """(user, event) of an old row. Raises: Unusable."""
    columns = snake_cased(row)
    user_id = _id_of(columns)
    if not isinstance(user_id, str) or _CLERK_ID.fullmatch(user_id) is None:
        raise Unusable("expected a Clerk id (user_…)")
    event = user_event(
        fact_of(columns),
        user_id=user_id,
        now=min(_at(columns), now),
        idempotency_key=f"legacy:{user_id}",
        actor=actor,
        reason=f"known before the log began ({source})",
    )
    return user_id, event


def fact_of(columns: Row) -> LegacyImported:
    """The row's fields; null and empty text are unknown. Raises: Unusable."""
    fields = {name: columns[name] for name in FIELDS if columns.get(name) not in (None, "")}
    for name, value in fields.items():
        if _is_instant(name) and isinstance(value, str):
            fields[name] = _instant(name, value)
    if "signup_timestamp" not in fields and columns.get("created_at"):
        fields["signup_timestamp"] = _instant("created_at", columns["created_at"])
    try:
        return LegacyImported.model_validate(dict(sorted(fields.items())))
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
        raise Unusable(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def not_taken(columns: Iterable[str]) -> list[str]:
    """Columns of the old tables that no event contains."""
    return sorted({_snake(name) for name in columns} - FIELDS - PASSED_OVER - {*ID_COLUMNS})


def snake_cased(row: Row) -> dict[str, Any]:  # Any: JSON values
    """Drizzle may have made columns in either spelling."""
    return {_snake(name): value for name, value in row.items()}


def _snake(name: str) -> str:
    return _HUMP.sub("_", name).lower()


def _id_of(row: Row) -> Any:  # Any: a JSON value
    return next((row[name] for name in ID_COLUMNS if row.get(name)), None)


def _at(columns: Row) -> datetime:
    """The instant of the row: its last change, else its creation."""
    value = columns.get("updated_at") or columns.get("created_at")
    return _instant("updated_at", value) if value else EPOCH


def _is_instant(name: str) -> bool:
    return name.endswith(("_date", "_timestamp"))


def _instant(name: str, value: object) -> datetime:
    """Drizzle's timestamps carry no zone and are UTC."""
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        raise Unusable(f"{name}: {str(value)[:40]!r} is not an instant") from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
