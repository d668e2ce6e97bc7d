"""Alarms for the operator: a retry window about to close, failing deliveries, a silent provider."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog

from events.statements import AnyConnection, Row
from queries import completeness

_log = structlog.get_logger("tenure.alarms")

Kind = Literal["window", "failures", "refusals", "silence", "refused"]
Level = Literal["warning", "error"]

KINDS: tuple[Kind, ...] = ("failures", "refusals", "refused", "silence", "window")
"""The gravest first: deliveries that fail now come before one that may be missing."""

# After that long the provider no longer has a lost event: Stripe's Events API, Clerk's retries.
CLOSES = {"stripe": timedelta(days=30), "clerk": timedelta(hours=28)}
WARN_AFTER = {"stripe": timedelta(days=3), "clerk": timedelta(hours=6)}
ERROR_AFTER = {"stripe": timedelta(days=25), "clerk": timedelta(hours=20)}
NAMES = {"stripe": "Stripe's Events API keeps 30 days", "clerk": "Clerk stops retrying after 28 hours"}
SECRETS = {"stripe": "STRIPE_WEBHOOK_SECRETS", "clerk": "CLERK_WEBHOOK_SECRETS"}
KEYS = {"stripe": "STRIPE_API_KEY", "clerk": "CLERK_SECRET_KEY"}

FAILURE_SHARE = 0.05
LEAST_FAILURES = 3
LEAST_REFUSALS = 10
GAPS_SINCE = timedelta(days=14)
LEAST_GAPS = 20
LEAST_SILENCE = timedelta(hours=1)
SILENCE_FACTOR = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One condition that needs an operator; `since` is when it began, where that is known."""

    source: str
    kind: Kind
    level: Level
    message: str
    since: datetime | None = None

    def as_json(self) -> dict[str, Any]:  # Any: JSON values
        return {
            "source": self.source,
            "kind": self.kind,
            "level": self.level,
            "message": self.message,
            "since": self.since,
        }


def alarms(conn: AnyConnection, *, now: datetime) -> list[Alarm]:
    """What is wrong now: errors first, and of one level the gravest kind first."""
    current = [*_refused(conn), *_windows(conn, now), *_failures(conn, now), *_silences(conn, now)]
    return sorted(current, key=lambda alarm: (alarm.level != "error", KINDS.index(alarm.kind), alarm.source))


def log_new_alarms() -> Callable[[AnyConnection, datetime], Mapping[str, Any]]:  # Any: JSON values
    """A scheduled handler that logs each alarm once when it begins, and again if it ended in between."""
    lasting: set[tuple[str, str, str]] = set()

    def run(conn: AnyConnection, now: datetime) -> Mapping[str, Any]:  # Any: JSON values
        current = {(alarm.source, alarm.kind, alarm.level): alarm for alarm in alarms(conn, now=now)}
        for key, alarm in current.items():
            if key not in lasting:
                write = _log.error if alarm.level == "error" else _log.warning
                write(alarm.message, source=alarm.source, kind=alarm.kind)
        lasting.clear()
        lasting.update(current)
        return {"alarms": len(current)}

    return run


def _refused(conn: AnyConnection) -> Iterator[Alarm]:
    for row in completeness.refused(conn):
        yield Alarm(
            source=row["source"], kind="refused", level="error", message=row["message"], since=row["since"]
        )


def _windows(conn: AnyConnection, now: datetime) -> Iterator[Alarm]:
    for source, row in completeness.reconciled(conn).items():
        if not row["has_events"]:
            continue
        finished = row["finished_at"]
        if finished is None:
            message = (
                f"{source}: never reconciled, so lost webhooks are not detected: tenure reconcile {source}"
            )
            yield Alarm(
                source=source, kind="window", level="warning", message=f"{message} ({KEYS[source]} needed)"
            )
            continue
        behind = now - finished
        if behind < WARN_AFTER[source]:
            continue
        remaining = CLOSES[source] - behind
        closes = (
            f"closes in {_duration_text(remaining)}"
            if remaining > timedelta(0)
            else "is closed: only current objects can be compared"
        )
        yield Alarm(
            source=source,
            kind="window",
            level="error" if behind >= ERROR_AFTER[source] else "warning",
            message=f"{source}: not reconciled for {_duration_text(behind)}; {NAMES[source]}, "
            f"and that window {closes}: tenure reconcile {source}",
            since=finished,
        )


def _failures(conn: AnyConnection, now: datetime) -> Iterator[Alarm]:
    for source, row in completeness.recent(conn, since=now - timedelta(hours=1)).items():
        others = row["deliveries"] - row["refusals"]
        if row["failures"] >= LEAST_FAILURES and row["failures"] > FAILURE_SHARE * others:
            yield Alarm(
                source=source,
                kind="failures",
                level="error",
                message=f"{source}: {row['failures']} of {others} deliveries of the last hour failed",
            )
        if row["refusals"] >= LEAST_REFUSALS:
            yield Alarm(
                source=source,
                kind="refusals",
                level="error" if row["refusals"] > row["deliveries"] / 2 else "warning",
                message=f"{source}: {row['refusals']} of {row['deliveries']} deliveries of the last hour "
                "failed signature verification; compare the endpoint's signing secret with "
                f"{SECRETS[source]}",
            )


def _silences(conn: AnyConnection, now: datetime) -> Iterator[Alarm]:
    for source, row in completeness.usual_gaps(conn, since=now - GAPS_SINCE).items():
        silent = now - row["last_at"]
        if row["gaps"] >= LEAST_GAPS and silent > _longest(row):
            yield Alarm(
                source=source,
                kind="silence",
                level="warning",
                message=f"{source}: silent for {_duration_text(silent)}, "
                f"usually at most {_duration_text(_usual(row))}; "
                "is the endpoint enabled at the provider?",
                since=row["last_at"],
            )


def _usual(row: Row) -> timedelta:
    return timedelta(seconds=row["usual_s"] or 0)


def _longest(row: Row) -> timedelta:
    return max(LEAST_SILENCE, _usual(row) * SILENCE_FACTOR)


def _duration_text(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"
