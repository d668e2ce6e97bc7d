"""The table of scheduled handlers, and the types of background jobs."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from database.pool import Connection
from events.clock import Clock, utc_now
from handlers import job_timeouts, retention, scheduled_scans
from handlers.alarms import log_new_alarms
from handlers.configuration import configured
from handlers.console_sessions import delete_sessions
from handlers.erasure_sweep import sweep
from handlers.scheduled_scans import Summary
from jobs import Registry
from jobs.queue import prune
from jobs.schedule import Scheduled
from outbound.email import Outbox, Smtp, Transport, email_job, schedule_emails
from outbound.webhooks.deliver import deliver_job
from outbound.webhooks.enqueue import follow
from service.scheduled_reconcile import reconciling
from service.signing_keys import sealer_of, signing_keys
from settings import Settings

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Scan = Callable[[Connection, datetime], Summary]
Run = Callable[[Connection, datetime], Mapping[str, Any]]  # Any: JSON values

NAMED = 20  # users listed in a failed scan's result


def scheduled(settings: Settings, conninfo: str, *, clock: Clock = utc_now) -> list[Scheduled]:
    """All handlers, in the order of `tenure schedule list`."""
    sealer = sealer_of(settings, conninfo, clock=clock)

    def seal(_conn: Connection, _now: datetime) -> Mapping[str, Any]:
        signed = sealer.run()
        return {"signed": signed is not None}

    def apply_retention(conn: Connection, now: datetime) -> Mapping[str, Any]:
        return _apply_retention(conn, now, partial(signing_keys, settings))

    return [
        *(Scheduled(name, every, _summarized(scan), does) for name, every, scan, does in SCANS),
        Scheduled("schedule_emails", timedelta(seconds=15), schedule_emails, "Create jobs for due e-mails"),
        Scheduled("seal", MINUTE, seal, "Seal new events and sign a checkpoint"),
        Scheduled("log_alarms", MINUTE, log_new_alarms(), "Write new alarms to the service's log"),
        Scheduled("forget_jobs", DAY, _forget_jobs, "Delete finished jobs after jobs.keep"),
        Scheduled("sweep_erased", MINUTE, _sweep_erased(settings), "Remove copies of erased persons' data"),
        Scheduled("apply_retention", DAY, apply_retention, "Delete old access log entries and checkpoints"),
        Scheduled("forget_sessions", HOUR, _forget_sessions, "Delete expired console sessions"),
        *reconciling(settings),
        Scheduled(
            "follow_log", timedelta(seconds=5), _follow_log, "Enqueue new events for outgoing webhooks"
        ),
    ]


def job_types(settings: Settings) -> Registry:
    """Every type of background job that this version runs."""
    email, delivering = email_job(transport(settings)), deliver_job()
    return {email.name: email, delivering.name: delivering}


def transport(settings: Settings) -> Transport:
    """SMTP_URL's server, else files in the data directory. Raises: BadSmtpUrl."""
    if settings.smtp_url is not None:
        return Smtp(settings.smtp_url.get_secret_value())
    return Outbox(settings.data_dir / "outbox")


def trial_grace(conn: Connection) -> timedelta:
    """How long to wait for Stripe's own event about a trial's end."""
    return timedelta(minutes=configured(conn, "trial", "grace_minutes"))


def _expire_trials(conn: Connection, now: datetime) -> Summary:
    return scheduled_scans.expire_trials(conn, now, grace=trial_grace(conn))


def _follow_log(conn: Connection, now: datetime) -> Mapping[str, Any]:
    return follow(conn, now=now)


def _sweep_erased(settings: Settings) -> Run:
    return lambda conn, _now: sweep(conn, settings.data_dir).as_json()


def _forget_jobs(conn: Connection, now: datetime) -> Mapping[str, Any]:
    keep = timedelta(seconds=configured(conn, "jobs", "keep"))
    return {"forgotten": prune(conn, before=now - keep)}


def _apply_retention(conn: Connection, now: datetime, keys_of: retention.KeysOf) -> Mapping[str, Any]:
    """See docs/operations.md, Retention."""
    accesses, seals = (
        timedelta(seconds=configured(conn, "retention", key)) for key in ("access_log", "checkpoints")
    )
    trim = partial(retention.trim_access_log, conn, now=now, keep=accesses)
    thin = partial(retention.thin_checkpoints, conn, now=now, keep=seals, keys_of=keys_of)
    return {
        "accesses": retention.in_batches(conn, trim),
        "checkpoints": retention.in_batches(conn, thin),
    }


def _forget_sessions(conn: Connection, now: datetime) -> Mapping[str, Any]:
    return {"forgotten": delete_sessions(conn, now=now)}


def _summarized(scan: Scan) -> Run:
    return lambda conn, now: _summary_json(scan(conn, now))


def _summary_json(done: Summary) -> dict[str, Any]:  # Any: JSON values
    summary: dict[str, Any] = {"looked_at": done.looked_at, "users": done.users, "events": done.events}
    return summary | ({"failed": done.failed[:NAMED]} if done.failed else {})


SCANS: tuple[tuple[str, timedelta, Scan, str], ...] = (
    ("expire_trials", MINUTE, _expire_trials, "Expire trials past their end without a payment"),
    ("expire_grants", MINUTE, scheduled_scans.expire_grants, "Expire granted plans past their end"),
    ("time_out_jobs", MINUTE, job_timeouts.time_out_jobs, "Time out scraping jobs past their deadline"),
    ("warn_trials", HOUR, scheduled_scans.warn_trials, "Warn users whose trial ends within days"),
    ("reset_usage", HOUR, scheduled_scans.reset_usage, "Reset usage counters at the end of the month"),
)
