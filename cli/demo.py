"""`tenure demo`: send months of generated webhooks to the webhook endpoints of a running service."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import click
import httpx
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.errors import Failure
from cli.output import console
from cli.terminal import echo
from cli.users import print_profile
from database.pool import Connection
from demo.deliveries import DemoDelivery
from demo.history import make_world
from demo.sender import Target, disordered, post_all
from demo.world import DemoWorld
from events.clock import utc_now
from jobs.schedule import run_now
from queries.lag import projection_lag
from queries.pluralize import counted
from queries.profile import Profile, profile
from queries.why import why
from service.local_secrets import DevSecrets, dev_secrets, dev_token, has_dev_secrets
from service.schedule import scheduled
from service.wiring import command_settings, server
from service.worker import direct_connection
from settings import Settings

TWICE = 0.15
_DUE_HANDLERS = ("expire_trials", "reset_usage")
PATIENCE_S = 30.0
MAX_EXAMPLES = 20


def _web_address(_: click.Context, __: click.Parameter, value: str) -> str:
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise click.BadParameter(f"expected http://HOST:PORT or https://HOST, found {value!r}")
    return value


@click.command()
@click.option(
    "--url",
    default="http://127.0.0.1:8000",
    show_default=True,
    callback=_web_address,
    help="Address of the service.",
)
@click.option("--users", type=click.IntRange(1, 10_000), default=40, show_default=True)
@click.option("--days", type=click.IntRange(1, 3_650), default=120, show_default=True)
@click.option("--seed", type=click.IntRange(0, 10_000), default=1, show_default=True)
@click.option(
    "--yes",
    is_flag=True,
    help="Send even if real webhook secrets are set; events can't be removed from a log.",
)
def demo(*, url: str, users: int, days: int, seed: int, yes: bool) -> None:
    """Send sample webhooks to a running service. They are signed, out of order, and some are sent twice.

    The same day, seed, users and days give the same events: sent again, all are duplicates.
    """
    settings = command_settings()
    secrets = signing_secrets(settings, yes=yes)
    world = shop(seed=seed, users=users, days=days, now=utc_now())
    with httpx.Client(base_url=url, timeout=30) as client:
        target = Target(client=client, secrets=secrets, clock=utc_now)
        answers = _send_all(target, disordered(world.deliveries, seed=seed, twice=TWICE))
    console().print(summary(answers), markup=False)
    with server(settings) as conninfo, closing(direct_connection(conninfo, "tenure-demo")) as conn:
        _await_projector(conn)
        let_time_pass(settings, conninfo, conn)
        user_ids = [person.user_id for person in world.people if person.links]
        example = example_user(conn, user_ids, now=utc_now())
    if example is not None:
        print_profile(example)
        _print_curl(url, example["user_id"], dev_token(settings.data_dir))


def _print_curl(url: str, user_id: str, token: str | None) -> None:
    shown = token or "$(tenure tokens create auditor)"
    for path in (f"/api/users/{user_id}", f"/api/events?user_id={user_id}&limit=5"):
        echo(f'curl -H "Authorization: Bearer {shown}" "{url}{path}"')


def shop(*, seed: int, users: int, days: int, now: datetime) -> DemoWorld:
    """A shop whose history ends today; another day is another shop, so its ids never clash."""
    start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start -= timedelta(days=days)
    return make_world(seed * 1_000_000 + start.toordinal(), users, start=start, days=days)


def signing_secrets(settings: Settings, *, yes: bool) -> DevSecrets:
    """The secrets the webhook endpoints expect.

    Raises: Failure before generated events get into a log that is meant for real ones.
    """
    stripe, clerk = settings.stripe_webhook_secrets, settings.clerk_webhook_secrets
    if (stripe or clerk) and not yes:
        raise Failure(
            "webhook secrets are set, so this may be a real service, and events can't be removed from a log; "
            "if it is not: tenure demo --yes"
        )
    lent = has_dev_secrets(settings.data_dir)
    if not (stripe and clerk) and not lent:
        raise Failure(
            f"{settings.data_dir} has no signing secrets: run this with the service's TENURE_DATA_DIR "
            "or .env; to start a service with demo secrets: tenure run --demo"
        )
    local = dev_secrets(settings.data_dir)
    return DevSecrets(
        stripe=stripe[0].get_secret_value() if stripe else local.stripe,
        clerk=clerk[0].get_secret_value() if clerk else local.clerk,
    )


def summary(answers: Counter[str]) -> str:
    """One line with the number of responses per kind."""
    counts = ", ".join(f"{count} {answer}" for answer, count in sorted(answers.items()))
    return f"{counted(sum(answers.values()), 'webhook')} out of order: {counts}"


def _send_all(target: Target, deliveries: Sequence[DemoDelivery]) -> Counter[str]:
    columns = (TextColumn("sending the demo"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=len(deliveries))
        return post_all(target, deliveries, on_progress=lambda _: progress.advance(bar))


def _await_projector(conn: Connection) -> None:
    """Wait until the tables have caught up, so that the output shows what was sent."""
    deadline = time.monotonic() + PATIENCE_S
    while projection_lag(conn).events:
        if time.monotonic() > deadline:
            raise Failure("the events are stored but no projector runs; start it: tenure work")
        time.sleep(0.05)


def let_time_pass(settings: Settings, conninfo: str, conn: Connection) -> None:
    """Run the handlers that the elapsed months made due; the schedule would run them within the hour."""
    for handler in scheduled(settings, conninfo):
        if handler.name in _DUE_HANDLERS:
            run_now(conn, handler, now=utc_now())


def example_user(conn: Connection, user_ids: Sequence[str], *, now: datetime) -> Profile | None:
    """Of the users who pay, or of all if none does, the first with the fewest oddities."""
    profiles = [profile(conn, user_id) for user_id in user_ids[:MAX_EXAMPLES]]
    existing = [row for row in profiles if row is not None]
    paying = [row for row in existing if row["subscription_status"] == "active" and not row["deleted_at"]]
    return min(paying or existing, key=lambda row: _oddities(conn, row, now), default=None)


def _oddities(conn: Connection, row: Profile, now: datetime) -> int:
    """How many findings `tenure user why` has, and one more if no renewal is ahead."""
    renews_at = row["subscription_renewal_date"]
    explanation = why(conn, row["user_id"], now=now)
    odd = 0 if explanation is None else len(explanation["odd"])
    return odd + (renews_at is None or renews_at <= now)
