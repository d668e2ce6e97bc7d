"""Work that must not be lost: put in a table by who decides it, done by whoever is free."""

from jobs.job import Job, JobContext, JobResult, JobType, Registry
from jobs.queue import Enqueued, cancel, enqueue, find, listed, retry
from jobs.runner import JobRunner

__all__ = [
    "Enqueued",
    "Job",
    "JobContext",
    "JobResult",
    "JobRunner",
    "JobType",
    "Registry",
    "cancel",
    "enqueue",
    "find",
    "listed",
    "retry",
]
