"""Erase a person: plan what an erasure removes, and remove it.

Their payloads become null and their rows blank in one transaction with a sealed event that names what
was erased. Digests stay, so every proof remains valid. Data that arrives afterwards is kept until the
next erasure.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row, tuple_row

from events.append import append
from events.domain import user_event
from events.domain.user import PrivacyErased
from events.envelope import Appended
from events.routing import SERVICE_AGGREGATES, part_of
from events.statements import AnyConnection, statement
from handlers.personal import PersonalTexts
from projections.decision_transaction import DecisionTransaction
from projections.errors import PartBehind
from projections.store import lock_all_parts

SHORTEST_TEXT = 6  # a shorter text would match everywhere

Row = dict[str, Any]  # Any: one type a column


class ErasureRefused(Exception):
    """Nothing was erased; the message says why."""


class PersonUnknown(ErasureRefused):
    """No event and no table mentions the user. Check the id."""

    def __init__(self, user_id: str) -> None:
        super().__init__(f"expected a user that an event has mentioned, found none called {user_id}")


class NameIsACustomers(ErasureRefused):
    """An erasure of this name would also erase the events of a Stripe customer, maybe another person's.

    Link the user's own customers to a user with another id, and erase that one.
    """

    def __init__(self, user_id: str) -> None:
        super().__init__(
            f"expected the id of a user alone, found {user_id}, which is a Stripe customer's id too; "
            "nothing was erased: link their customers to a user with another id, and erase that user"
        )


class ReasonNamesPerson(ErasureRefused):
    """The reason is sealed and can never be erased. Give a reason that does not identify the person."""

    def __init__(self) -> None:
        super().__init__(
            "expected a reason that names no person, found an address or a word of the person's name; "
            "the reason is sealed and never erased, so give a ticket's number"
        )


class ErasureRaced(ErasureRefused):
    """Another transaction is erasing the same user. Plan again."""

    def __init__(self) -> None:
        super().__init__("another transaction is erasing this user; plan again with --dry-run")


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What an erasure would remove.

    `mentions` are events in streams that belong to no person (organisations, accounts);
    `elsewhere` mention the person in another person's stream and stay: link the customer first,
    or accept it. `unprojected` events may contain links that are not known yet.
    """

    user_id: str
    customers: tuple[str, ...]
    events: list[Row]
    mentions: list[Row]
    elsewhere: list[Row]
    conflicts: int
    deliveries: list[UUID]
    jobs: list[UUID]
    unprojected: int
    erasures: int
    texts: tuple[str, ...] = field(repr=False)
    personal: PersonalTexts = field(repr=False)

    @property
    def is_empty(self) -> bool:
        """Nothing is left to erase."""
        return not (self.events or self.mentions or self.conflicts or self.deliveries or self.jobs)


@dataclass(frozen=True, slots=True)
class ErasureResult:
    """What was erased, and the event that records it; None when there was nothing.

    `is_projected`: the tables are blank already. False where the projector is too far behind to wait for.
    """

    event: Appended | None
    events: int = 0
    conflicts: int = 0
    deliveries: int = 0
    jobs: int = 0
    is_projected: bool = True


def plan_erasure(conn: AnyConnection, user_id: str, *, search: bool = True) -> ErasurePlan:
    """What erasing the user would remove; changes nothing.

    With `search` the whole log is read for mentions in other streams, at about a gigabyte a second.
    Raises: PersonUnknown, NameIsACustomers.
    """
    service = sorted(SERVICE_AGGREGATES)
    about: dict[str, object] = {"user_id": user_id, "part": part_of(user_id), "service": service}
    standing = _rows(conn, "person_standing", about)[0]
    if not standing["is_known"]:
        raise PersonUnknown(user_id)
    if standing["is_also_a_customer"]:
        raise NameIsACustomers(user_id)
    routes = [user_id, *standing["customers"]]
    streams = {"routes": routes, "parts": [part_of(route) for route in routes], "service": service}
    personal = PersonalTexts().add_payloads(_payloads(conn, streams))
    texts = _texts(routes, personal, standing["email"])
    events = _rows(conn, "person_events", streams)
    mentions = _rows(conn, "person_mentions", {"routes": routes, "texts": texts}) if search else []
    near = [row for row in mentions if not row["is_theirs"]]
    conflicts = _rows(conn, "person_conflicts", streams | {"ids": [row["id"] for row in near]})
    jobs = _rows(conn, "person_jobs", {"texts": texts}) if standing["has_jobs"] else []
    deliveries = _rows(conn, "person_deliveries", {"texts": _with_names(texts, personal)})
    return ErasurePlan(
        user_id=user_id,
        customers=tuple(standing["customers"]),
        events=events,
        mentions=near,
        elsewhere=[row for row in mentions if row["is_theirs"]],
        conflicts=conflicts[0]["count"],
        deliveries=[row["id"] for row in deliveries],
        jobs=[row["id"] for row in jobs],
        unprojected=standing["unprojected"],
        erasures=standing["erasures"],
        texts=tuple(texts),
        personal=personal,
    )


