"""Every query of the queries package about users, events and work, against a generated platform."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import NamedTuple

from cli.db.sample_data import NOW, WORDS, World
from database.pool import Connection
from queries import campaigns, dashboard, entitlements, lists, profile, scraping_jobs, users
from queries.customers import unlinked_customers
from queries.events import EventFilter, event_types, one_event, search
from queries.explain import explain
from queries.history import history
from queries.lag import projection_lag, refolds_waiting
from queries.overview import attention, status_now
from queries.plans import list_plans
from queries.timetravel import profile_at

PAGE = 50
Ask = Callable[[Connection], object]


class Case(NamedTuple):
    """A query; `make` chooses the user or object it is about."""

    name: str
    make: Callable[[World, Random], Ask]


def _profile() -> list[Case]:
    return [
        Case("profile by Clerk id", lambda w, r: _user(w, r, profile.profile)),
        Case("profile by e-mail", _email),
        Case("profile by Stripe customer", _customer),
        Case("profile as of an instant", _past),
        Case("history of a user", lambda w, r: _user(w, r, history)),
        Case("explain a column", lambda w, r: _user(w, r, lambda c, u: explain(c, u, "current_plan"))),
        Case("entitlements", lambda w, r: _user(w, r, lambda c, u: entitlements.entitlements(c, u, now=NOW))),
    ]


def _lists_of_users() -> list[Case]:
    return [
        Case("users, first page", lambda w, r: _users()),
        Case("users by subscription status", lambda w, r: _users(subscription_status="past_due")),
        Case("users by trial status", lambda w, r: _users(trial_status="pending")),
        Case("users by e-mail", lambda w, r: _users(email=f"person{r.randrange(len(w.users))}@example.com")),
        Case("users, a later page", lambda w, r: _second_users()),
        Case("plans", lambda w, r: list_plans),
    ]


def _events() -> list[Case]:
    return [
        Case("events, newest", lambda w, r: _search()),
        Case("events of a user", lambda w, r: _search(user_id=r.choice(w.users))),
        Case("events of a type", lambda w, r: _search(type="stripe.invoice.paid")),
        Case("events of a beginning of a type", lambda w, r: _search(type="stripe.customer.*")),
        Case("events of a source", lambda w, r: _search(source="stripe")),
        Case("events of an aggregate", lambda w, r: _search(aggregate_id=r.choice(w.customers))),
        Case("events that occurred in a day", lambda w, r: _day(r, "occurred")),
        Case("events recorded in a day", lambda w, r: _day(r, "recorded")),
        Case("events, a later page with bodies", lambda w, r: _second_events()),
        Case("one event by its provider's id", lambda w, r: _event(r.choice(w.event_keys))),
        Case("event types", lambda w, r: event_types),
    ]


def _work() -> list[Case]:
    return [
        Case("campaigns", lambda w, r: _campaigns(r.choice(w.users))),
        Case("campaigns by status", lambda w, r: _campaigns(r.choice(w.users), status="active")),
        Case("campaigns with their jobs", lambda w, r: _campaigns(r.choice(w.users), with_jobs=True)),
        Case("one campaign with its jobs", _one_campaign),
        Case("jobs of a user", lambda w, r: _jobs(user_id=r.choice(w.users))),
        Case("jobs of a campaign", lambda w, r: _jobs(campaign_id=r.choice(w.campaigns)[0])),
        Case("jobs by status", lambda w, r: _jobs(user_id=r.choice(w.users), status="processing")),
        Case("jobs with results", lambda w, r: _jobs(user_id=r.choice(w.users), include=("results",))),
        Case("jobs by keyword (containment)", lambda w, r: _jobs(keywords=(r.choice(WORDS),))),
        Case(
            "jobs of a user by keyword",
            lambda w, r: _jobs(user_id=r.choice(w.users), keywords=(r.choice(WORDS),)),
        ),
        Case("jobs with a parameter (key)", lambda w, r: _jobs(has_param="targetAudience")),
        Case(
            "jobs by a nested value",
            lambda w, r: _jobs(param=(("targetAudience", "country"), r.choice(("US", "UK", "DE")))),
        ),
        Case("jobs by a common value", lambda w, r: _jobs(param=(("platform",), "instagram"))),
        Case("results of a job", _results),
        Case("lists", lambda w, r: _lists(r.choice(w.users))),
        Case("lists with items", lambda w, r: _lists(r.choice(w.users), items=True)),
        Case("items of a list", _items),
        Case(
            "lists a creator is in",
            lambda w, r: _lists(r.choice(w.users), creator=f"creator_{r.randrange(50_000)}"),
        ),
        Case("dashboard", lambda w, r: _user(w, r, lambda c, u: dashboard.dashboard(c, u, now=NOW))),
    ]


def _service() -> list[Case]:
    return [
        Case("users by status, now", lambda w, r: status_now),
        Case("users that need attention", lambda w, r: attention),
        Case("unlinked customers", lambda w, r: lambda c: unlinked_customers(c, limit=PAGE)),
        Case("projection lag", lambda w, r: projection_lag),
        Case("waiting refolds", lambda w, r: refolds_waiting),
    ]


def _user(world: World, random: Random, ask: Callable[[Connection, str], object]) -> Ask:
    user = random.choice(world.users)
    return lambda conn: ask(conn, user)


def _email(world: World, random: Random) -> Ask:
    email = f"person{random.randrange(len(world.users))}@example.com"
    return lambda conn: profile.profiles_by_email(conn, email)


def _customer(world: World, random: Random) -> Ask:
    customer = random.choice(world.customers)
    return lambda conn: profile.profile_by_customer(conn, customer)


def _past(world: World, random: Random) -> Ask:
    user, at = random.choice(world.users), NOW - timedelta(days=random.randrange(300))
    return lambda conn: profile_at(conn, user, as_of=at)


def _users(**filters: str) -> Ask:
    return lambda conn: users.list_users(conn, users.UserFilter(**filters), limit=PAGE)


def _second_users() -> Ask:
    def ask(conn: Connection) -> object:
        first = users.list_users(conn, users.UserFilter(), limit=PAGE)
        return users.list_users(conn, users.UserFilter(), limit=PAGE, after=first.next)

    return ask


def _search(**filters: object) -> Ask:
    chosen = EventFilter(**filters)  # type: ignore[arg-type]  # the cases name the fields rightly
    return lambda conn: search(conn, chosen, limit=PAGE)


def _second_events() -> Ask:
    def ask(conn: Connection) -> object:
        first = search(conn, EventFilter(), limit=PAGE)
        return search(conn, EventFilter(), limit=PAGE, after=first.next, bodies=True)

    return ask


def _day(random: Random, clock: str) -> Ask:
    begins = NOW - timedelta(days=random.randrange(30, 300))
    return _search(**{f"{clock}_after": begins, f"{clock}_before": begins + timedelta(days=1)})


def _event(key: str) -> Ask:
    return lambda conn: one_event(conn, key)


def _campaigns(user: str, *, status: str | None = None, with_jobs: bool = False) -> Ask:
    filters = campaigns.CampaignFilter(user_id=user, status=status)
    return lambda conn: campaigns.list_campaigns(conn, filters, limit=PAGE, jobs=with_jobs)


def _one_campaign(world: World, random: Random) -> Ask:
    campaign, user = random.choice(world.campaigns)
    return lambda conn: campaigns.campaign(conn, campaign, user, jobs=True)


def _jobs(*, include: tuple[str, ...] = (), **filters: object) -> Ask:
    chosen = scraping_jobs.ScrapingJobFilter(**filters)  # type: ignore[arg-type]  # the cases name the fields rightly
    return lambda conn: scraping_jobs.list_jobs(conn, chosen, limit=PAGE, include=include)


def _results(world: World, random: Random) -> Ask:
    job, user = random.choice(world.jobs)
    return lambda conn: scraping_jobs.results(conn, job, user, limit=PAGE, creators=True)


def _lists(user: str, *, creator: str | None = None, items: bool = False) -> Ask:
    filters = lists.ListFilter(user_id=user, creator_id=creator)
    return lambda conn: lists.list_lists(conn, filters, limit=PAGE, items=items)


def _items(world: World, random: Random) -> Ask:
    list_id, user = random.choice(world.lists)
    filters = lists.ItemFilter(list_id=list_id, user_id=user)
    return lambda conn: lists.list_items(conn, filters, limit=PAGE, creator=True)


CASES = (*_profile(), *_lists_of_users(), *_events(), *_work(), *_service())
