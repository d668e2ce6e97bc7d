"""What operators may change while the service runs: typed, checked, changed by events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from psycopg.rows import class_row, dict_row

from events.append import append
from events.domain import system_event
from events.domain.system import ConfigurationChanged, LoggingChanged
from events.statements import AnyConnection, statement
from handlers.configuration_keys import (
    KNOWN,
    ConfigurationKey,
    ConfigurationRefused,
    Json,
    ValueType,
    guessed_type,
    known_key,
    read_value,
)

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGER_LIMIT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationEntry:
    """One key as it stands. `is_set` is false while the default holds."""

    category: str
    key: str
    value: Json
    value_type: str
    description: str
    is_hot_reloadable: bool
    allowed: str | None
    is_set: bool
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class LevelInForce:
    """A logger's level, until then or for good."""

    logger: str
    level: str
    until: datetime | None


class Configuration:
    """All values at one moment; keys that are not set have their defaults."""

    def __init__(self, values: Mapping[tuple[str, str], Json]) -> None:
        self._values = values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Configuration) and self._values == other._values

    __hash__ = None  # type: ignore[assignment]  # values may be lists

    def get(self, category: str, key: str) -> Json:
        """The value; a stored one a newer service would allow but this one doesn't gives the default.

        Raises: KeyError for a key that is neither set nor known.
        """
        definition = KNOWN.get((category, key))
        stored = self._values.get((category, key))
        if definition is None:
            return self._values[category, key]
        return stored if stored is not None and fits(definition, stored) else definition.default

    def names(self) -> set[tuple[str, str]]:
        return {*self._values, *KNOWN}


def configuration(conn: AnyConnection) -> Configuration:
    """Everything as it stands in the tables."""
    return Configuration({(row["category"], row["key"]): row["value"] for row in _rows(conn)})


def configured(conn: AnyConnection, category: str, key: str) -> Json:
    """One value as it stands: `configured(conn, "trial", "duration_days")`."""
    return configuration(conn).get(category, key)


def entries(conn: AnyConnection) -> list[ConfigurationEntry]:
    """Every key that is known or set, by name."""
    stored = {(row["category"], row["key"]): row for row in _rows(conn)}
    return [_entry(*name, KNOWN.get(name), stored.get(name)) for name in sorted({*stored, *KNOWN})]


def set_value(
    conn: AnyConnection,
    category: str,
    key: str,
    text: str,
    *,
    now: datetime,
    actor: str,
    reason: str | None = None,
    value_type: ValueType | None = None,
    description: str | None = None,
) -> tuple[ConfigurationEntry, bool]:
    """(the entry as it will be, whether an event was appended). The same value again appends nothing.

    The tables follow the event and running processes follow the tables, within five seconds in all.
    Raises: ConfigurationRefused, whose message has the allowed range.
    """
    definition = known_key(category, key)
    stored = {(row["category"], row["key"]): row for row in _rows(conn)}.get((category, key))
    new_type = _type(definition, stored, value_type, text)
    value = _allowed(category, key, definition, text, new_type)
    before = _entry(category, key, definition, stored) if definition or stored else None
    new_description = description if description is not None else (before.description if before else "")
    hot = definition.is_hot_reloadable if definition else bool(stored is None or stored["is_hot_reloadable"])
    row = {"value": value, "value_type": new_type, "description": new_description, "is_hot_reloadable": hot}
    after = _entry(category, key, definition, row | {"updated_at": now})
    same = stored is not None and all(stored[name] == row[name] for name in row)
    if not same:
        fact = ConfigurationChanged(category=category, key=key, **row)
        name = f"{category}.{key}"
        _append(conn, fact, name, now=now, actor=actor, reason=reason)
    return after, not same


