"""system_configurations and logging_configurations: the newest value of each setting.

All these events are on one route, hence in one part, where commit order is position order: the last
commit wins, regardless of the clocks of two operators' machines.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec
import structlog
from msgspec import Struct
from psycopg.rows import tuple_row

from events.clock import from_micros
from events.identifiers import derived_id
from events.routing import SYSTEM_ROUTE, part_of
from events.statements import AnyConnection, statement
from events.text import storable_json
from projections.refusal import is_refusal
from projections.rows import Row, as_json
from projections.upserts import upsert

logger = structlog.get_logger(__name__)

TABLES = ("system_configurations", "logging_configurations")


class Setting(Struct, frozen=True):
    """A row of the system route. `at` is microseconds since the epoch."""

    position: int
    at: int
    type: str
    payload: str


class _Configuration(Struct):
    category: str
    key: str
    value: msgspec.Raw
    value_type: str
    description: str = ""
    is_hot_reloadable: bool = True


class _Logging(Struct):
    logger: str
    level: str
    until: datetime | None = None


def rows_of(settings: Iterable[Setting]) -> Iterator[tuple[str, Row]]:
    """(table, row) of each event in commit order, without unreadable events."""
    for setting in sorted(settings, key=lambda one: one.position):
        rule = RULES.get(setting.type)
        if rule is None:
            continue
        try:
            table, name, row = rule(setting)
        except Exception as problem:  # one unreadable setting stops no other setting and no user
            logger.warning(
                "projector.setting_unreadable", position=setting.position, error=type(problem).__name__
            )
            continue
        at = from_micros(setting.at)
        identity = {"id": str(derived_id(table, name)), "position": setting.position}
        yield table, row | identity | {"created_at": at, "updated_at": at}


def settings_at(conn: AnyConnection, bound: int, *, after: int = 0) -> list[Setting]:
    """The configuration events of the system route's part, up to `bound`."""
    parameters = {
        "part": part_of(SYSTEM_ROUTE),
        "route_key": SYSTEM_ROUTE,
        "types": list(RULES),
        "after": after,
        "bound": bound,
    }
    with conn.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(statement("projections", "read_settings"), parameters).fetchall()
    return [Setting(*row) for row in rows]


def write(conn: AnyConnection, settings: Iterable[Setting]) -> None:
    """Write the rows that those events change. A row's `created_at` stays that of its first event.

    Each event is written by itself, so that a rebuild and the live projector agree: an event that
    PostgreSQL refuses is skipped, and the previous value stays.
    """
    for table, row in rows_of(settings):
        try:
            with conn.transaction():
                conn.execute(upsert(table, [row]), {"rows": as_json([row]).decode()})
        except Exception as problem:
            if not is_refusal(problem):
                raise
            logger.error("projector.setting_refused", id=row["id"], error=type(problem).__name__)


def rebuild(conn: AnyConnection, bound: int) -> None:
    """Rebuild both tables from the log, up to `bound` in the system route's part. The caller commits."""
    for table in TABLES:
        conn.execute(statement("projections", f"clear_{table}"))
    write(conn, settings_at(conn, bound))


def _configuration(setting: Setting) -> tuple[str, str, Row]:
    payload = msgspec.json.decode(storable_json(setting.payload), type=_Configuration)
    if bytes(payload.value).strip() == b"null":
        raise ValueError("a value may not be null")
    return (
        "system_configurations",
        f"{payload.category}/{payload.key}",
        {
            "category": payload.category,
            "key": payload.key,
            "value": payload.value,
            "value_type": payload.value_type,
            "description": payload.description,
            "is_hot_reloadable": payload.is_hot_reloadable,
        },
    )


def _logging(setting: Setting) -> tuple[str, str, Row]:
    payload = msgspec.json.decode(storable_json(setting.payload), type=_Logging)
    row: Row = {"logger": payload.logger, "level": payload.level, "until": payload.until}
    return "logging_configurations", payload.logger, row


RULES: dict[str, Callable[[Setting], tuple[str, str, Row]]] = {
    "configuration.changed": _configuration,
    "logging.changed": _logging,
}
