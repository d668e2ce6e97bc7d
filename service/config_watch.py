"""Apply changes of log levels and of hot-reloadable values in a running process."""

from threading import Event

from database.pool import Pool
from events.clock import utc_now
from handlers.configuration_watch import ConfigurationWatch
from service.log_levels import LogLevels


def watch_configuration(pool: Pool, stop: Event) -> ConfigurationWatch:
    """The watch, already running until `stop` is set."""
    watch = ConfigurationWatch(pool.connection, clock=utc_now, apply_levels=LogLevels().apply)
    watch.start(stop)
    return watch
