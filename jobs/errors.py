"""What can go wrong with a background job."""

from datetime import timedelta
from uuid import UUID


class JobError(Exception):
    """Base of what goes wrong with background jobs."""


class JobUnknown(JobError):
    """No job has that id. `tenure jobs list` shows them."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__(f"expected the id of a job, found none with {job_id}; tenure jobs list shows them")
        self.job_id = job_id


class JobNotMovable(JobError):
    """The job's status allows no such thing."""

    def __init__(self, job_id: UUID, *, wanted: str, status: str, allowed: str) -> None:
        super().__init__(f"can't {wanted} job {job_id}: expected it {allowed}, found it {status}")
        self.job_id = job_id
        self.status = status


class PermanentFailure(JobError):
    """Raised by a handler: another try would fail as well. The job is dead at once."""


class Postponed(JobError):
    """Raised by a handler: it is too early. The job waits `delay` more; that is no failure."""

    def __init__(self, delay: timedelta, reason: str) -> None:
        super().__init__(reason)
        self.delay = delay


class LeaseLost(JobError):
    """The job was taken from this worker, which was too slow or cut off; what it did is undone."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__(f"job {job_id} belongs to another worker by now; nothing of this try is kept")
        self.job_id = job_id
