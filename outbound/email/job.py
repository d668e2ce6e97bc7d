"""The job that sends one message: checks its reason, sends it, appends the outcome."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from events.clock import MICROSECOND
from events.domain import DomainEvent, user_event
from events.domain.user import EmailCancelled, EmailFailed, EmailSent
from events.envelope import NewEvent
from handlers.configuration import Configuration, configuration
from jobs.errors import PermanentFailure, Postponed
from jobs.job import Job, JobContext, JobResult, JobType, Status
from outbound.email.errors import MailNotDelivered, PerhapsDelivered, Undeliverable
from outbound.email.message import compose
from outbound.email.occasions import OCCASIONS
from outbound.email.recipient import Recipient, is_behind, recipient
from outbound.email.scheduling import EMAIL_JOB, email_key
from outbound.email.transport import Transport

LIMIT_S = 180.0
CATCH_UP = timedelta(seconds=2)
SWITCHED_OFF = timedelta(minutes=1)
KEPT = "not sent: SMTP_URL is not set, so the message is only a file in the outbox"
HANDED_OVER = {"handed_over": True}
PAYLOAD = ("user_id", "occasion", "instance", "about")


def email_job(transport: Transport) -> JobType:
    """The job type, sending through `transport`."""

    def handle(context: JobContext) -> JobResult:
        return _send(context, transport)

    return JobType(EMAIL_JOB, handle, given_up=_given_up, limit_s=LIMIT_S)


def _send(context: JobContext, transport: Transport) -> JobResult:
    job, conn, now = context.job, context.conn, context.clock()
    if job.result == HANDED_OVER:
        raise PermanentFailure(
            "its worker stopped while the mail server was receiving it, so it may have been sent "
            "and is not sent again; tenure jobs retry sends it anyway"
        )
    if not _is_mail(job):
        raise PermanentFailure(
            f"expected a payload with {', '.join(PAYLOAD)}, and one of the occasions {', '.join(OCCASIONS)}; "
            "tenure jobs cancel removes the job"
        )
    settings = configuration(conn)
    user = _recipient(context, settings)
    occasion, about = OCCASIONS[job.payload["occasion"]], job.payload["about"]
    gone = _unwritable(user) or occasion.gone(conn, user, about, now)
    if gone is not None:
        return JobResult({"reason": gone}, [_event(job, EmailCancelled, now)], status="cancelled")
    try:
        message = compose(occasion, user, about, job_id=job.id, now=now, settings=settings)
        transport.deliver(message, handing_over=lambda: context.note(HANDED_OVER))
    except MailNotDelivered:
        context.note(None)  # refused, so not sent: the next attempt may send it
        raise
    except (Undeliverable, PerhapsDelivered) as problem:
        raise PermanentFailure(str(problem)) from problem
    if not transport.sends:
        return JobResult({"error": KEPT}, [_event(job, EmailFailed, now, error=KEPT)])
    sent_at = context.clock()
    return JobResult({"sent_at": sent_at.isoformat()}, [_event(job, EmailSent, now, sent_at=sent_at)])


def _recipient(context: JobContext, settings: Configuration) -> Recipient:
    """Raises: Postponed while mail is switched off or the tables lag behind for this user."""
    if not settings.get("email", "is_enabled"):
        raise Postponed(SWITCHED_OFF, "email.is_enabled is false")
    user = recipient(context.conn, context.job.payload["user_id"])
    if user is None or is_behind(context.conn, user):
        raise Postponed(CATCH_UP, "the user has events that are not projected yet")
    if user.is_quarantined:
        raise MailNotDelivered(
            "the user is quarantined, so the reason can't be checked: tenure quarantine list shows why"
        )
    return user


def _unwritable(user: Recipient) -> str | None:
    if user.deleted_at is not None:
        return "the user was deleted"
    return None if user.email else "the user has no address"


def _given_up(job: Job, status: Status, why: str, now: datetime) -> Sequence[NewEvent]:
    """No attempt is left, or an operator cancelled the job. A payload that is no mail's has no events."""
    if not _is_mail(job):
        return []
    if status == "cancelled":
        return [_event(job, EmailCancelled, now)]
    return [_event(job, EmailFailed, now, error=why[:500])]


def _is_mail(job: Job) -> bool:
    """Whether the payload is one of `schedule_mail`; an erased one is empty."""
    return all(name in job.payload for name in PAYLOAD) and job.payload["occasion"] in OCCASIONS


def _event(job: Job, fact: type[DomainEvent], now: datetime, **fields: object) -> NewEvent:
    """An operator's retry may end differently, so the attempt's time is in the key.

    The event is later than the message's scheduling, even on a clock that stands still or steps back.
    """
    payload = job.payload
    before = max(job.created_at, job.failed_at or job.created_at)
    now = max(now, before + MICROSECOND)
    verb = fact.event_type.removeprefix("email.")
    key = email_key(verb, payload["user_id"], payload["occasion"], payload["instance"])
    return user_event(
        fact(occasion=payload["occasion"], **fields),
        user_id=payload["user_id"],
        now=now,
        idempotency_key=key if verb == "sent" else f"{key}:{now.isoformat()}",
    )
