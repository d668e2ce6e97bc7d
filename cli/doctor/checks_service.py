"""Checks of the service: projector, seals, links, prices, and problems that wait for an operator."""

from datetime import timedelta

from cli.doctor.findings import DoctorFinding, either
from events.clock import utc_now
from events.decision_clock import MAX_APART
from events.statements import AnyConnection, Row, statement
from handlers.alarms import alarms
from projections.accounts import trusted_accounts
from projections.code_version import projector_version
from projections.stripe_objects import STATUS_RANK
from queries.customers import unlinked_customers
from queries.lag import projection_lag, refolds_waiting
from queries.oddities import RENEWAL_DELAY, RENEWING
from queries.pluralize import counted
from queries.rows import fetch_all, fetch_one
from queries.unknown_prices import UnknownPrice, price_fix, unknown_prices
from settings import Settings

LOOKED_AT = 200  # unlinked customers whose addresses are compared
LATE_AFTER = timedelta(seconds=30)
UNSEALED_AFTER = timedelta(minutes=5)


def service_checks(conn: AnyConnection, settings: Settings) -> list[DoctorFinding]:
    """All of them, each with the command that shows or fixes the problem."""
    row = fetch_one(conn, statement("cli", "doctor_standing"), {})
    assert row is not None  # always one row
    return [
        _projector(conn),
        _refolds(conn),
        _version(row),
        *_accounts(conn, settings),
        _seals(row),
        *_date_of_seals(row),
        *_prices(conn),
        *_users(conn),
        _unlinked(conn, row["unlinked"]),
        *_waiting(row),
        *_alarms(conn),
    ]


def _projector(conn: AnyConnection) -> DoctorFinding:
    lag = projection_lag(conn)
    wait = counted(lag.events, "event waits", "events wait")
    if lag.is_stalled():
        return either(False, "projector", "", lag.stall(), "is `tenure work` running? see its log")
    waited = timedelta() if lag.oldest_recorded_at is None else utc_now() - lag.oldest_recorded_at
    return either(
        waited < LATE_AFTER,
        "projector",
        wait if lag.events else "at the end of the log",
        f"{wait}, the first for {waited.total_seconds():.0f} s",
        "is `tenure work` running? see its log",
    )


def _refolds(conn: AnyConnection) -> DoctorFinding:
    waiting = refolds_waiting(conn)
    return either(
        not waiting.is_old(),
        "refolds",
        waiting.text() if waiting.users else "no user waits for a refold",
        waiting.text(),
        "is `tenure work` running? see its log",
        severity="warn",
    )


def _version(row: Row) -> DoctorFinding:
    stale = set(row["projector_versions"] or ()) - {projector_version()}
    return either(
        not stale,
        "tables",
        "built by this code",
        "built by another version of the projector",
        "tenure replay",
        severity="warn",
    )


def _accounts(conn: AnyConnection, settings: Settings) -> list[DoctorFinding]:
    """A warning if the setting differs from the one the tables were built with."""
    trusted = trusted_accounts(conn)
    if trusted == frozenset(settings.stripe_trusted_accounts):
        return []
    shown = ", ".join(sorted(trusted)) or "none"
    problem = f"the worker trusts {shown}, which differs from STRIPE_TRUSTED_ACCOUNTS here"
    return [DoctorFinding("warn", "trusted accounts", problem, "restart tenure work with the same setting")]


def _seals(row: Row) -> DoctorFinding:
    unsealed = row["events"] - row["signed_events"]
    late = row["signed_at"] is None or utc_now() - row["signed_at"] > UNSEALED_AFTER
    return either(
        not (unsealed and late),
        "seals",
        "the log is sealed",
        f"{counted(unsealed, 'event is', 'events are')} under no signed checkpoint"
        + (f" since {row['signed_at']:%Y-%m-%d %H:%M} UTC" if row["signed_at"] else ""),
        "is `tenure work` running? else tenure schedule run seal",
        severity="warn",
    )


def _date_of_seals(row: Row) -> list[DoctorFinding]:
    """A warning if a host whose clock ran ahead signed: no later checkpoint is dated before that one."""
    if row["signed_at"] is None or row["signed_at"] - utc_now() <= MAX_APART:
        return []
    problem = f"the newest checkpoint is dated {row['signed_at']:%Y-%m-%d %H:%M} UTC, ahead of the clock"
    return [
        DoctorFinding("warn", "seals", problem, "correct the clocks; until then checkpoints bear that date")
    ]


