"""Every long-running process follows the configuration: its log levels, and values it may take hot."""

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
