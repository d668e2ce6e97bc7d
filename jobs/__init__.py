"""Work that must not be lost: put in a table by who decides it, done by whoever is free."""

from jobs.job import Context, Done, Job, JobType, Registry
from jobs.queue import Enqueued, cancel, enqueue, find, listed, retry
from jobs.runner import JobRunner

__all__ = [
    "Context",
    "Done",
    "Enqueued",
    "Job",
    "JobRunner",
    "JobType",
    "Registry",
    "cancel",
    "enqueue",
    "find",
    "listed",
    "retry",
]
