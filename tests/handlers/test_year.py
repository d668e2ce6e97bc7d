"""A year of a thousand people on an injected clock, against a table of what must be true, written by hand.

Nobody waits: the clock goes from day to day, the little Stripe and Clerk say what they have to say, the
scans say what time has brought about, and people decide what the cohorts below say they decide.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import process_time

import pytest

from database.pool import Connection
from demo.deliveries import DemoDelivery
from demo.prices import price_of
from demo.stripe_subscriptions import Terms
from demo.world import DemoPerson, DemoWorld
from events.append import append_all
from handlers.entitlements import grant_plan
from handlers.plans import publish_default_plans
from handlers.scheduled_scans import expire_grants, expire_trials, reset_usage, warn_trials
from handlers.trials import Length, end_trial, extend_trial, start_trial
from handlers.usage import MeteredUsage, UsageCommand, record_usage
from projections.projector import Projector
from tests.handlers.orders import order
from tests.laws.envelopes import envelope

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = 365
CPU_SECONDS = 60  # a quarter of it is enough; the machine may be busy with something else


def on(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@dataclass
class Year:
    """The world, the database and the clock, moved together."""

    conn: Connection
    world: DemoWorld
    held_back: list[DemoDelivery] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    delivered: int = 0

    def day(self, now: datetime) -> None:
        """Everything up to now is heard, projected and settled."""
        self.world.advance(now)
        self.deliver()
        for scan in (expire_trials, warn_trials, reset_usage, expire_grants):
            assert scan(self.conn, now).failed == []

    def deliver(self) -> None:
        """What the providers have said since; not what they say of customers who went silent."""
        new = self.world.deliveries[self.delivered :]
        self.delivered = len(self.world.deliveries)
        self.tell([delivery for delivery in new if not self.is_held_back(delivery)])

    def is_held_back(self, delivery: DemoDelivery) -> bool:
        if not any(customer.encode() in delivery.body for customer in self.silent):
            return False
        self.held_back.append(delivery)
        return True

    def tell(self, deliveries: list[DemoDelivery]) -> None:
        append_all(self.conn, map(envelope, deliveries))
        self.conn.commit()
        while Projector().project(self.conn, parts=64, limit=1000).events:
            self.conn.commit()
        self.conn.commit()

    def decide_for(self, people: list[DemoPerson], decide: Callable[[DemoPerson], object]) -> None:
        for person in people:
            decide(person)
            self.conn.commit()


Step = Callable[[Year, list[DemoPerson], datetime], None]


def uses(quantity: int) -> Step:
    usage = MeteredUsage(metric="creators", quantity=quantity)

    def step(year: Year, people: list[DemoPerson], now: datetime) -> None:
        year.decide_for(
            people,
            lambda person: record_usage(
                year.conn,
                UsageCommand(
                    user_id=person.user_id, usage=usage, key=f"{now:%m-%d}", now=now, actor="the platform"
                ),
            ),
        )

    return step


def tries(days: int = 7, plan_key: str = "glow_up") -> Step:
    def step(year: Year, people: list[DemoPerson], now: datetime) -> None:
        year.decide_for(
            people,
            lambda person: start_trial(
                year.conn, order(person.user_id, "try", now=now), Length(days=days), plan_key=plan_key
            ),
        )

    return step


def extends(days: int) -> Step:
    def step(year: Year, people: list[DemoPerson], now: datetime) -> None:
        year.decide_for(
            people,
            lambda person: extend_trial(
                year.conn, order(person.user_id, f"extend {now}", now=now), Length(days=days)
            ),
        )

    return step


def stops(year: Year, people: list[DemoPerson], now: datetime) -> None:
    year.decide_for(people, lambda person: end_trial(year.conn, order(person.user_id, "stop", now=now)))


def is_granted(plan_key: str, until: datetime | None = None) -> Step:
    def step(year: Year, people: list[DemoPerson], now: datetime) -> None:
        year.decide_for(
            people,
            lambda person: grant_plan(
                year.conn, order(person.user_id, "grant", now=now), plan_key, until=until
            ),
        )

    return step


def buys(plan_key: str, *, trial_days: int = 0, card: bool = True, silent: bool = False) -> Step:
    def step(year: Year, people: list[DemoPerson], now: datetime) -> None:
        for person in people:
            bought = year.world.stripe.checkout(
                price_of(plan_key, "year"),
                email=person.email,
                trial_days=trial_days,
                with_card=card,
                client_reference_id=person.user_id,
                terms=Terms(missing_method="pause"),
            )
            person.linked(bought.customer)
        year.deliver()
        if silent:
            year.silent |= {person.links[-1] for person in people}

    return step


def is_heard_again(year: Year, people: list[DemoPerson], now: datetime) -> None:
    """Weeks of webhooks arrive at once, the last one first."""
    year.silent.clear()
    year.tell(year.held_back[::-1])
    year.held_back.clear()


@dataclass(frozen=True)
class Cohort:
    """So many people, what they do and when, and what must be true of each of them on 5 January 2027.

    Instants are compared to the hour, since Stripe serves one buyer a second. `events`: how often we said
    what, resets of the month apart: those are one for each month after the first.
    """

    name: str
    people: int
    steps: tuple[tuple[datetime, Step], ...]
    plan: str
    subscription: str
    trial: str
    trial_ends: datetime | None
    converted: datetime | None = None
    events: tuple[tuple[str, int], ...] = ()
    creators: int = 0


WARNED = ("trial.ending_soon", 2)
TRIED = (("trial.started", 1), WARNED, ("trial.expired", 1))

# fmt: off
COHORTS = (
    Cohort("nothing but the free plan", 250,
           ((on(3, 3), uses(50)), (on(4, 3), uses(50)), (on(12, 31), uses(7))),
           "free", "none", "pending", None, events=(("usage.recorded", 3),)),
    Cohort("our trial, never paid", 200, ((on(2, 1), tries()),),
           "free", "none", "expired", on(2, 8), events=TRIED),
    Cohort("our trial, extended in time", 100, ((on(2, 1), tries()), (on(2, 6), extends(14))),
           "free", "none", "expired", on(2, 22),
           events=(*TRIED, ("trial.ending_soon", 1), ("trial.extended", 1))),
    Cohort("our trial, extended when it was over", 50, ((on(3, 1), tries(2)), (on(6, 1), extends(5))),
           "free", "none", "expired", on(6, 6),
           events=(*TRIED, ("trial.ending_soon", 1), ("trial.extended", 1), ("trial.expired", 1))),
    Cohort("our trial, ended by hand", 50, ((on(5, 10), tries()), (on(5, 11), stops)),
           "free", "none", "expired", on(5, 11), events=(("trial.started", 1), ("trial.expired", 1))),
    Cohort("our trial, paid long after", 50, ((on(2, 1), tries()), (on(9, 1), buys("fame_flex"))),
           "fame_flex", "active", "converted", on(2, 8), on(9, 1), events=TRIED),
    Cohort("Stripe's trial, with a card", 100, ((on(2, 1), buys("glow_up", trial_days=7)),),
           "glow_up", "active", "converted", on(2, 8), on(2, 8), events=(WARNED,)),
    Cohort("Stripe's trial, without a card", 50, ((on(2, 1), buys("glow_up", trial_days=14, card=False)),),
           "glow_up", "paused", "expired", on(2, 15), events=(WARNED,)),
    Cohort("Stripe's trial, then two months of silence", 50,
           ((on(2, 1), buys("viral_surge", trial_days=14, silent=True)), (on(4, 20), is_heard_again)),
           "viral_surge", "active", "converted", on(2, 15), on(2, 15),
           events=(WARNED, ("trial.expired", 1))),
    Cohort("granted until summer", 60, ((on(2, 1), is_granted("viral_surge", on(7, 1, 12))),),
           "free", "none", "pending", None, events=(("entitlement.granted", 1), ("entitlement.revoked", 1))),
    Cohort("granted for ever", 40, ((on(2, 1), is_granted("fame_flex")), (on(12, 31), uses(100_000))),
           "fame_flex", "none", "pending", None, events=(("entitlement.granted", 1), ("usage.recorded", 1))),
)
# fmt: on


@pytest.mark.timeout(300)
def test_a_year_of_a_thousand_lives(conn: Connection) -> None:
    assert sum(cohort.people for cohort in COHORTS) == 1000
    began = process_time()
    year = Year(conn, DemoWorld(start=BEGIN, seed=7))
    publish_default_plans(conn)
    cohorts = [(cohort, [_join(year.world) for _ in range(cohort.people)]) for cohort in COHORTS]
    due = sorted(
        ((at, number, step) for number, (cohort, _) in enumerate(cohorts) for at, step in cohort.steps),
        key=lambda entry: entry[:2],
    )

    now = BEGIN
    for _ in range(DAYS + 1):
        year.day(now)
        while due and due[0][0] <= now:
            _, number, step = due.pop(0)
            step(year, cohorts[number][1], now)
        now += DAY

    rows = _rows_by_user(conn)
    wrong = {
        f"{cohort.name}: {column} is {rows[person.user_id][column]}, expected {value}"
        for cohort, people in cohorts
        for person in people
        for column, value in _expected(cohort).items()
        if rows[person.user_id][column] != value
    }
    assert sorted(wrong) == []
    assert process_time() - began < CPU_SECONDS


def _join(world: DemoWorld) -> DemoPerson:
    number = len(world.people)
    return world.join(first_name="Person", last_name=str(number), email=f"person{number}@example.com")


def _expected(cohort: Cohort) -> dict[str, object]:
    return {
        "plan": cohort.plan,
        "subscription": cohort.subscription,
        "trial": cohort.trial,
        "trial_ends": cohort.trial_ends,
        "converted": cohort.converted and cohort.converted.date(),
        "resets_at": datetime(2027, 2, 1, tzinfo=UTC),
        "creators": cohort.creators,
        "events": sum(
            (Counter({what: often}) for what, often in cohort.events), Counter({"usage.reset": 12})
        ),
    }


def _rows_by_user(conn: Connection) -> dict[str, dict[str, object]]:
    counts: dict[str, Counter[str]] = {}
    for user_id, event_type, count in conn.execute(
        "SELECT route_key, event_type, count(*) FROM events WHERE source_system = 'tenure' GROUP BY 1, 2"
    ):
        counts.setdefault(user_id, Counter())[event_type] = count
    rows = conn.execute(
        "SELECT u.user_id, current_plan, subscription_status, trial_status,"
        "       date_trunc('hour', trial_end_date), trial_conversion_date::date,"
        "       usage_reset_date, usage_creators_current_month"
        "  FROM users u JOIN user_subscriptions s ON s.user_id = u.id JOIN user_usage g ON g.user_id = u.id"
    )
    columns = ("plan", "subscription", "trial", "trial_ends", "converted", "resets_at", "creators")
    return {row[0]: {**dict(zip(columns, row[1:], strict=True)), "events": counts[row[0]]} for row in rows}
