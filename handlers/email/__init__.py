"""Mail to users: each occasion once, cancelled when its reason is gone, never lost in between."""

from handlers.email.job import email_job
from handlers.email.scheduling import EMAIL_JOB, schedule_email, schedule_emails
from handlers.email.transport import Outbox, Smtp, Transport

__all__ = [
    "EMAIL_JOB",
    "Outbox",
    "Smtp",
    "Transport",
    "email_job",
    "schedule_email",
    "schedule_emails",
]
