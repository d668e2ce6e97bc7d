"""Errors of background jobs."""

from datetime import timedelta
from uuid import UUID


class JobError(Exception):
    """Base of the errors of background jobs."""


class JobUnknown(JobError):
    """No job has that id. `tenure jobs list` shows them."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__(f"expected the id of a job, found none with {job_id}; tenure jobs list shows them")
        self.job_id = job_id


class JobNotMovable(JobError):
    """The job's status does not allow the action."""

    def __init__(self, job_id: UUID, *, action: str, status: str, allowed: str) -> None:
        super().__init__(f"can't {action} job {job_id}: expected it {allowed}, found it {status}")
        self.job_id = job_id
        self.status = status


class PermanentFailure(JobError):
    """Raised by a handler: a retry would fail as well. The job is dead at once."""


class Postponed(JobError):
    """Raised by a handler: it is too early. The job waits for `delay`; this does not count as a failure."""

    def __init__(self, delay: timedelta, reason: str) -> None:
        super().__init__(reason)
        self.delay = delay


class LeaseLost(JobError):
    """The job's lease expired or was lost, and another worker owns it; this attempt is rolled back."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__(f"job {job_id} belongs to another worker by now; this attempt is rolled back")
        self.job_id = job_id