def erase_person(
    conn: AnyConnection, plan: ErasurePlan, *, now: datetime, actor: str, reason: str
) -> ErasureResult:
    """Append privacy.erased, null what it names and project it; the caller commits.

    An empty plan appends nothing. Raises: ReasonNamesPerson, ErasureRaced.
    """
    _refuse_naming_reason(reason, plan)
    if plan.is_empty:
        return ErasureResult(None)
    conn.execute(statement("handlers", "lock_erasure"))
    lock_all_parts(conn)  # before the heads, as every batch does
    appended = _append_erasure(conn, plan, now=now, actor=actor, reason=reason)
    gone = _rows(conn, "erase_person", {"part": appended.part, "position": appended.position})[0]
    conn.execute(statement("handlers", "erase_results"), {"user_id": plan.user_id, "part": appended.part})
    conn.execute(statement("handlers", "erase_errors"), {"texts": list(plan.texts)})
    if plan.jobs:
        conn.execute(statement("handlers", "erase_jobs"), {"ids": plan.jobs, "now": now})
    return ErasureResult(
        appended,
        gone["erased_events"],
        gone["erased_conflicts"],
        gone["erased_deliveries"],
        len(plan.jobs),
        _project(conn, plan.user_id),
    )


def _append_erasure(
    conn: AnyConnection, plan: ErasurePlan, *, now: datetime, actor: str, reason: str
) -> Appended:
    fact = PrivacyErased(
        customer_ids=plan.customers,
        through=_heads(conn, plan),
        event_ids=tuple(row["id"] for row in plan.mentions),
        delivery_ids=tuple(plan.deliveries),
    )
    appended = append(
        conn,
        user_event(
            fact,
            user_id=plan.user_id,
            now=now,
            idempotency_key=f"privacy.erased:{plan.user_id}:{plan.erasures + 1}",
            actor=actor,
            reason=reason,
        ),
    )
    if appended.outcome != "appended":
        raise ErasureRaced
    return appended


def _project(conn: AnyConnection, user_id: str) -> bool:
    """Project the user's partition to its end; False when that is too much for one transaction."""
    try:
        DecisionTransaction(conn, part_of(user_id)).decide([user_id], lambda _: [])
    except PartBehind:
        return False
    return True


def _payloads(conn: AnyConnection, streams: dict[str, Any]) -> Iterator[str]:  # Any: as the statement
    """The person's payloads, 500 in memory at a time."""
    with conn.transaction(), conn.cursor(name="person_payloads", row_factory=tuple_row) as cursor:
        cursor.itersize = 500
        for (payload,) in cursor.execute(statement("handlers", "person_payloads"), streams):
            yield payload


def _texts(routes: list[str], personal: PersonalTexts, email: str | None) -> list[str]:
    """The texts to search the log for, in lower case: ids without their account, and e-mail addresses."""
    ids = {route.rpartition("/")[2] for route in routes}
    addresses = {text for text in {*personal.addresses, email or ""} if "@" in text}
    return _searchable(ids | addresses)


def _with_names(texts: list[str], personal: PersonalTexts) -> list[str]:
    """As above, and whole names: an unreadable body has no id to search by."""
    return _searchable({*texts, *(name for name in personal.names if " " in name)})


def _searchable(texts: set[str]) -> list[str]:
    """Texts that a parameter can contain: no NUL, no lone surrogate."""
    long = {text.lower() for text in texts if len(text) >= SHORTEST_TEXT}
    return sorted(text for text in long if "\0" not in text and text.encode(errors="ignore").decode() == text)


def _heads(conn: AnyConnection, plan: ErasurePlan) -> dict[int, int]:
    """The last position of each partition whose streams are erased: the range that the erasure covers."""
    parts = [part_of(route) for route in (plan.user_id, *plan.customers)]
    return {row["part"]: row["head"] for row in _rows(conn, "person_heads", {"parts": parts})}


def _refuse_naming_reason(reason: str, plan: ErasurePlan) -> None:
    if "@" in reason or any(text in reason.lower() for text in plan.texts) or plan.personal.in_text(reason):
        raise ReasonNamesPerson


def _rows(conn: AnyConnection, name: str, values: dict[str, Any]) -> list[Row]:  # Any: as the statement
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("handlers", name), values).fetchall()