def _prices(conn: AnyConnection) -> list[DoctorFinding]:
    findings = [
        DoctorFinding(
            "fail",
            "price",
            _price(price),
            price_fix(price.price_id),
        )
        for price in unknown_prices(conn)
    ]
    return findings or [DoctorFinding("ok", "prices", "every price belongs to a plan")]


def _price(price: UnknownPrice) -> str:
    users = f"so {_named(price.users)} {'is' if len(price.users) == 1 else 'are'} on the free plan"
    if price.price_id:
        return f"no plan has {price.price_id}, {users}"
    none = counted(len(price.users), "subscription has no price", "subscriptions have no price")
    return f"{none}, {users}"


def _unlinked(conn: AnyConnection, count: int) -> DoctorFinding:
    """A warning if a customer shares a user's address: that user may have paid without getting the plan."""
    if not count:
        return DoctorFinding("ok", "unlinked", "none")
    unlinked = counted(
        count, "Stripe customer is linked to no user", "Stripe customers are linked to no user"
    )
    page = unlinked_customers(conn, limit=LOOKED_AT)
    alike = [(row.customer_id, row.suggestions[0]["user_id"]) for row in page.items if row.suggestions]
    if not alike:
        return DoctorFinding(
            "note", "unlinked", unlinked, "tenure link unlinked lists them; a link makes their events count"
        )
    customer, user = alike[0]
    return DoctorFinding(
        "warn",
        "unlinked",
        f"{unlinked}; {len(alike)} with a user's e-mail address, who may have paid without getting the plan",
        f"tenure user why {user}; if it is them: tenure link add {user} {customer} --reason …",
    )


def _users(conn: AnyConnection) -> list[DoctorFinding]:
    """One for each kind of user that `tenure user why` would call odd."""
    values = {
        "renewing": list(RENEWING),
        "overdue_before": utc_now() - RENEWAL_DELAY,
        "statuses": ["none", *STATUS_RANK],
    }
    findings = []
    for row in fetch_all(conn, statement("cli", "doctor_users"), values):
        one, many, fix = ODD_USERS[row["name"]]
        problem = counted(row["users"], one, many)
        fix = f"tenure user why {row['example']}; {fix}"
        findings.append(DoctorFinding("warn", row["name"].replace("_", " "), problem, fix))
    return findings


def _alarms(conn: AnyConnection) -> list[DoctorFinding]:
    return [
        DoctorFinding(
            "fail"
            if alarm.level == "error"
            else "note"
            if alarm.kind == "window" and alarm.since is None
            else "warn",
            f"{alarm.source} {alarm.kind}",
            alarm.message,
        )
        for alarm in alarms(conn, now=utc_now())
    ]


def _named(users: list[str]) -> str:
    return users[0] if len(users) == 1 else f"{users[0]} and {len(users) - 1} more"


def _waiting(row: Row) -> list[DoctorFinding]:
    return [
        either(
            not row[name],
            name.replace("_", " "),
            "none",
            counted(row[name], *what),
            fix,
            severity="fail" if name == "quarantined" else "warn",
        )
        for name, what, fix in WAITING
    ]


ODD_USERS = {
    "overdue": (
        "user's paid period is over and no event has renewed or ended it",
        "users' paid periods are over and no event has renewed or ended them",
        "a webhook may be lost: tenure reconcile stripe",
    ),
    "unmentioned": (
        "user is mentioned by no Clerk event",
        "users are mentioned by no Clerk event",
        "check the id in Stripe's metadata",
    ),
    "unknown_status": (
        "user has a subscription status that this version does not know",
        "users have a subscription status that this version does not know",
        "look at the subscription in Stripe",
    ),
}
WAITING = (
    (
        "quarantined",
        (
            "user's history stops at an event that can't be read",
            "users' histories stop at an event that can't be read",
        ),
        "tenure quarantine list",
    ),
    (
        "conflicts",
        ("event arrived again with a different body", "events arrived again with a different body"),
        "tenure events conflicts lists them; check whether a sender forges events",
    ),
    (
        "unreadable",
        ("signed body is not a JSON object", "signed bodies are not JSON objects"),
        "tenure events unreadable lists them",
    ),
    (
        "dead_jobs",
        ("background job has no retry left", "background jobs have no retry left"),
        "tenure jobs list --status dead, tenure jobs retry ID",
    ),
    (
        "dead_jobs_of_quarantined_users",
        (
            "background job has no retry left, and fails again while its user is quarantined",
            "background jobs have no retry left, and fail again while their users are quarantined",
        ),
        "tenure quarantine list; after tenure quarantine retry: tenure jobs list --status dead, "
        "tenure jobs retry ID; or tenure jobs cancel ID --reason …",
    ),
)
