"""Reconciling with Clerk, which keeps no events: users as they are, against users as the log has them.

Clerk stops retrying a webhook after about 28 hours; after that only its Backend API knows. A user we
missed is told as Clerk would have told it: that they were created when they were, and what they
are since their own `updated_at`. What lay between is gone, and is not invented.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
import orjson
import structlog
from msgspec import Struct

from events.append import json_text
from events.clock import Clock
from events.envelope import NewEvent
from events.routing import PARTS
from projections import log_reader
from projections.errors import Unfoldable
from projections.facts import ClerkUserFact, Fact
from projections.fold import present, refold
from projections.shapes import clerk as shapes
from projections.state import State
from providers.reconcile.brake import SAMPLE, another_source, keep_refusal, knows_any, most_absences, too_many
from providers.reconcile.clerk_api import PROVIDER, ClerkApi
from providers.reconcile.drift import Drift, differing
from providers.reconcile.errors import NotThere
from providers.reconcile.event_metadata import ClerkEnvelope, marks
from providers.reconcile.statements import AnyConnection, alone, append_unknown, do, erased_among, rows
from providers.reconcile.stripe import TOLD, Observer

logger = structlog.get_logger(__name__)

RETRIES_END = timedelta(hours=28)
SETTING = "CLERK_SECRET_KEY"
PAGE = 200

_EVERYTHING = dict.fromkeys(range(PARTS), 2**62)
_ABOUT_THE_USER = ("clerk.user.created", "clerk.user.updated")
_USER_ID = re.compile(r"user_[A-Za-z0-9_-]{1,250}")


class _Named(Struct):
    id: str
    created_at: int | None = None
    updated_at: int | None = None


_NAMED = msgspec.json.Decoder(_Named)


@dataclass(slots=True)
class ClerkReconciled:
    """What a run found."""

    users: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    older: int = 0
    refused: str | None = None
    drifts: list[Drift] = field(default_factory=list)

    def told(self) -> dict[str, Any]:  # Any: JSON values
        return {
            "users_compared": self.users,
            "created_missed": self.created,
            "updates_missed": self.updated,
            "deletions_missed": self.deleted,
            "older_pages": self.older,
            "refused": self.refused,
        }


@dataclass(frozen=True, slots=True)
class _Held:
    state: State
    facts: list[Fact]

    @property
    def last(self) -> Fact | None:
        return max(self.facts, key=lambda fact: (fact.at, fact.position), default=None)

    @property
    def last_told_at(self) -> int:
        """When the user last changed by the log, in microseconds; -1 before any event about them."""
        return max((fact.at for fact in self.facts if fact.type in _ABOUT_THE_USER), default=-1)

    @property
    def first_at(self) -> int:
        """Microseconds of Clerk's first word; far ahead before there is any."""
        return min((fact.at for fact in self.facts), default=2**62)

    @property
    def as_user(self) -> ClerkUserFact | None:
        """What the log says of them; None before Clerk said anything."""
        if self.state.signed_up_at is None:
            return None
        created_at = self.state.signed_up_at // 1000
        return ClerkUserFact(self.state.email, self.state.full_name, self.state.clerk_admin, created_at)


def reconcile_clerk(
    conn: AnyConnection,
    api: ClerkApi,
    *,
    envelope: ClerkEnvelope,
    clock: Clock,
    dry_run: bool = False,
    yes_delete: int | None = None,
    observe: Observer = lambda _stage, _done: None,
) -> ClerkReconciled:
    """Users missed, changed and deleted. `conn` is in autocommit. Raises: ReconcileError's kinds.

    `refused` in the result says why nothing was compared (the key of another instance) or nobody deleted
    (more than one run may believe; `yes_delete` raises that to so many).
    """
    run = _Run(conn, api, envelope, clock, dry_run)
    with alone(conn, api.scope):
        known, run.found.refused = _another_instance(conn, api, yes_delete)
        if run.found.refused is None:
            do(conn, "forget_seen", scope=api.scope)
            for page in api.pages():
                run.take(page)
                observe("users", run.found.users)
            run.look_for_deleted(known, yes_delete)
            do(conn, "forget_seen", scope=api.scope)
            if not dry_run:
                do(conn, "note_result", scope=api.scope, now=clock(), result=json_text(run.found.told()))
        if not dry_run:
            keep_refusal(conn, api.scope, run.found.refused, now=clock())
    return run.found


