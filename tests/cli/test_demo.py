"""The demo plays through the real doors and never into a log that may be real."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from cli.demo import demo, example_user, let_time_pass, signing_secrets
from cli.demo import shop as made_shop
from cli.errors import Failure
from database.pool import Connection
from demo.errors import DeliveryRefused
from demo.sender import ATTEMPTS, Target, disordered, post, post_all
from demo.world import DemoWorld
from events.clock import utc_now
from service.local_secrets import DevSecrets
from service.worker import direct_connection
from settings import Settings
from tests.handlers.users import joined, sold, tell
from tests.projections.event_builders import DAY, glow_up, instant, item, stripe, subscription

NOW = datetime(2026, 6, 1, 15, 30, tzinfo=UTC)


def test_demo_played_again_on_the_same_day_is_all_duplicates(doors: Target) -> None:
    for hours, expected in ((0, "appended"), (5, "duplicate")):
        world = made_shop(seed=1, users=2, days=10, now=NOW + timedelta(hours=hours))

        answers = post_all(doors, world.deliveries, on_progress=lambda _: None)

        assert set(answers) == {expected}


def test_months_that_were_played_are_over(
    settings: Settings, shop: DemoWorld, conninfo: str, conn: Connection
) -> None:
    late = "SELECT count(*) FROM user_usage WHERE usage_reset_date < now()"
    before = conn.execute(late).fetchone()
    conn.commit()

    with closing(direct_connection(conninfo, "test")) as direct:
        let_time_pass(settings, conninfo, direct)

    assert (before, conn.execute(late).fetchone()) == ((3,), (0,))


def test_the_example_user_pays_and_has_nothing_odd(conn: Connection) -> None:
    user_ids = ["user_overdue", "user_ada"]
    bought: list[tuple[str, dict[str, Any], int]] = [  # Any: JSON values
        (user_ids[0], {"id": "sub_over", "customer": "cus_over"}, -3),
        (user_ids[1], {"id": "sub_ada", "customer": "cus_ada"}, 30),
    ]
    events = [
        stripe(
            "customer.subscription.created",
            subscription(
                metadata={"userId": user_id}, items={"data": [item(glow_up(), ends=days * DAY)]}, **ids
            ),
        )
        for user_id, ids, days in bought
    ]
    tell(conn, *sold(), *joined(*user_ids), *events)

    example = example_user(conn, user_ids, now=instant(60))

    assert example is not None
    assert example["user_id"] == "user_ada"


def test_demo_of_another_day_never_clashes() -> None:
    today = made_shop(seed=1, users=2, days=10, now=NOW)
    tomorrow = made_shop(seed=1, users=2, days=10, now=NOW + timedelta(days=1))

    ids = [{delivery.message_id for delivery in world.deliveries} for world in (today, tomorrow)]
    assert ids[0].isdisjoint(ids[1])


def test_disorder_keeps_everything_and_repeats_some() -> None:
    world = made_shop(seed=1, users=3, days=20, now=NOW)

    sent = disordered(world.deliveries, seed=1, twice=0.2)

    assert {delivery.message_id for delivery in sent} == {
        delivery.message_id for delivery in world.deliveries
    }
    assert len(sent) > len(world.deliveries)
    assert [delivery.message_id for delivery in sent] != sorted(delivery.message_id for delivery in sent)
    assert sent == disordered(world.deliveries, seed=1, twice=0.2)


def test_real_secrets_are_asked_about_first(settings: Settings) -> None:
    with pytest.raises(Failure, match="tenure demo --yes"):
        signing_secrets(settings, yes=False)

    assert signing_secrets(settings, yes=True).stripe.startswith("whsec_")


def test_without_secrets_there_is_nothing_to_sign_with(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, TENURE_DATA_DIR=tmp_path)

    with pytest.raises(Failure, match="has no signing secrets"):
        signing_secrets(settings, yes=False)

    assert list(tmp_path.iterdir()) == []


def _answering(*statuses: int) -> tuple[Target, list[httpx.Request]]:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        status = statuses[min(len(requests), len(statuses)) - 1]
        if status == 0:
            raise httpx.ConnectError("refused")
        return httpx.Response(status, json={"status": "appended"})

    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://x.test")
    secrets = DevSecrets(stripe="whsec_x", clerk="whsec_eA==")
    return Target(client=client, secrets=secrets, clock=utc_now, pause=lambda _: None), requests


def test_unavailable_door_is_knocked_at_again() -> None:
    doors, requests = _answering(503, 0, 200)

    assert post(doors, made_shop(seed=1, users=1, days=2, now=NOW).deliveries[0]) == "appended"
    assert len(requests) == 3


def test_refused_delivery_says_why_and_is_not_repeated() -> None:
    doors, requests = _answering(400)

    with pytest.raises(DeliveryRefused, match="other signing secrets"):
        post(doors, made_shop(seed=1, users=1, days=2, now=NOW).deliveries[0])

    assert len(requests) == 1


def test_nobody_there_is_one_clear_error() -> None:
    doors, requests = _answering(0)

    with pytest.raises(DeliveryRefused, match="start it: tenure run"):
        post(doors, made_shop(seed=1, users=1, days=2, now=NOW).deliveries[0])

    assert len(requests) == ATTEMPTS


@pytest.mark.parametrize("url", ["", "\x1b", "localhost:8000", "ftp://host", "http://", "//host"])
def test_an_address_that_is_none_is_wrong_usage(url: str) -> None:
    result = CliRunner().invoke(demo, ["--url", url])

    assert result.exit_code == 2
    assert "expected http://HOST:PORT" in result.stderr
