"""A new installation takes over an account that is older than it is."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from demo.prices import price_of
from demo.world import DemoWorld
from events.append import append_all
from events.clock import utc_now
from handlers.plan_files import read_plans
from handlers.privacy import erase_person, plan_erasure
from providers.imports.plans import as_toml, propose_plans
from providers.imports.stripe import StripeImport, import_stripe
from providers.reconcile.errors import ProviderAway
from providers.reconcile.rate_limit import RateLimit
from providers.reconcile.stripe_api import StripeApi
from service.unsigned_events import fetched_stripe_event
from tests.doubles.faults import BROKEN, HANGS_UP, RATE_LIMITED, Fault, at_random
from tests.doubles.http import Asked, Double, Replied, serving
from tests.doubles.large_account import crowd_double
from tests.doubles.stripe import KEY, stripe_double
from tests.installation import as_url
from tests.projections.event_builders import linked
from tests.providers.shop import project, publish, service

pytestmark = pytest.mark.usefixtures("live_events_only")

ROOT = Path(__file__).parents[2]
SIZE = 1_500
ACCOUNT_CHECK = re.compile(r"/v1/account|/v1/customers/\w+")


@pytest.fixture
def crowd() -> Iterator[Double]:
    with serving(crowd_double(SIZE)) as double:
        yield double


def take_over(conninfo: str, double: Double, **options: Any) -> StripeImport:  # Any: the import's own
    api = StripeApi(KEY, base=double.url, clock=utc_now, pace=RateLimit(10_000, sleep=lambda _: None))
    return import_stripe(
        partial(service, conninfo),
        api,
        envelope=fetched_stripe_event,
        clock=utc_now,
        **options,
    )


def counts(conninfo: str) -> dict[str, int]:
    with service(conninfo) as conn:
        rows = conn.execute("SELECT event_type, count(*) FROM events GROUP BY 1").fetchall()
    return {kind.removeprefix("stripe.snapshot."): number for kind, number in rows}


WHOLE = {"customer": SIZE, "payment_method": SIZE, "subscription": SIZE}


def test_an_account_is_taken_over_whole(conninfo: str, crowd: Double) -> None:
    report = take_over(conninfo, crowd)

    assert counts(conninfo) == WHOLE
    assert report.totals == {"checkout/sessions": 0, "customers": SIZE, "subscriptions": SIZE}


def test_the_tables_show_everybody(conninfo: str, crowd: Double) -> None:
    with service(conninfo) as conn:
        publish(conn)
        take_over(conninfo, crowd)
        project(conninfo)

        row = conn.execute(
            "SELECT count(*), count(*) FILTER (WHERE s.current_plan <> 'free'), count(b.card_last4)"
            " FROM user_subscriptions s JOIN user_billing b USING (user_id)"
        ).fetchone()
    assert row == (SIZE, SIZE * 4 // 5, SIZE)


def test_a_second_import_reads_nothing_and_another_one_finds_nothing(conninfo: str, crowd: Double) -> None:
    take_over(conninfo, crowd)
    crowd.requests.clear()

    take_over(conninfo, crowd)
    quiet = [path for path in crowd.paths() if not ACCOUNT_CHECK.fullmatch(path)]
    again = take_over(conninfo, crowd, again=True)

    assert (quiet, again.events) == ([], 0)
    assert counts(conninfo) == WHOLE


def test_an_erased_customer_is_not_imported(conninfo: str, crowd: Double) -> None:
    """Their webhooks came before the import, and the erasure too."""
    user, customer = "user_crowd000000007", "cus_crowd000000007"
    with service(conninfo) as conn:
        append_all(conn, [linked(user_id=user, customer_id=customer)])
        project(conninfo)
        with conn.transaction():
            plan = plan_erasure(conn, user)
            erase_person(conn, plan, now=utc_now(), actor="cli:test", reason="ticket 12")

    take_over(conninfo, crowd)

    assert plan.customers == (customer,)
    of_webhooks = {"privacy.erased": 1, "stripe.customer.created": 1}
    assert counts(conninfo) == {kind: number - 1 for kind, number in WHOLE.items()} | of_webhooks


def test_one_busy_month_is_shared_among_workers(conninfo: str) -> None:
    double = crowd_double(SIZE, days=2)
    answer = double.answer

    def slow_inside_a_month(request: Asked) -> Replied:
        time.sleep(0.2 if "starting_after" in request.query else 0)  # the other months are empty
        return answer(request)

    double.answer = slow_inside_a_month
    with serving(double):
        take_over(conninfo, double, workers=4)

    with service(conninfo) as conn:
        shares = conn.execute("SELECT count(*) FROM import_shards WHERE objects > 0 AND kind = 'customers'")
        assert (shares.fetchone() or (0,))[0] >= 2
    assert counts(conninfo) == WHOLE


def test_troubles_on_the_way_lose_and_double_nothing(conninfo: str) -> None:
    faults = at_random(2, (RATE_LIMITED, BROKEN, HANGS_UP), 0.2)
    with serving(crowd_double(SIZE, faults=faults)) as double:
        take_over(conninfo, double)

    assert counts(conninfo) == WHOLE


def test_what_was_broken_off_is_continued(conninfo: str) -> None:
    with serving(crowd_double(SIZE, faults=lambda number, _: BROKEN if number > 195 else None)) as double:
        with pytest.raises(ProviderAway):
            take_over(conninfo, double)
        begun = counts(conninfo)
        double.faults = lambda *_: None

        report = take_over(conninfo, double)

    assert 0 < begun["customer"] <= SIZE
    assert report.objects["customers"] < SIZE
    assert counts(conninfo) == WHOLE


def test_kill_9_and_again(conninfo: str, tmp_path: Path) -> None:
    with serving(crowd_double(SIZE, faults=lambda *_: Fault(delay_s=0.02))) as double:
        environment = os.environ | {
            "DATABASE_URL": as_url(conninfo),
            "TENURE_DATA_DIR": str(tmp_path),
            "TENURE_LIVEMODE": "true",
            "STRIPE_API_KEY": KEY,
            "STRIPE_API_BASE": double.url,
        }
        command = [sys.executable, "-m", "cli", "import", "stripe", "--rate", "1000", "--json"]
        first = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        deadline = monotonic() + 60
        while counts(conninfo).get("customer", 0) < 400 and monotonic() < deadline:
            sleep(0.02)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        begun = counts(conninfo)

        subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    assert 400 <= begun["customer"] < 3 * SIZE
    assert begun != WHOLE
    assert counts(conninfo) == WHOLE


def test_whose_a_customer_is_only_the_checkout_said(conninfo: str) -> None:
    world = DemoWorld(start=utc_now() - timedelta(days=90), seed="checkout")
    person = world.join(first_name="Ada", last_name="Lee", email="ada@example.com")
    world.stripe.checkout(price_of("glow_up"), email="ada@example.com", client_reference_id=person.user_id)
    with service(conninfo) as conn, serving(stripe_double(world.stripe, now=utc_now)) as double:
        publish(conn)
        take_over(conninfo, double)
        again = take_over(conninfo, double, again=True)
        project(conninfo)

        cursor = conn.execute(
            "SELECT u.user_id, s.current_plan FROM users u JOIN user_subscriptions s ON s.user_id = u.id"
        )
        assert cursor.fetchall() == [(person.user_id, "glow_up")]
    assert again.events == 0


def test_proposed_plans_are_a_file_that_can_be_published(double_of_shop: StripeApi) -> None:
    text = as_toml(propose_plans(double_of_shop))

    plans = {plan.plan_key: plan for plan in read_plans(text, where="proposed.toml")}
    assert {"free", "glow_up", "viral_surge", "fame_flex"} <= plans.keys()
    assert plans["glow_up"].stripe_price_id_monthly == "price_glow_up_monthly"
    assert plans["glow_up"].price_yearly == 99_000
    assert all(plan.campaigns_limit == 0 for plan in plans.values())


@pytest.fixture
def double_of_shop() -> Iterator[StripeApi]:
    world = DemoWorld(start=utc_now(), seed="prices")
    with serving(stripe_double(world.stripe, now=utc_now)) as double:
        yield StripeApi(KEY, base=double.url, clock=utc_now)
