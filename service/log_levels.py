"""Change levels of loggers in a running process, and restore them."""

import logging
from collections.abc import Mapping
from threading import Lock

from service.logging_setup import LEAST


def is_known(name: str) -> bool:
    """Whether a known logger has that name, or one below it."""
    return name == "root" or any(f"{logger}.".startswith(f"{name}.") for logger in NAMES)


class LogLevels:
    """`apply` takes all overrides in force and restores loggers without one."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}
        self._lock = Lock()

    def apply(self, levels: Mapping[str, str]) -> None:
        with self._lock:
            for name in [name for name in self._before if name not in levels]:
                _logger(name).setLevel(self._before.pop(name))
            for name, level in levels.items():
                self._before.setdefault(name, _logger(name).level)
                _logger(name).setLevel(level)


def _logger(name: str) -> logging.Logger:
    return logging.getLogger(None if name == "root" else name)


OURS = (
    "events.group_commit",
    "outbound.email.scheduling",
    "handlers.job_timeouts",
    "jobs.lease",
    "jobs.runner",
    "outbound.webhooks.enqueue",
    "providers.reconcile.objects_ahead",
    "providers.reconcile.clerk",
    "providers.reconcile.payment_methods",
    "providers.reconcile.objects",
    "providers.reconcile.sessions",
    "handlers.scheduled_scans",
    "handlers.schedule_preview",
    "handlers.usage",
    "projections.projector",
    "projections.configuration",
    "projections.aggregates.project",
    "projections.relinking",
    "projections.runner",
    "projections.store",
    "tenure.alarms",
    "tenure.api",
    "tenure.clock",
    "tenure.configuration",
    "tenure.console",
    "tenure.database",
    "tenure.deliveries",
    "tenure.email",
    "tenure.metrics",
    "tenure.reconcile",
    "tenure.schedule",
    "tenure.sealer",
    "tenure.supervisor",
    "tenure.tracing",
    "tenure.webhooks",
    "tenure.work",
    "webhooks.store",
)
NAMES = (*OURS, *LEAST)
"""Tenure's loggers, and the libraries' with a higher minimum level."""
