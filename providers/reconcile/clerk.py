"""Reconcile with Clerk, which keeps no events: compare its current users with the users in the log.

Clerk stops retrying a webhook after about 28 hours; after that only its Backend API has the change. For a
missed user the run appends the events Clerk would have sent: the creation at its time, and the current
values at the user's own `updated_at`. Changes in between are lost, and are not invented.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
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
from events.statements import AnyConnection
from projections import log_reader
from projections.errors import Unfoldable
from projections.facts import ClerkUserFact, Fact
from projections.fold import present, refold
from projections.shapes import clerk as shapes
from projections.state import State
from providers.reconcile.brake import SAMPLE, another_source, keep_refusal, knows_any, most_absences, too_many
from providers.reconcile.clerk_api import PROVIDER, ClerkApi
from providers.reconcile.drift import Drift, differing
from providers.reconcile.errors import NotThere, UnusableBody
from providers.reconcile.event_metadata import ClerkEnvelope, marks
from providers.reconcile.statements import alone, append_unknown, do, erased_among, rows
from providers.reconcile.stripe import MAX_DRIFTS, Observer

logger = structlog.get_logger(__name__)

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
    """The result of a run."""

    users: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    older: int = 0
    refused: str | None = None
    drifts: list[Drift] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:  # Any: JSON values
        return {
            "users_compared": self.users,
            "created_missed": self.created,
            "updates_missed": self.updated,
            "deletions_missed": self.deleted,
            "older_pages": self.older,
            "refused": self.refused,
        }


@dataclass(frozen=True, slots=True)
class _LoggedUser:
    state: State
    facts: list[Fact]

    @property
    def last(self) -> Fact | None:
        return max(self.facts, key=lambda fact: (fact.at, fact.position), default=None)

    @property
    def last_changed_at(self) -> int:
        """The user's last change in the log, in microseconds; -1 before any event about them."""
        return max((fact.at for fact in self.facts if fact.type in _ABOUT_THE_USER), default=-1)

    @property
    def first_at(self) -> int:
        """The instant of Clerk's first event, in microseconds; far ahead when there is none."""
        return min((fact.at for fact in self.facts), default=2**62)

    @property
    def as_user(self) -> ClerkUserFact | None:
        """The user as the log has them; None before Clerk's first event."""
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
    """Append missed users, changes and deletions. `conn` is in autocommit. Raises: ReconcileError's kinds.

    `refused` in the result says why nothing was compared (the key of another instance) or no user was deleted
    (more than one run may delete; `yes_delete` raises the limit).
    """
    run = _Run(conn, api, envelope, clock, dry_run)
    with alone(conn, api.scope):
        total, run.report.refused = _another_instance(conn, api, yes_delete)
        if run.report.refused is None:
            do(conn, "forget_seen", scope=api.scope)
            for page in api.pages():
                run.take(page)
                observe("users", run.report.users)
            run.look_for_deleted(total, yes_delete)
            do(conn, "forget_seen", scope=api.scope)
            if not dry_run:
                do(conn, "note_result", scope=api.scope, now=clock(), result=json_text(run.report.as_json()))
        if not dry_run:
            keep_refusal(conn, api.scope, run.report.refused, now=clock())
    return run.report


def _another_instance(conn: AnyConnection, api: ClerkApi, yes_delete: int | None) -> tuple[int, str | None]:
    """The number of known Clerk users, and the reason why this key can't be of their instance."""
    sample = rows(conn, "clerk_users_sample", limit=SAMPLE)
    total = sample[0]["total"] if sample else 0
    ours = {row["instance_id"] for row in rows(conn, "webhook_instances")}
    theirs = api.instance() if ours else None
    if theirs is not None:
        wrong = f"{theirs}, while the last webhooks came from {', '.join(sorted(ours))}"
        return total, None if theirs in ours else another_source(PROVIDER, wrong, SETTING)
    if (yes_delete or 0) >= total or knows_any([row["user_id"] for row in sample], api.user):
        return total, None
    wrong = f"it has none of {len(sample)} users looked for, of {total} known here"
    return total, another_source(PROVIDER, wrong, SETTING)


