"""`tenure demo`: a made-up shop's months of webhooks, played through the real doors."""

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
from service.local_secrets import DEV_FILE, DevSecrets, dev_secrets, dev_token
from service.schedule import scheduled
from service.wiring import command_settings, server
from service.worker import direct_connection
from settings import Settings

TWICE = 0.15
_TIME_BRINGS = ("expire_trials", "reset_usage")
PATIENCE_S = 30.0


@click.command()
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="The service.")
@click.option("--users", type=click.IntRange(1, 10_000), default=40, show_default=True)
@click.option("--days", type=click.IntRange(1, 3_650), default=120, show_default=True)
@click.option("--seed", type=click.IntRange(0, 10_000), default=1, show_default=True)
@click.option("--yes", is_flag=True, help="Also into a log with real secrets; nothing leaves a log.")
def demo(*, url: str, users: int, days: int, seed: int, yes: bool) -> None:
    """Send sample webhooks to a running service. They are signed, out of order, and some are sent twice.

    The same day, seed, users and days give the same events: played again, all are duplicates.
    """
    settings = command_settings()
    secrets = signing_secrets(settings, yes=yes)
    world = shop(seed=seed, users=users, days=days, now=utc_now())
    with httpx.Client(base_url=url, timeout=30) as client:
        doors = Target(client=client, secrets=secrets, clock=utc_now)
        answers = _play(doors, disordered(world.deliveries, seed=seed, twice=TWICE))
    console().print(summary(answers), markup=False)
    with server(settings) as conninfo, closing(direct_connection(conninfo, "tenure-demo")) as conn:
        _await_projector(conn)
        let_time_pass(settings, conninfo, conn)
        found = _interesting(conn, world)
    if found is not None:
        print_profile(found)
        _how_to_ask(url, found["user_id"], dev_token(settings.data_dir))


def _how_to_ask(url: str, user_id: str, token: str | None) -> None:
    said = token or "$(tenure tokens create auditor)"
    for path in (f"/api/users/{user_id}", f"/api/events?user_id={user_id}&limit=5"):
        echo(f'curl -H "Authorization: Bearer {said}" "{url}{path}"')


def shop(*, seed: int, users: int, days: int, now: datetime) -> DemoWorld:
    """A shop whose history ends today; another day is another shop, so its ids never clash."""
    start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start -= timedelta(days=days)
    return make_world(seed * 1_000_000 + start.toordinal(), users, start=start, days=days)


def signing_secrets(settings: Settings, *, yes: bool) -> DevSecrets:
    """The secrets the doors expect.

    Raises: Failure before anything made up gets into a log that is meant for real events.
    """
    stripe, clerk = settings.stripe_webhook_secrets, settings.clerk_webhook_secrets
    if (stripe or clerk) and not yes:
        raise Failure(
            "webhook secrets are set, so this may be a real service, and nothing leaves a log again; "
            "if it is not: tenure demo --yes"
        )
    lent = (settings.data_dir / DEV_FILE).exists()
    if not (stripe and clerk) and not lent:
        raise Failure(
            f"{settings.data_dir} knows no signing secrets: call this where the service's "
            "TENURE_DATA_DIR or .env is; a service with secrets for a demo: tenure run --demo"
        )
    made = dev_secrets(settings.data_dir)
    return DevSecrets(
        stripe=stripe[0].get_secret_value() if stripe else made.stripe,
        clerk=clerk[0].get_secret_value() if clerk else made.clerk,
    )


def summary(answers: Counter[str]) -> str:
    """One line on what the doors said."""
    said = ", ".join(f"{count} {answer}" for answer, count in sorted(answers.items()))
    return f"{counted(sum(answers.values()), 'webhook')} out of order: {said}"


def _play(doors: Target, deliveries: Sequence[DemoDelivery]) -> Counter[str]:
    columns = (TextColumn("playing the demo"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=len(deliveries))
        return post_all(doors, deliveries, heard=lambda _: progress.advance(bar))


def _await_projector(conn: Connection) -> None:
    """Until the tables have caught up, so that what is shown is what was sent."""
    deadline = time.monotonic() + PATIENCE_S
    while projection_lag(conn).events:
        if time.monotonic() > deadline:
            raise Failure("the events are stored but no projector runs; start it: tenure work")
        time.sleep(0.05)


def let_time_pass(settings: Settings, conninfo: str, conn: Connection) -> None:
    """What the months that were played have brought about; the schedule would see to it within the hour."""
    for handler in scheduled(settings, conninfo):
        if handler.name in _TIME_BRINGS:
            run_now(conn, handler, now=utc_now())


def _interesting(conn: Connection, world: DemoWorld) -> Profile | None:
    """A living user who pays, else the first one known."""
    found = [profile(conn, person.user_id) for person in world.people if person.links][:20]
    known = [each for each in found if each is not None]
    paying = [
        user for user in known if user["subscription_status"] == "active" and user["deleted_at"] is None
    ]
    return next(iter(paying or known), None)
