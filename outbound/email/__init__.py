"""Mail to users: once per occasion, cancelled when its reason is gone, never lost."""

from outbound.email.job import email_job
from outbound.email.scheduling import EMAIL_JOB, schedule_email, schedule_emails
from outbound.email.transport import Outbox, Smtp, Transport

__all__ = [
    "EMAIL_JOB",
    "Outbox",
    "Smtp",
    "Transport",
    "email_job",
    "schedule_email",
    "schedule_emails",
]
