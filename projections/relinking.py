"""Settling the owner of each customer: from the events of a batch, or from the log where order matters.

A customer is locked before its owner is settled, so the second transaction sees the writes of the first.
The events that delete a user are in another stream than those that name them. So a transaction that may
name a user for a customer takes a shared lock on the links, and one that deletes a user an exclusive one:
either the first reads the deletion or the second reads the name. Both take it before they lock customers.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import structlog

from events.statements import AnyConnection
from projections import claiming, links, log_reader, store
from projections.accounts import Trust
from projections.claiming import Evidence
from projections.facts import Fact
from projections.links import Claim
from projections.log_reader import Routed
from projections.refusal import write_halving

logger = structlog.get_logger(__name__)


class Relinked(NamedTuple):
    """Customer to owner, and the users who gained or lost a customer or whose link has another instant."""

    owners: dict[str, str | None]
    moved: set[str]


def evidence_in(events: Iterable[Routed]) -> dict[str, Evidence]:
    """Customer to the evidence in these events."""
    evidence: dict[str, Evidence] = {}

    def of(customer: str, at: int) -> Evidence:
        customer_evidence = evidence.get(customer) or Evidence(at, [], [])
        evidence[customer] = customer_evidence._replace(first_at=min(customer_evidence.first_at, at))
        return evidence[customer]

    for event in events:
        if event.is_customer:
            customer_evidence = of(event.route_key, event.fact.at)
            if claiming.object_of(event.fact) is not None:
                customer_evidence.snapshots.append(event.fact)
        if event.is_customer or event.fact.source == "tenure":
            for customer, claim in claiming.claims_in(event.fact, event.route_key):
                of(customer, event.fact.at).claims.append(claim)
    return evidence


def deletions_in(events: Iterable[Routed]) -> dict[str, list[Claim]]:
    """User to when these events delete and restore them."""
    facts: dict[str, list[Fact]] = {}
    for event in events:
        if event.is_user and event.fact.type in claiming.DELETIONS:
            facts.setdefault(event.route_key, []).append(event.fact)
    return {user: claiming.deletions_in(user, user_facts) for user, user_facts in facts.items()}


class LinkChanges(NamedTuple):
    """The link changes of a batch: `evidence` by customer; `touched` are customers to be read again,
    `elsewhere` those of accounts that may have become trusted or untrusted; `deleted` are users who were
    deleted or restored."""

    evidence: Mapping[str, Evidence]
    touched: Collection[str] = ()
    elsewhere: Collection[str] = ()
    deleted: Collection[str] = ()


def settle(
    conn: AnyConnection,
    changed: LinkChanges,
    reached: Mapping[int, int],
    *,
    careful: bool = False,
    again: bool = False,
) -> Relinked:
    """Write the links that changed. If `careful`, a customer whose row is refused is skipped and has no
    owner. `again`: this transaction may settle more links later, and then could not wait for the lock."""
    if not any(changed):
        return Relinked({}, set())
    (store.hold_links if changed.deleted or again else store.share_links)(conn)
    naming = _naming(conn, changed.deleted)
    customers = {*changed.evidence, *changed.touched, *changed.elsewhere, *naming}
    rows = _locked(conn, customers, careful=careful)
    before = {
        customer: (row.since(), links.encode(row.claims) if row.claims else "")
        for customer, row in rows.items()
    }
    registers = _registers(rows, changed)
    unsettled = rows.keys() & {*customers} - registers.keys()
    if unsettled:
        registers |= _read_again(conn, rows, changed.evidence, unsettled, reached)
    named = {c: () if c in unsettled else rows[c].named for c in registers}
    _note_deletions(conn, registers, named, changed.deleted, reached)
    return _written(conn, rows, before, registers, careful=careful)


def _naming(conn: AnyConnection, users: Collection[str]) -> set[str]:
    return store.customers_claimed_by(conn, users) if users else set()


def _registers(rows: Mapping[str, store.CustomerRow], changed: LinkChanges) -> dict[str, links.Claims]:
    """The registers with the new evidence, without customers that have to be read again."""
    registers: dict[str, links.Claims] = {}
    for customer, row in rows.items():
        new = changed.evidence.get(customer)
        if customer in changed.touched:
            continue
        if new is not None and row.is_new:
            registers[customer] = claiming.settled(new)
        elif row.claims is not None and (new is None or claiming.extended(row.claims, new)):
            registers[customer] = row.claims
    return registers


def _read_again(
    conn: AnyConnection,
    rows: Mapping[str, store.CustomerRow],
    evidence: Mapping[str, Evidence],
    again: Collection[str],
    reached: Mapping[int, int],
) -> dict[str, links.Claims]:
    """The registers of these customers from the log; customers without events there are deleted."""
    speakers = {user for customer in again for user in rows[customer].named}
    speakers |= {c.user for customer in again if customer in evidence for c in evidence[customer].claims}
    bounds = {**store.checkpoints(conn), **reached}
    registers = _registers_in_log(conn, again, speakers, bounds)
    store.delete_customers(conn, sorted(again - registers.keys()))
    return registers


def _note_deletions(
    conn: AnyConnection,
    registers: Mapping[str, links.Claims],
    named: Mapping[str, Collection[str]],
    deleted: Collection[str],
    reached: Mapping[int, int],
) -> None:
    """Read the deletions of users whom a register did not name before, and of `deleted`."""
    unread = {
        customer: {user for user in register.users() if user in deleted or user not in named[customer]}
        for customer, register in registers.items()
    }
    users = set[str]().union(*unread.values())
    if not users:
        return
    bounds = {**store.checkpoints(conn), **reached}
    deletions = deletions_of(conn, users, bounds)
    for customer, some in unread.items():
        registers[customer].note_deletions({user: deletions.get(user, []) for user in some})


def deletions_of(
    conn: AnyConnection, users: Collection[str], bounds: Mapping[int, int]
) -> dict[str, list[Claim]]:
    """When each of these users was deleted and restored, up to the bounds."""
    return deletions_in(log_reader.deletions_of(conn, users, bounds))


def read_again(
    conn: AnyConnection,
    customers: Collection[str],
    speakers: Collection[str],
    bounds: Mapping[int, int],
) -> dict[str, links.Claims]:
    """All words and claims in the log about these customers, up to the bounds; only customers with any.

    `speakers` are users whose streams may contain an operator's claims on them.
    """
    registers = _registers_in_log(conn, customers, speakers, bounds)
    users = {user for register in registers.values() for user in register.users()}
    deletions = deletions_of(conn, users, bounds)
    for register in registers.values():
        register.note_deletions(deletions)
    return registers


def _registers_in_log(
    conn: AnyConnection,
    customers: Collection[str],
    speakers: Collection[str],
    bounds: Mapping[int, int],
) -> dict[str, links.Claims]:
    """As read_again, without deletions."""
    events = log_reader.claims_of(conn, {*customers, *speakers}, bounds)
    evidence = {c: statements for c, statements in evidence_in(events).items() if c in customers}
    for customer, at in log_reader.first_events(conn, customers, bounds).items():
        earlier = evidence.get(customer) or Evidence(at, [], [])
        evidence[customer] = earlier._replace(first_at=min(earlier.first_at, at))
    return {customer: claiming.settled(statements) for customer, statements in evidence.items()}


def _written(
    conn: AnyConnection,
    rows: Mapping[str, store.CustomerRow],
    before: Mapping[str, tuple[int | None, str]],
    registers: Mapping[str, links.Claims],
    *,
    careful: bool,
) -> Relinked:
    trust = Trust(conn)
    owners: dict[str, str | None] = {}
    moved: set[str] = set()
    changed: dict[str, store.Linked] = {}
    for customer, row in rows.items():
        register = registers.get(customer)
        owner = register.owner() if register and trust.covers(customer) else None
        owners[customer] = owner.user if owner else None
        since, encoded = before[customer]
        if (row.user_id, since) != (owners[customer], owner.at if owner else None):
            moved |= {user for user in (row.user_id, owners[customer]) if user is not None}
        if register is not None and (row.user_id != owners[customer] or links.encode(register) != encoded):
            changed[customer] = store.Linked(register, owners[customer])
    for customer in _write(conn, changed, careful=careful):
        moved |= {user for user in (rows[customer].user_id, owners[customer]) if user is not None}
        owners[customer] = None
    return Relinked(owners, moved)


def _locked(conn: AnyConnection, customers: set[str], *, careful: bool) -> dict[str, store.CustomerRow]:
    """As store.lock_customers; if careful, without customers that are refused."""
    if not careful:
        return store.lock_customers(conn, customers)
    rows: dict[str, store.CustomerRow] = {}

    def lock(some: Sequence[str]) -> None:
        rows.update(store.lock_customers(conn, some))

    write_halving(conn, sorted(customers), lock, _log_refusal)
    return rows


def _write(conn: AnyConnection, changed: dict[str, store.Linked], *, careful: bool) -> list[str]:
    """Write the links. If careful, the customers whose link is refused; they are forgotten."""
    refused: list[str] = []
    if not careful:
        store.write_links(conn, changed)
        return refused

    def write(some: Sequence[str]) -> None:
        store.write_links(conn, {customer: changed[customer] for customer in some})

    def refuse(customer: str, problem: Exception) -> None:
        _log_refusal(customer, problem)
        refused.append(customer)

    write_halving(conn, sorted(changed), write, refuse)
    store.delete_customers(conn, refused)
    return refused


def _log_refusal(customer: str, problem: Exception) -> None:
    logger.error("projector.customer_refused", customer_id=customer, error=type(problem).__name__)
