"""Generate a platform by COPY: users, their work, their Stripe events. For throwaway databases only."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

import orjson
from psycopg import sql

from database.pool import Connection
from demo.bulk import BulkEvent, bulk_events, bulk_user_id
from events.clock import from_micros, micros
from events.identifiers import derived_id
from events.routing import part_of
from handlers.plans import publish_default_plans, read_catalog
from projections import links
from projections.catalog import Catalog
from projections.fold import CORES
from projections.rows import rows_of
from projections.shapes.subscription import PlanHint, SubscriptionFact
from projections.state import Folded, State, encode

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
STATUSES = ("active", "active", "active", "trialing", "past_due", "canceled")
CAMPAIGN_STATUSES = ("draft", "active", "active", "completed", "archived")
JOB_STATUSES = ("pending", "processing", "completed", "completed", "completed", "error", "timeout")
PLATFORMS = ("Instagram", "TikTok", "YouTube")
WORDS = tuple(
    f"{word}{number}" for word in ("fitness", "food", "travel", "beauty", "gaming") for number in range(200)
)
EVENTS = (
    "part", "position", "id", "source_system", "idempotency_key", "livemode", "route_key", "aggregate_type",
    "aggregate_id", "event_type", "event_version", "event_data", "metadata", "occurred_at", "recorded_at",
    "payload_salt", "payload_digest",
)  # fmt: skip

OnProgress = Callable[[str, int], None]
Rows = Iterable[tuple[object, ...]]


@dataclass(frozen=True)
class Sizes:
    """Number of rows per kind."""

    users: int = 10_000
    campaigns: int = 50_000
    jobs: int = 200_000
    results: int = 200_000
    lists: int = 20_000
    items: int = 200_000
    events: int = 1_000_000


@dataclass(slots=True)
class World:
    """Ids of the users and objects that queries are about."""

    users: list[str] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    campaigns: list[tuple[UUID, str]] = field(default_factory=list)
    jobs: list[tuple[UUID, str]] = field(default_factory=list)
    lists: list[tuple[UUID, str]] = field(default_factory=list)
    event_keys: list[str] = field(default_factory=list)


def fill(conn: Connection, sizes: Sizes, *, on_progress: OnProgress) -> None:
    """Fill a migrated, empty database; the caller commits."""
    publish_default_plans(conn)
    conn.commit()
    catalog = read_catalog(conn)
    random = Random("platform")  # noqa: S311 - the same platform again, not secrets
    customers: dict[int, str] = {}
    _events(conn, sizes.events, customers, on_progress)
    _users(conn, sizes.users, customers, catalog, random, on_progress)
    _links(conn, customers, on_progress)
    _work(conn, sizes, random, on_progress)
    _lists(conn, sizes, random, on_progress)


def world_of(conn: Connection, *, sample: int = 2000) -> World:
    """A sample of the ids in the database, the same on each call."""

    def some(query: str) -> list[Any]:  # Any: column values
        return conn.execute(query.encode(), [sample]).fetchall()

    return World(
        users=[row[0] for row in some("SELECT user_id FROM users ORDER BY md5(user_id) LIMIT %s")],
        customers=[
            row[0]
            for row in some("SELECT customer_id FROM customer_links ORDER BY md5(customer_id) LIMIT %s")
        ],
        campaigns=some("SELECT id, user_id FROM campaigns ORDER BY md5(id::text) LIMIT %s"),
        jobs=some("SELECT id, user_id FROM scraping_jobs ORDER BY md5(id::text) LIMIT %s"),
        lists=some("SELECT id, user_id FROM creator_lists ORDER BY md5(id::text) LIMIT %s"),
        event_keys=[
            row[0] for row in some("SELECT idempotency_key FROM events WHERE position %% 61 = 7 LIMIT %s")
        ],
    )


def _events(conn: Connection, count: int, customers: dict[int, str], on_progress: OnProgress) -> None:
    heads: dict[int, int] = dict(conn.execute("SELECT part, head FROM part_heads").fetchall())
    random = Random("log")  # noqa: S311 - the same log again, not secrets
    salt = random.randbytes(16)

    def rows() -> Iterator[tuple[object, ...]]:
        for event in bulk_events(count):
            if event.customer:
                customers.setdefault(int(event.customer[-12:]), event.customer)
            yield _event(event, heads, UUID(bytes=random.randbytes(16), version=4), salt)

    _copy(conn, "events", EVENTS, rows(), on_progress)
    conn.execute(
        "UPDATE part_heads h SET head = e.head, recorded_at = e.at FROM (SELECT part, max(position) AS head, "
        "max(recorded_at) AS at FROM events GROUP BY part) e WHERE h.part = e.part"
    )
    conn.execute(
        "UPDATE projection_checkpoints c SET position = h.head FROM part_heads h WHERE h.part = c.part"
    )


def _event(event: BulkEvent, heads: dict[int, int], event_id: UUID, salt: bytes) -> tuple[object, ...]:
    route_key = event.customer or event.id
    part = part_of(route_key)
    heads[part] += 1
    at = from_micros(event.created * 1_000_000)
    return (
        *(part, heads[part], event_id, "stripe", event.id, True, route_key),
        "stripe_customer" if event.customer else "stripe_event",
        *(route_key, f"stripe.{event.type}", 1, event.body.decode(), '{"livemode": true}'),
        *(at, at + timedelta(seconds=2), salt, sha256(salt + event.body).digest()),
    )


def _users(
    conn: Connection,
    count: int,
    customers: dict[int, str],
    catalog: Catalog,
    random: Random,
    on_progress: OnProgress,
) -> None:
    states = [_state(number, customers.get(number), random) for number in range(count)]
    tables = [rows_of(state, catalog) for state in states]
    for table in CORES:
        rows = (tuple(_cell(value) for value in one[table].values()) for one in tables)
        _copy(conn, table, tuple(tables[0][table]), rows, on_progress)
    digest = conn.execute("SELECT digest FROM projection_catalog").fetchone()
    kept = ((s.user_id, encode(Folded(s, [])).decode(), digest[0] if digest else "", b"") for s in states)
    _copy(conn, "projection_states", ("user_id", "state", "catalog_digest", "row_digest"), kept, on_progress)


def _state(number: int, customer: str | None, random: Random) -> State:
    """One user as a fold leaves them."""
    joined = NOW - timedelta(days=random.randrange(30, 700))
    state = State(user_id=bulk_user_id(number), first_at=micros(joined), last_at=micros(NOW), clerk_said=True)
    state.email, state.full_name = f"person{number}@example.com", f"Person {number}"
    state.signed_up_at, state.has_stripe_fact = micros(joined), customer is not None
    state.industry, state.onboarding_step = random.choice(("beauty", "sport", "food")), "completed"
    state.campaigns, state.creators = 5, random.randrange(900)
    state.period_starts_at = micros(NOW.replace(day=1, hour=0))
    if customer is not None:
        state.links = {customer: state.first_at}
        state.subscriptions[f"sub_{number}"] = _subscription(number, customer, random)
    for table, core in CORES.items():
        state.cores[table] = core(state)
        state.changed_at[table] = state.first_at
    return state


def _subscription(number: int, customer: str, random: Random) -> SubscriptionFact:
    ends = int((NOW + timedelta(days=random.randrange(1, 30))).timestamp())
    status = random.choice(STATUSES)
    return SubscriptionFact(
        id=f"sub_{number}",
        customer=customer,
        status=status,
        created=ends - 86_400 * 60,
        hint=PlanHint(metadata_plan=random.choice(("glow_up", "viral_surge", "fame_flex"))),
        period_ends=ends,
        cancel_at=None,
        cancel_at_period_end=False,
        canceled_at=None,
        ended_at=ends - 86_400 if status == "canceled" else None,
        trial_start=None,
        trial_end=None,
        payment_method=None,
        claimed_user=bulk_user_id(number),
    )


def _links(conn: Connection, customers: dict[int, str], on_progress: OnProgress) -> None:
    def rows() -> Iterator[tuple[object, ...]]:
        at = micros(NOW)
        for number, customer in customers.items():
            user = bulk_user_id(number)
            claims = links.Claims(first_at=at, seen_at=at)
            claims.add_claim(links.Claim(at, "evt", at, user, links.BY_REFERENCE))
            yield customer, user, links.encode(claims), [user], NOW, NOW

    columns = ("customer_id", "user_id", "claims", "claimed_by", "created_at", "updated_at")
    _copy(conn, "customer_links", columns, rows(), on_progress)


def _work(conn: Connection, sizes: Sizes, random: Random, on_progress: OnProgress) -> None:
    campaigns = [(_id("campaign", n), bulk_user_id(n % sizes.users)) for n in range(sizes.campaigns)]

    def some_campaigns() -> Iterator[tuple[object, ...]]:
        for number, (campaign, user) in enumerate(campaigns):
            at = _moment(random)
            status = random.choice(CAMPAIGN_STATUSES)
            yield campaign, user, f"Campaign {number}", None, "instagram-reels", status, 2, at, at

    def jobs() -> Iterator[tuple[object, ...]]:
        for number in range(sizes.jobs):
            campaign, user = campaigns[number % len(campaigns)]
            yield _job(number, campaign, user, random)

    def results() -> Iterator[tuple[object, ...]]:
        for number in range(sizes.results):
            creators = orjson.dumps([_creator(random) for _ in range(5)]).decode()
            job = _id("job", number % sizes.jobs)
            yield (
                _id("result", number),
                job,
                creators,
                5,
                sha256(creators.encode()).hexdigest(),
                _moment(random),
            )

    columns = "id user_id name description search_type status version created_at updated_at"
    _copy(conn, "campaigns", tuple(columns.split()), some_campaigns(), on_progress)
    columns = (
        "id user_id run_id status keywords platform region campaign_id asked_campaign_id target_username "
        "search_params processed_runs processed_results target_results cursor progress creators_recorded "
        "version created_at started_at completed_at timeout_at updated_at"
    )
    _copy(conn, "scraping_jobs", tuple(columns.split()), jobs(), on_progress)
    columns = "id job_id creators creators_count digest created_at"
    _copy(conn, "scraping_results", tuple(columns.split()), results(), on_progress)


def _job(number: int, campaign: UUID, user: str, random: Random) -> tuple[object, ...]:
    at = _moment(random)
    status = random.choice(JOB_STATUSES)
    ended = at + timedelta(minutes=7) if status in ("completed", "error", "timeout") else None
    search: dict[str, object] = {
        "platform": random.choice(PLATFORMS).lower(),
        "filters": {"min": number % 50},
    }
    if number % 40 == 0:
        search["targetAudience"] = {"country": random.choice(("US", "UK", "DE"))}
    keywords = orjson.dumps(random.sample(WORDS, 3)).decode()
    return (
        *(_id("job", number), user, f"run_{number}", status, keywords, random.choice(PLATFORMS), "US"),
        *(campaign, campaign, None, orjson.dumps(search).decode(), 3, 1000, 1000, 1000, "100.00", 5, 4),
        *(at, at, ended, at + timedelta(hours=1), ended or at),
    )


def _lists(conn: Connection, sizes: Sizes, random: Random, on_progress: OnProgress) -> None:
    owners = [(_id("list", n), bulk_user_id(n % sizes.users)) for n in range(sizes.lists)]
    per_list = max(1, sizes.items // max(1, sizes.lists))

    def lists() -> Iterator[tuple[object, ...]]:
        for number, (list_id, user) in enumerate(owners):
            at = _moment(random)
            yield (
                list_id,
                user,
                f"List {number}",
                None,
                "custom",
                "private",
                ["a"],
                False,
                per_list,
                3,
                at,
                at,
            )

    def items() -> Iterator[tuple[object, ...]]:
        for number in range(sizes.items):
            place, which = divmod(number, len(owners))
            list_id, user = owners[which]
            at, creator = _moment(random), orjson.dumps(_creator(random)).decode()
            name = f"creator_{(which * 17 + place * 37) % 50_000}"  # no creator twice in a list
            yield (
                *(_id("item", number), list_id, user, name, creator, place),
                *("backlog", None, number % 9 == 0, at, at),
            )

    columns = (
        "id user_id name description type privacy tags is_archived items_count version created_at updated_at"
    )
    _copy(conn, "creator_lists", tuple(columns.split()), lists(), on_progress)
    columns = "id list_id user_id creator_id creator position bucket notes pinned created_at updated_at"
    _copy(conn, "list_items", tuple(columns.split()), items(), on_progress)


def _copy(
    conn: Connection, table: str, columns: tuple[str, ...], rows: Rows, on_progress: OnProgress
) -> None:
    query = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    source, done = iter(rows), 0
    with conn.cursor().copy(query) as copy:
        while batch := list(islice(source, 2000)):
            for row in batch:
                copy.write_row(row)
            done += len(batch)
            on_progress(table, done)


def _creator(random: Random) -> dict[str, object]:
    number = random.randrange(1_000_000)
    return {
        "username": f"creator_{number}",
        "followers": number * 3,
        "bio": "made up " * 6,
        "platform": "tiktok",
    }


def _moment(random: Random) -> datetime:
    return NOW - timedelta(seconds=random.randrange(86_400 * 120))


def _id(kind: str, number: int) -> UUID:
    return derived_id("bench", f"{kind}:{number}")


def _cell(value: object) -> object:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value
