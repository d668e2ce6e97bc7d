"""Running processes apply configuration changes without a restart: they watch its version."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from threading import Event, Thread
from typing import Any

import psycopg
import structlog
from psycopg.rows import tuple_row
from psycopg_pool import PoolClosed

from events.clock import Clock
from events.statements import AnyConnection, statement
from handlers.configuration import Configuration, configuration
from handlers.configuration_keys import KNOWN

Connect = Callable[[], AbstractContextManager[AnyConnection]]
ApplyLevels = Callable[[Mapping[str, str]], None]

EVERY_S = 1.0

log = structlog.get_logger("tenure.configuration")


def _no_levels(_levels: Mapping[str, str]) -> None:
    pass


class ConfigurationWatch:
    """`values` is always the newest configuration read; `apply_levels` is called with the log levels.

    One small query per second reads the version; the tables are read only when it changed. While the
    database is down the last values stay in force. Keys that are not hot-reloadable keep
    the value they had when this process started.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        clock: Clock,
        apply_levels: ApplyLevels = _no_levels,
        every_s: float = EVERY_S,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._apply_levels = apply_levels
        self._every_s = every_s
        self._version: int | None = None
        self._began: Configuration | None = None
        self._levels: dict[str, tuple[str, datetime | None]] = {}
        self._applied: dict[str, str] = {}
        self.values = Configuration({})

    def start(self, stop: Event) -> Thread:
        """Watch in a separate thread until `stop` is set."""
        thread = Thread(target=self.run, args=(stop,), name="configuration", daemon=True)
        thread.start()
        return thread

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            try:
                with self._connect() as conn:
                    self.look(conn)
            except PoolClosed:
                return
            except psycopg.Error as problem:
                log.debug("configuration.not_seen", error=type(problem).__name__)
            stop.wait(self._every_s)

    def look(self, conn: AnyConnection) -> None:
        """Apply what changed since the last call."""
        with conn.transaction(), conn.cursor(row_factory=tuple_row) as cursor:
            row = cursor.execute(statement("handlers", "configuration_version")).fetchone()
            version = row[0] if row else 0
            if version != self._version:
                self._take(configuration(conn))
                rows = cursor.execute(statement("handlers", "all_log_levels")).fetchall()
                self._levels = {logger: (level, until) for logger, level, until in rows}
                self._version = version
        self._level(self._clock())

    def _take(self, new: Configuration) -> None:
        if self._began is None:
            self._began = self.values = new
            return
        values = {}
        for category, key in new.names():
            hot = KNOWN[category, key].is_hot_reloadable if (category, key) in KNOWN else True
            was, now = _value(self.values, category, key), new.get(category, key)
            values[category, key] = now if hot else _value(self._began, category, key)
            if was != now and hot:
                log.info("configuration.taken", setting=f"{category}.{key}")
            elif now != values[category, key]:
                log.warning("configuration.needs_restart", setting=f"{category}.{key}")
        self.values = Configuration(values)

    def _level(self, now: datetime) -> None:
        in_force = {
            logger: level for logger, (level, until) in self._levels.items() if until is None or until > now
        }
        if in_force != self._applied:
            self._apply_levels(in_force)
            self._applied = in_force
            log.warning("log levels changed", levels=in_force, process=os.getpid())


def _value(values: Configuration, category: str, key: str) -> Any:  # Any: a value is what its type says
    try:
        return values.get(category, key)
    except KeyError:
        return None
