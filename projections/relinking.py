"""Settling whose each customer is: by what a batch adds, or from the log where order matters.

A customer is locked before anything is settled about it, and so whoever comes second sees the
first one's work.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import structlog

from projections import claiming, links, log, store
from projections.accounts import Trust
from projections.claiming import Evidence
from projections.log import AnyConnection, Routed
from projections.refusal import write_halving

logger = structlog.get_logger(__name__)


class Relinked(NamedTuple):
    """Customer to owner, and the users who gained or lost a customer, or have one since another instant."""

    owners: dict[str, str | None]
    moved: set[str]


def evidence_in(found: Iterable[Routed]) -> dict[str, Evidence]:
    """Customer to what these events say of it."""
    evidence: dict[str, Evidence] = {}
    for event in found:
        named = None
        if event.is_customer or event.fact.source == "tenure":
            named = claiming.claim_in(event.fact, event.route_key)
        customer = named[0] if named else event.route_key if event.is_customer else None
        if customer is None:
            continue
        at = event.fact.at
        known = evidence.get(customer) or Evidence(at, [], [])
        evidence[customer] = known._replace(first_at=min(known.first_at, at))
        if named:
            known.claims.append(named[1])
        elif claiming.object_of(event.fact) is not None:
            known.snapshots.append(event.fact)
    return evidence


def settle(
    conn: AnyConnection,
    evidence: Mapping[str, Evidence],
    touched: Collection[str],
    reached: Mapping[int, int],
    *,
    elsewhere: Collection[str] = (),
    live_only: bool,
    careful: bool = False,
) -> Relinked:
    """Write what the evidence changes, and read again what was said of the customers in `touched`.

    `elsewhere` are customers of accounts that may be trusted now, or no longer. If `careful`, a customer
    whose row is refused is left out: it is no one's.
    """
    rows = _locked(conn, {*evidence, *touched, *elsewhere}, careful=careful)
    before = {
        customer: (row.since(), links.encode(row.claims) if row.claims else "")
        for customer, row in rows.items()
    }
    registers = {
        customer: claims for customer in rows.keys() & {*elsewhere} if (claims := rows[customer].claims)
    }
    again = rows.keys() & {*touched}
    for customer, new in evidence.items():
        row = rows.get(customer)
        if row is None:
            continue
        if row.is_new:
            registers[customer] = claiming.settled(new)
        elif row.claims is None or not claiming.extended(row.claims, new):
            registers.pop(customer, None)
            again.add(customer)
        else:
            registers[customer] = row.claims
    if again:
        speakers = {user for customer in again for user in rows[customer].named}
        speakers |= {
            claim.user for customer in again if customer in evidence for claim in evidence[customer].claims
        }
        bounds = {**store.checkpoints(conn), **reached}
        registers |= read_again(conn, again, speakers, bounds, live_only=live_only)
        store.forget_customers(conn, sorted(again - registers.keys()))
    return _written(conn, rows, before, registers, careful=careful)


def read_again(
    conn: AnyConnection,
    customers: Collection[str],
    speakers: Collection[str],
    bounds: Mapping[int, int],
    *,
    live_only: bool,
) -> dict[str, links.Claims]:
    """Everything the log says of these customers, up to the bounds; none for one it says nothing of.

    `speakers` are users in whose streams an operator may have spoken of them.
    """
    found = log.claims_of(conn, {*customers, *speakers}, bounds, live_only=live_only)
    evidence = {c: said for c, said in evidence_in(found).items() if c in customers}
    for customer, at in log.first_events(conn, customers, bounds, live_only=live_only).items():
        known = evidence.get(customer) or Evidence(at, [], [])
        evidence[customer] = known._replace(first_at=min(known.first_at, at))
    return {customer: claiming.settled(said) for customer, said in evidence.items()}


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
    store.forget_customers(conn, refused)
    return refused


def _log_refusal(customer: str, problem: Exception) -> None:
    logger.error("projector.customer_refused", customer_id=customer, error=type(problem).__name__)