def reconcile_user(
    conn: AnyConnection, api: ClerkApi, user_id: str, *, envelope: ClerkEnvelope, clock: Clock
) -> ClerkReconciled:
    """Append one user's missed events as Clerk would have sent them. `conn` is in autocommit.

    Raises: NotThere when Clerk has no such user; ReconcileError's kinds.
    """
    run = _Run(conn, api, envelope, clock, dry_run=False)
    run.take_one(user_id)
    return run.report


class _Run:
    def __init__(
        self, conn: AnyConnection, api: ClerkApi, envelope: ClerkEnvelope, clock: Clock, dry_run: bool
    ) -> None:
        self.report = ClerkReconciled()
        self._conn = conn
        self._api = api
        self._envelope = envelope
        self._clock = clock
        self._dry_run = dry_run

    def take(self, page: list[bytes]) -> None:
        """Compare one page of users and append their missed events."""
        named = [(one, body) for body in page if (one := _named(body)) is not None]
        fresh = {row["id"] for row in self._unseen([one.id for one, _ in named])}
        do(self._conn, "see_objects", scope=self._api.scope, ids=[one.id for one, _ in named])
        named = [(one, body) for one, body in named if one.id in fresh]
        erased = erased_among(self._conn, [one.id for one, _ in named])
        named = [(one, body) for one, body in named if one.id not in erased]
        ours = self._logged([one.id for one, _ in named])
        events = [event for one, body in named for event in self._lacking(one, body, ours[one.id])]
        self.report.users += len(named)
        self._append(events)

    def _lacking(self, one: _Named, body: bytes, ours: _LoggedUser) -> list[NewEvent]:
        """The user's missed events; none if the comparison fails: the run continues with the next."""
        try:
            return list(self._missed(one, body, ours))
        except Exception:
            logger.exception("reconcile.user_not_compared", user_id=one.id)
            return []

    def take_one(self, user_id: str) -> None:
        """Fetch and compare that user alone."""
        body = self._api.user(user_id)
        one = _named(body)
        if one is None or one.id != user_id:
            raise NotThere(PROVIDER, f"/users/{user_id}")
        self.report.users = 1
        self._append(self._missed(one, body, self._logged([user_id])[user_id]))

    def look_for_deleted(self, total: int, yes_delete: int | None) -> None:
        """Delete known users that no page listed and that Clerk does not return on request.

        All are requested before the first is deleted: if there are too many, none is deleted.
        """
        allowed = most_absences(total) if yes_delete is None else yes_delete
        unlisted = [row["id"] for users in self._our_users() for row in self._unseen(users)]
        unlisted = [user for user in unlisted if _USER_ID.fullmatch(user) is not None]
        gone: list[tuple[str, datetime]] = []
        for user in unlisted:
            asked_at = self._clock()
            if self._is_gone(user):
                gone.append((user, asked_at))
            if len(gone) > allowed and not self._dry_run:
                break  # requesting the rest would only cost time
        if len(gone) > allowed:
            self.report.refused = too_many(PROVIDER, "users", len(unlisted), total=total, allowed=allowed)
            gone = gone if self._dry_run else []
        for first in range(0, len(gone), PAGE):
            some = gone[first : first + PAGE]
            ours = self._logged([user for user, _ in some])
            self._append([self._deleted(user, ours[user], asked_at) for user, asked_at in some])

    def _is_gone(self, user: str) -> bool:
        try:
            body = self._api.user(user)
        except NotThere:
            return True
        one = _named(body)  # fell into a gap between pages, so it exists
        if one is not None and one.id == user:
            self._append(self._lacking(one, body, self._logged([user])[user]))
        return False

    def _missed(self, one: _Named, body: bytes, ours: _LoggedUser) -> Iterator[NewEvent]:
        theirs = _read(body)
        if theirs is None:
            return
        if ours.state.deleted_at is not None:
            self._note(one.id, "absorbed", {"deleted_at": ("deleted", "there")})
            return
        created_at, updated_at = one.created_at or 0, one.updated_at or one.created_at or 0
        never_changed = updated_at <= created_at
        if ours.first_at > created_at * 1000:
            self.report.created += 1
            data = body if never_changed else _bare(one.id, created_at)
            self._note(one.id, "missed event", {"created_at": (None, created_at)})
            yield self._event("user.created", one.id, data, created_at, ours)
        if ours.as_user == theirs or (ours.as_user is None and never_changed):
            return
        # The values hold since the user's own `updated_at`, so an event as late as that includes them.
        if updated_at * 1000 <= ours.last_changed_at:
            self.report.older += 1
            self._note(one.id, "older page", differing(ours.as_user, theirs))
            return
        self.report.updated += 1
        self._note(one.id, "missed event", differing(ours.as_user, theirs))
        yield self._event("user.updated", one.id, body, updated_at, ours)

    def _deleted(self, user: str, ours: _LoggedUser, asked_at: datetime) -> NewEvent:
        self.report.deleted += 1
        self._note(user, "missed event", {"deleted_at": (None, "deleted")})
        now_ms = int(asked_at.timestamp() * 1000)
        gone = orjson.dumps({"deleted": True, "id": user, "object": "user"})
        return self._event("user.deleted", user, gone, now_ms, ours)

    def _event(self, kind: str, user: str, data: bytes, at_ms: int, ours: _LoggedUser) -> NewEvent:
        """The event Clerk would have sent. Its key sorts before `msg_`, so Clerk's own event wins a tie."""
        event: dict[str, Any] = {  # Any: JSON values
            "data": _storable(user, data),
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
        metadata = marks(self._clock(), cause="missed event")
        return self._envelope(event, orjson.dumps(event).decode(), key, metadata)

    def _append(self, events: Iterable[NewEvent]) -> None:
        batch = list(events)
        if batch and not self._dry_run:
            with self._conn.transaction():
                append_unknown(self._conn, batch)

    def _note(self, user: str, cause: Any, fields: dict[str, tuple[Any, Any]]) -> None:
        """Any: a cause's literal; a field's value."""
        if len(self.report.drifts) < MAX_DRIFTS:
            self.report.drifts.append(
                Drift(kind="clerk_user", object_id=user, user_id=user, cause=cause, fields=fields)
            )

    def _unseen(self, ids: list[str]) -> list[dict[str, Any]]:  # Any: one type a column
        return rows(self._conn, "unseen_among", scope=self._api.scope, ids=ids)

    def _our_users(self) -> Iterator[list[str]]:
        after = ""
        while page := rows(self._conn, "clerk_users_page", after=after, limit=PAGE):
            after = page[-1]["user_id"]
            yield [row["user_id"] for row in page]

    def _logged(self, users: list[str]) -> dict[str, _LoggedUser]:
        """Each user's state from Clerk's events alone."""
        streams = log_reader.streams(self._conn, users, _EVERYTHING)
        clerk_facts = {user: [fact for fact in streams[user] if _is_clerks(fact)] for user in users}
        return {
            user: _LoggedUser(present(refold(user, {}, facts)), facts) for user, facts in clerk_facts.items()
        }


def _is_clerks(fact: Fact) -> bool:
    return fact.source == "clerk" or fact.type == "deletion.reverted"


def _named(body: bytes) -> _Named | None:
    try:
        user = _NAMED.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return user if _USER_ID.fullmatch(user.id) else None


def _read(body: bytes) -> ClerkUserFact | None:
    try:
        user = shapes.user('{"data":' + body.decode() + "}")
    except (Unfoldable, UnicodeDecodeError):
        return None
    return user if isinstance(user, ClerkUserFact) else None


def _storable(user: str, body: bytes) -> dict[str, Any]:  # Any: JSON values
    """Raises: UnusableBody if it can't be written again without a change, such as one with 1e999."""
    try:
        document: dict[str, Any] = orjson.loads(body)  # Any: JSON values
    except orjson.JSONDecodeError as problem:
        raise UnusableBody(PROVIDER, user, str(problem)) from None
    return document


def _bare(user: str, created_at: int) -> bytes:
    """The only values that are certain for the moment of sign-up."""
    return orjson.dumps({"id": user, "object": "user", "created_at": created_at, "updated_at": created_at})