def _another_instance(conn: AnyConnection, api: ClerkApi, yes_delete: int | None) -> tuple[int, str | None]:
    """How many users we know from Clerk, and why this key can't be of their instance."""
    sample = rows(conn, "clerk_users_sample", limit=SAMPLE)
    known = sample[0]["total"] if sample else 0
    ours = {row["instance_id"] for row in rows(conn, "webhook_instances")}
    theirs = api.instance() if ours else None
    if theirs is not None:
        wrong = f"{theirs}, while the last webhooks came from {', '.join(sorted(ours))}"
        return known, None if theirs in ours else another_source(PROVIDER, wrong, SETTING)
    if (yes_delete or 0) >= known or knows_any([row["user_id"] for row in sample], api.user):
        return known, None
    wrong = f"it has none of {len(sample)} users looked for, of {known} known here"
    return known, another_source(PROVIDER, wrong, SETTING)


def reconcile_user(
    conn: AnyConnection, api: ClerkApi, user_id: str, *, envelope: ClerkEnvelope, clock: Clock
) -> ClerkReconciled:
    """One user: what we lack of them is told as Clerk would have told it. `conn` is in autocommit.

    Raises: NotThere when Clerk has no such user; ReconcileError's kinds.
    """
    run = _Run(conn, api, envelope, clock, dry_run=False)
    run.take_one(user_id)
    return run.found


