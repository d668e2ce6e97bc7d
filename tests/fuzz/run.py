"""A run: bodies through the real webhook application, projected, and checked after each thousand."""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import psycopg
from flask import Flask
from werkzeug.test import Client

from database.pool import Pool, connect, open_pool
from handlers.errors import DecisionRefused
from handlers.scheduled_scans import expire_grants, expire_trials, reset_usage, warn_trials
from handlers.usage import MeteredUsage, UsageCommand, record_usage
from projections.errors import PartBehind, PartBusy
from projections.refusal import ROW
from projections.replay import Options, compare
from projections.runner import Runner
from queries.lag import projection_lag
from tests.databases import Database, Server
from tests.fuzz import witnesses
from tests.fuzz.mutation import NAMES, T0, Mutator, Post
from tests.fuzz.samples import samples
from tests.projections.event_builders import published
from tests.projections.live import tell
from tests.webhooks.signing import CLERK_SECRET, NOW, STRIPE_SECRET, clerk_headers, stripe_headers
from webhooks import clerk_endpoint, stripe_endpoint
from webhooks.middleware import WebhookMiddleware

ROUND = 1_000
PER_DATABASE = 10 * ROUND
MAX_BODY = 1 << 20

# Of the users in a database, after ten thousand bodies of which half have a hostile value. All of them are
# named by mutated bodies but the witnesses; measured 0.6 to 0.7.
MAX_QUARANTINED = 0.9


class Failed(Exception):
    """What must hold after each thousand does not; `seed` repeats it."""

    def __init__(self, what: str, *, seed: int, bodies: int) -> None:
        corpus = "TENURE_CORPUS=… " if os.environ.get("TENURE_CORPUS") else ""
        command = f"{corpus}.venv/bin/python -m tests.fuzz --bodies {bodies} --seed {seed}"
        super().__init__(f"{what}\nrepeat with: {command}")


@dataclass
class Figures:
    """What a run did."""

    bodies: int = 0
    seconds: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    users: int = 0
    quarantined: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Figures") -> None:
        self.bodies += other.bodies
        self.seconds += other.seconds
        self.users += other.users
        self.quarantined += other.quarantined
        for name in ("answers", "reasons", "decisions"):
            getattr(self, name).update(getattr(other, name))


def run(server: Server, *, bodies: int, seed: int, report: Any = lambda _figures: None) -> Figures:
    """Send so many bodies. Each ten thousand have a database and a seed of their own. Raises: Failed."""
    total = Figures()
    while total.bodies < bodies:
        database = server.database(server.template())
        try:
            with open_pool(
                database.conninfo, application_name="fuzz", max_size=4, configure=_as_service
            ) as pool:
                figures = _World(database, pool, seed).run(min(PER_DATABASE, bodies - total.bodies), report)
        finally:
            database.drop()
        total.add(figures)
        seed += 1
    return total


def _as_service(conn: Any) -> None:
    conn.execute("SET ROLE tenure_app")
    conn.commit()