def set_log_level(
    conn: AnyConnection,
    logger: str,
    level: str,
    *,
    now: datetime,
    actor: str,
    until: datetime | None = None,
    reason: str | None = None,
) -> LoggingChanged:
    """Set a logger's level in every running process, until then or for good; `root` is the level of all.

    Raises: ConfigurationRefused.
    """
    if level not in LEVELS:
        raise ConfigurationRefused(f"expected a level, one of {', '.join(LEVELS)}; found {level!r}")
    if not 0 < len(logger) <= LOGGER_LIMIT or not logger.isprintable() or " " in logger:
        raise ConfigurationRefused("expected a logger's name, such as root, tenure or projections.runner")
    fact = LoggingChanged.model_validate({"logger": logger, "level": level, "until": until})
    _append(conn, fact, logger, now=now, actor=actor, reason=reason)
    return fact


def log_levels(conn: AnyConnection, *, now: datetime) -> list[LevelInForce]:
    """Those in force now, by logger."""
    with conn.cursor(row_factory=class_row(LevelInForce)) as cursor:
        return cursor.execute(statement("handlers", "log_levels"), {"now": now}).fetchall()


def fits(definition: ConfigurationKey, value: Json) -> bool:
    """Whether a value read from the log is one this version allows."""
    right_type = isinstance(value, _PYTHON[definition.value_type])
    is_flag = isinstance(value, bool)
    return right_type and is_flag == (definition.value_type == "boolean") and definition.check(value)


def _type(
    definition: ConfigurationKey | None,
    stored: Mapping[str, Any] | None,  # Any: one type a column
    requested: ValueType | None,
    text: str,
) -> ValueType:
    if definition is None:
        stored_type: ValueType | None = stored["value_type"] if stored else None
        return requested or stored_type or guessed_type(text)
    if requested not in (None, definition.value_type):
        raise ConfigurationRefused(f"expected no type or {definition.value_type}, found {requested}")
    return definition.value_type


def _allowed(
    category: str, key: str, definition: ConfigurationKey | None, text: str, value_type: ValueType
) -> Json:
    try:
        value = read_value(text, value_type)
    except ConfigurationRefused as refused:
        allowed = f"expected {definition.allowed}" if definition else ""
        prefix = "" if str(refused).startswith(allowed) else f"{allowed}; "
        raise ConfigurationRefused(f"{category}.{key}: {prefix}{refused}") from None
    if definition is not None and not fits(definition, value):
        raise ConfigurationRefused(f"{category}.{key}: expected {definition.allowed}, found {text!r}")
    return value


def _entry(
    category: str, key: str, definition: ConfigurationKey | None, row: Mapping[str, Any] | None
) -> ConfigurationEntry:
    # Any: one type a column
    if row is None:
        assert definition is not None
        row = {
            "value": definition.default,
            "value_type": definition.value_type,
            "description": definition.description,
            "is_hot_reloadable": definition.is_hot_reloadable,
        }
    return ConfigurationEntry(
        category=category,
        key=key,
        value=row["value"],
        value_type=row["value_type"],
        description=row["description"],
        is_hot_reloadable=row["is_hot_reloadable"],
        allowed=definition.allowed if definition else None,
        is_set="updated_at" in row,
        updated_at=row.get("updated_at"),
    )


def _append(
    conn: AnyConnection,
    fact: ConfigurationChanged | LoggingChanged,
    name: str,
    *,
    now: datetime,
    actor: str,
    reason: str | None,
) -> None:
    # Each decision is a fact of its own: setting a value back is not a repetition.
    key = f"{fact.event_type}:{name}:{uuid4().hex}"
    append(
        conn,
        system_event(fact, aggregate_id=name, now=now, idempotency_key=key, actor=actor, reason=reason),
    )


def _rows(conn: AnyConnection) -> list[dict[str, Any]]:  # Any: one type a column
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("handlers", "configuration")).fetchall()


_PYTHON: dict[str, type | tuple[type, ...]] = {
    "number": (int, float),
    "duration": int,
    "boolean": bool,
    "string": str,
    "json": (dict, list, str, int, float, bool),
}