class _Run:
    def __init__(
        self, conn: AnyConnection, api: ClerkApi, envelope: ClerkEnvelope, clock: Clock, dry_run: bool
    ) -> None:
        self.found = ClerkReconciled()
        self._conn = conn
        self._api = api
        self._envelope = envelope
        self._clock = clock
        self._dry_run = dry_run

    def take(self, page: list[bytes]) -> None:
        """Compare one page of users and append what we lack of them."""
        named = [(one, body) for body in page if (one := _named(body)) is not None]
        fresh = {row["id"] for row in self._unseen([one.id for one, _ in named])}
        do(self._conn, "see_objects", scope=self._api.scope, ids=[one.id for one, _ in named])
        named = [(one, body) for one, body in named if one.id in fresh]
        erased = erased_among(self._conn, [one.id for one, _ in named])
        named = [(one, body) for one, body in named if one.id not in erased]
        ours = self._held([one.id for one, _ in named])
        events = [event for one, body in named for event in self._lacking(one, body, ours[one.id])]
        self.found.users += len(named)
        self._append(events)

    def _lacking(self, one: _Named, body: bytes, ours: _Held) -> list[NewEvent]:
        """None of a user who can't be compared: the run goes on to the next."""
        try:
            return list(self._missed(one, body, ours))
        except Exception:
            logger.exception("reconcile.user_not_compared", user_id=one.id)
            return []

    def take_one(self, user_id: str) -> None:
        """Ask for that user alone."""
        body = self._api.user(user_id)
        one = _named(body)
        if one is None or one.id != user_id:
            raise NotThere(PROVIDER, f"/users/{user_id}")
        self.found.users = 1
        self._append(self._missed(one, body, self._held([user_id])[user_id]))

    def look_for_deleted(self, known: int, yes_delete: int | None) -> None:
        """Users we have and no page named; one Clerk does not know when asked is deleted.

        All are asked for before the first is called deleted: too many of them are none at all.
        """
        allowed = most_absences(known) if yes_delete is None else yes_delete
        unlisted = [row["id"] for users in self._our_users() for row in self._unseen(users)]
        unlisted = [user for user in unlisted if _USER_ID.fullmatch(user) is not None]
        gone: list[tuple[str, datetime]] = []
        for user in unlisted:
            asked_at = self._clock()
            if self._is_gone(user):
                gone.append((user, asked_at))
            if len(gone) > allowed and not self._dry_run:
                break  # asking for the rest would only cost time
        if len(gone) > allowed:
            self.found.refused = too_many(PROVIDER, "users", len(unlisted), known=known, allowed=allowed)
            gone = gone if self._dry_run else []
        for first in range(0, len(gone), PAGE):
            some = gone[first : first + PAGE]
            ours = self._held([user for user, _ in some])
            self._append([self._deleted(user, ours[user], asked_at) for user, asked_at in some])

    def _is_gone(self, user: str) -> bool:
        try:
            body = self._api.user(user)
        except NotThere:
            return True
        one = _named(body)  # joined a page's gap: there after all
        if one is not None and one.id == user:
            self._append(self._missed(one, body, self._held([user])[user]))
        return False

    def _missed(self, one: _Named, body: bytes, ours: _Held) -> Iterator[NewEvent]:
        theirs = _read(body)
        if theirs is None:
            return
        if ours.state.deleted_at is not None:
            self._note(one.id, "absorbed", {"deleted_at": ("deleted", "there")})
            return
        created_at, updated_at = one.created_at or 0, one.updated_at or one.created_at or 0
        never_changed = updated_at <= created_at
        if ours.first_at > created_at * 1000:
            self.found.created += 1
            known = body if never_changed else _bare(one.id, created_at)
            self._note(one.id, "missed event", {"created_at": (None, created_at)})
            yield self._told("user.created", one.id, known, created_at, ours)
        if ours.as_user == theirs or (ours.as_user is None and never_changed):
            return
        # True since the user's own `updated_at`, so an event as young as that has seen it already.
        if updated_at * 1000 <= ours.last_told_at:
            self.found.older += 1
            self._note(one.id, "older page", differing(ours.as_user, theirs))
            return
        self.found.updated += 1
        self._note(one.id, "missed event", differing(ours.as_user, theirs))
        yield self._told("user.updated", one.id, body, updated_at, ours)

    def _deleted(self, user: str, ours: _Held, asked_at: datetime) -> NewEvent:
        self.found.deleted += 1
        self._note(user, "missed event", {"deleted_at": (None, "deleted")})
        now_ms = int(asked_at.timestamp() * 1000)
        gone = orjson.dumps({"deleted": True, "id": user, "object": "user"})
        return self._told("user.deleted", user, gone, now_ms, ours)

    def _told(self, kind: str, user: str, data: bytes, at_ms: int, ours: _Held) -> NewEvent:
        """The event Clerk would have sent. Its key sorts before `msg_`: of two, Clerk's own decides."""
        event: dict[str, Any] = {  # Any: JSON values
            "data": orjson.loads(data),
            "object": "event",
            "timestamp": at_ms,
            "type": kind,
        }
        if kind != "user.deleted":
            event["data"]["updated_at"] = at_ms
        last = ours.last
        after = sha256(last.key.encode()).hexdigest()[:16] if last is not None else "none"
        digest = sha256(orjson.dumps(event["data"])).hexdigest()[:32]
        key = f"import:{user}:{kind}:{digest}:{after}"
        said = marks(self._clock(), cause="missed event")
        return self._envelope(event, orjson.dumps(event).decode(), key, said)

    def _append(self, events: Iterable[NewEvent]) -> None:
        wanted = list(events)
        if wanted and not self._dry_run:
            with self._conn.transaction():
                append_unknown(self._conn, wanted)

    def _note(self, user: str, cause: Any, fields: dict[str, tuple[Any, Any]]) -> None:
        """Any: a cause's literal; a field's value."""
        if len(self.found.drifts) < TOLD:
            self.found.drifts.append(
                Drift(kind="clerk_user", object_id=user, user_id=user, cause=cause, fields=fields)
            )

    def _unseen(self, ids: list[str]) -> list[dict[str, Any]]:  # Any: one type a column
        return rows(self._conn, "unseen_among", scope=self._api.scope, ids=ids)

    def _our_users(self) -> Iterator[list[str]]:
        after = ""
        while found := rows(self._conn, "clerk_users_page", after=after, limit=PAGE):
            after = found[-1]["user_id"]
            yield [row["user_id"] for row in found]

    def _held(self, users: list[str]) -> dict[str, _Held]:
        """What Clerk has told us of each, and nothing else."""
        streams = log_reader.streams(self._conn, users, _EVERYTHING, live_only=False)
        told = {user: [fact for fact in streams[user] if _is_clerks(fact)] for user in users}
        return {user: _Held(present(refold(user, {}, facts)), facts) for user, facts in told.items()}


def _is_clerks(fact: Fact) -> bool:
    return fact.source == "clerk" or fact.type == "deletion.reverted"


def _named(body: bytes) -> _Named | None:
    try:
        found = _NAMED.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return found if _USER_ID.fullmatch(found.id) else None


def _read(body: bytes) -> ClerkUserFact | None:
    try:
        found = shapes.user('{"data":' + body.decode() + "}")
    except (Unfoldable, UnicodeDecodeError):
        return None
    return found if isinstance(found, ClerkUserFact) else None


def _bare(user: str, created_at: int) -> bytes:
    """All that is certain of the moment they signed up."""
    return orjson.dumps({"id": user, "object": "user", "created_at": created_at, "updated_at": created_at})
