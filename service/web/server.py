"""The web server: gunicorn with Tenure's settings and logging."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from events.child_processes import follow_parent


@dataclass(frozen=True, kw_only=True)
class Web:
    """Options of the server; `bind` is `host:port`, or `fd://N` of a listening socket."""

    bind: str
    workers: int = 2
    threads: int = 8
    follow: bool = False


class RootLogger(Logger):  # type: ignore[misc]
    """Sends gunicorn's messages to the root logger."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers = []
            log.propagate = True
            log.setLevel("DEBUG" if cfg.loglevel == "debug" else "WARNING")


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn without its command line; `build` runs in each worker, after the fork."""

    def __init__(self, web: Web, build: Callable[[], WSGIApplication], *, debug: bool) -> None:
        self._web = web
        self._build = build
        self._debug = debug
        super().__init__(prog="tenure serve")

    def load_config(self) -> None:
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        return self._build()

    def _options(self) -> dict[str, Any]:  # Any: gunicorn's settings differ in type
        return {
            "bind": self._web.bind,
            "workers": self._web.workers,
            "worker_class": "service.web.worker.BufferingWorker",
            "threads": self._web.threads,
            "worker_tmp_dir": None,
            "timeout": 60,
            "graceful_timeout": 5,
            "keepalive": 5,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "debug" if self._debug else "info",
            "logger_class": RootLogger,
            "control_socket_disable": True,
            "proc_name": "tenure-web",
            "child_exit": lambda _, worker: worker.gone(),
            "post_worker_init": lambda _: _spare_what_stays(),
            # The parent holds the other end of stdin; only the arbiter watches it, workers follow it.
            "when_ready": lambda _: follow_parent() if self._web.follow else None,
        }


def _spare_what_stays() -> None:
    """Exclude loaded code from garbage collection, which stops every thread while it runs."""
    gc.collect()
    gc.freeze()