class _World:
    """One database, and the service on it."""

    def __init__(self, database: Database, pool: Pool, seed: int) -> None:
        self._conninfo = database.conninfo
        self._seed = seed
        self._mutator = Mutator(samples(), seed)
        self._random = Random(f"decisions {seed}")
        doors = [
            stripe_endpoint(pool, (STRIPE_SECRET,), lambda: NOW),
            clerk_endpoint(pool, (CLERK_SECRET,), lambda: NOW),
        ]
        self._client = Client(WebhookMiddleware(doors, Flask(__name__)))
        self._runner = Runner(lambda: psycopg.connect(self._conninfo, autocommit=True))
        self.figures = Figures()

    def run(self, bodies: int, report: Any) -> Figures:
        began = perf_counter()
        tell(self._conninfo, published("free"), published("glow_up", monthly="price_01", yearly="price_02"))
        for number in range(-(-bodies // ROUND)):
            for post in [self._mutator.post() for _ in range(min(ROUND, bodies - self.figures.bodies))]:
                self.figures.bodies += 1
                self._send(post)
            for post in witnesses.posts(number):
                self._send(post)
            self._project()
            self._decide()
            self._project()
            self._check(number)
            self.figures.seconds = perf_counter() - began
            report(self.figures)
        return self.figures

    def _send(self, post: Post) -> None:
        """Sign and deliver; every validly signed body is answered 200."""
        if len(post.body) > MAX_BODY:
            return
        if post.provider == "stripe":
            headers = stripe_headers(post.body)
        else:
            headers = clerk_headers(post.body, msg_id=post.message_id)
        response = self._client.post(f"/webhooks/{post.provider}", data=post.body, headers=headers)
        self._require(response.status_code == 200, f"{post}: answered {response.status_code} {response.text}")
        answer = json.loads(response.data)
        self.figures.answers["unreadable" if answer.get("unreadable") else answer["status"]] += 1

    def _project(self) -> None:
        try:
            self._runner.drain()
        except Exception as problem:
            raise self._failed(f"the projector died: {problem!r}") from problem

    def _decide(self) -> None:
        """Scans, and usage of a few users: none may fail but by a refusal."""
        with connect(self._conninfo, application_name="fuzz") as conn:
            now = datetime.fromtimestamp(T0, UTC) + timedelta(days=self._random.randrange(60))
            for scan in (expire_trials, warn_trials, reset_usage, expire_grants):
                done = scan(conn, now)
                self._require(not done.failed, f"{scan.__name__} failed for {done.failed}")
            for number in range(10):
                self._count(
                    conn, f"user_{self._random.randrange(NAMES):02}", f"{self.figures.bodies}-{number}", now
                )

    def _count(self, conn: Any, user_id: str, key: str, now: datetime) -> None:
        command = UsageCommand(
            user_id=user_id, usage=MeteredUsage(metric="creators", quantity=1), key=key, now=now, actor="fuzz"
        )
        try:
            with conn.transaction():
                record_usage(conn, command)
            self.figures.decisions["counted"] += 1
        except (DecisionRefused, PartBehind, PartBusy) as refused:
            self.figures.decisions[type(refused).__name__] += 1
        except Exception as problem:
            raise self._failed(f"usage of {user_id}: {problem!r}") from problem

    def _check(self, number: int) -> None:
        with (
            tempfile.TemporaryDirectory() as folder,
            connect(self._conninfo, application_name="fuzz") as conn,
        ):
            comparison = compare(self._conninfo, options=Options(work_dir=Path(folder), workers=1))
            self._require(comparison.equal, f"live and replay differ: {comparison.differences[:5]}")
            lag = projection_lag(conn).events
            self._require(lag == 0, f"{lag} events are not projected")
            stopped = _rows(conn, "SELECT user_id, event_type, field, reason FROM quarantine")
            self._judge(stopped)
            self.figures.users = _rows(conn, "SELECT count(*) FROM users")[0][0]
            most = MAX_QUARANTINED * self.figures.users
            self._require(len(stopped) <= most, f"{len(stopped)} of {self.figures.users} are quarantined")
            seen = _rows(conn, witnesses.QUERY)
            self._require(seen == witnesses.expected(number), f"witnesses: {seen}")
        self.figures.quarantined = len(stopped)
        self.figures.reasons = Counter(row[3] for row in stopped)

    def _judge(self, stopped: Sequence[tuple[Any, ...]]) -> None:
        """Only what a reader names as unreadable may stop a user: never a bug, never a refused row."""
        for row in stopped:
            by_bug = row[2] == ROW or row[3].endswith((" in the projector", " in the reader"))
            self._require(not by_bug, f"quarantined by a bug or by PostgreSQL: {row}")
            self._require("witness" not in row[0], f"a witness is quarantined: {row}")

    def _require(self, holds: bool, what: str) -> None:
        if not holds:
            raise self._failed(what)

    def _failed(self, what: str) -> Failed:
        rounds = -(-self.figures.bodies // ROUND)
        return Failed(what, seed=self._seed, bodies=rounds * ROUND)


def _rows(conn: Any, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in conn.execute(query).fetchall()]
