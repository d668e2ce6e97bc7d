"""Background jobs: a durable queue in a table; any free worker runs the next job."""

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
