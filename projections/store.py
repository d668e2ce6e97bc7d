"""The projection's own tables: locking the users of a batch, and writing the fold's rows."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from msgspec import Raw
from psycopg.rows import tuple_row

from events.clock import from_micros, instant, micros
from events.identifiers import derived_id
from events.statements import AnyConnection, statement
from projections import links
from projections.catalog import Catalog
from projections.code_version import projector_version
from projections.errors import StateUnreadable
from projections.rows import Row, as_json
from projections.snapshots import Pending
from projections.state import Folded, Poison, State, decode_state, encode, read_stored
from projections.upserts import upsert

logger = structlog.get_logger(__name__)


def claim_parts(conn: AnyConnection, parts: int, avoided: Collection[int] = ()) -> dict[int, int]:
    """Part to position of parts that lag, locked; another projector skips locked parts."""
    return {row[0]: row[1] for row in _all(conn, "claim_parts", parts=parts, avoided=list(avoided))}


def checkpoints(conn: AnyConnection) -> dict[int, int]:
    """Part to position projected."""
    return dict(_all(conn, "read_checkpoints"))


def write_checkpoints(conn: AnyConnection, positions: Mapping[int, int], version: str) -> None:
    _do(
        conn,
        "write_checkpoints",
        parts=list(positions),
        positions=list(positions.values()),
        version=version,
    )


class CustomerRow(NamedTuple):
    """A locked row of customer_links. `claims` is None when there are none, or only in another release's
    form; `named` are all users ever named."""

    user_id: str | None
    claims: links.Claims | None
    named: tuple[str, ...]
    is_new: bool

    def since(self) -> int | None:
        """Since when the user owns it; microseconds."""
        owner = self.claims.owner() if self.claims and self.user_id is not None else None
        return owner.at if owner else None


class Linked(NamedTuple):
    """A customer's claims and owner; a customer of an untrusted account has no owner despite its claims."""

    claims: links.Claims
    user_id: str | None


def lock_customers(conn: AnyConnection, customers: Iterable[str]) -> dict[str, CustomerRow]:
    """Each customer's row, locked; created for a new customer."""
    distinct = sorted(set(customers))
    if not distinct:
        return {}
    _do(conn, "meet_customers", customers=distinct)
    rows = _all(conn, "lock_customers", customers=distinct)
    return {row[0]: CustomerRow(row[1], links.decode(row[2]), tuple(row[3]), row[2] is None) for row in rows}


def write_links(conn: AnyConnection, changed: Mapping[str, Linked]) -> None:
    rows = [link_row(customer, linked) for customer, linked in changed.items()]
    if rows:
        _do(conn, "write_links", rows=as_json(rows).decode())


def link_row(customer: str, linked: Linked) -> Row:
    """The row of customer_links."""
    claims = linked.claims
    return {
        "customer_id": customer,
        "user_id": linked.user_id,
        "claims": claims,
        "claimed_by": claims.users(),
        "owner_left": linked.user_id is None and claims.owner_has_left(),
        "created_at": from_micros(claims.first_at),
        "updated_at": from_micros(claims.last_at()),
    }


def lock_all_parts(conn: AnyConnection) -> None:
    """Wait for running batches, and let none begin before this transaction ends."""
    _do(conn, "lock_all_parts")


def share_links(conn: AnyConnection) -> None:
    """Wait for transactions that delete users; see `relinking`."""
    _do(conn, "share_links")


def hold_links(conn: AnyConnection) -> None:
    """Wait for transactions that lock customers; see `relinking`."""
    _do(conn, "hold_links")


def customers_claimed_by(conn: AnyConnection, users: Iterable[str]) -> set[str]:
    """Customers ever claimed for one of these users."""
    return {row[0] for row in _all(conn, "customers_claimed_by", users=sorted(users))}


def customers_elsewhere(conn: AnyConnection) -> set[str]:
    """Customers of connected accounts."""
    return {row[0] for row in _all(conn, "customers_elsewhere")}


def delete_customers(conn: AnyConnection, customers: list[str]) -> None:
    if customers:
        _do(conn, "delete_customers", customers=customers)


def customers_of(conn: AnyConnection, users: Iterable[str]) -> dict[str, dict[str, int]]:
    """User to {customer: linked since}, microseconds."""
    distinct = sorted(set(users))
    linked: dict[str, dict[str, int]] = {user: {} for user in distinct}
    for customer, user, claims in _all(conn, "customers_of", users=distinct) if distinct else ():
        register = links.decode(claims)
        owner = register.owner() if register else None
        linked[user][customer] = owner.at if owner else 0
    return linked


class Locked(NamedTuple):
    """A user's stored fold, the digest of the catalog their rows were written under, and the pending
    refold."""

    folded: Folded | None
    catalog_digest: str
    pending: Pending | None


def lock_states(conn: AnyConnection, users: Iterable[str]) -> dict[str, Locked]:
    """User to their fold, each locked."""
    distinct = set(users)
    locked: dict[str, Locked] = {}
    while missing := sorted(distinct - locked.keys()):
        # A second round only for a user whom another batch deleted while this one waited for the lock.
        _do(conn, "meet_users", users=missing)
        for user, state, digest, after, until in _all(conn, "lock_states", users=missing):
            pending = None if after is None else Pending(after, until)
            locked[user] = Locked(None if state is None else _decoded(user, state), digest, pending)
    return locked


def _decoded(user: str, state: str) -> Folded | None:
    """None for a state that this release can't read: the user is folded again from the log."""
    try:
        return read_stored(user, state)
    except StateUnreadable:
        logger.warning("projector.state_unreadable", user_id=user)
        return None


def write_states(
    conn: AnyConnection, states: Mapping[str, tuple[Folded, bytes]], catalog_digest: str
) -> None:
    """Write each user's fold and the digest of their rows."""
    rows = [
        {"user_id": user, "state": Raw(encode(folded)), "row_digest": "\\x" + digest.hex()}
        for user, (folded, digest) in states.items()
    ]
    if rows:
        _do(
            conn,
            "write_states",
            users=list(states),
            states=as_json(rows).decode(),
            catalog_digest=catalog_digest,
            added=sum(int.from_bytes(digest) for _, digest in states.values()),
        )


Kept = tuple[str, int, bytes]  # user, instant in microseconds, state


def nearest_snapshots(conn: AnyConnection, instants: Mapping[str, int]) -> dict[str, tuple[int, State]]:
    """User to (instant, state) of their last fold snapshot up to the given instant."""
    rows = _all(
        conn,
        "nearest_snapshots",
        users=list(instants),
        instants=[instant(at) for at in instants.values()],
        version=projector_version(),
    )
    return {user: (micros(at), decode_state(state)) for user, at, state in rows}


def equal_snapshots(conn: AnyConnection, states: list[Kept]) -> dict[str, int]:
    """User to the first instant at which the given state equals the stored one."""
    equal: dict[str, int] = {}
    if states:
        for user, at in _all(conn, "equal_snapshots", **_columns(states), version=projector_version()):
            equal[user] = min(micros(at), equal.get(user, micros(at)))
    return equal


def write_snapshots(conn: AnyConnection, states: list[Kept]) -> None:
    if states:
        _do(conn, "write_snapshots", **_columns(states), version=projector_version())


def _columns(states: list[Kept]) -> dict[str, list[Any]]:
    users, instants, encoded = zip(*states, strict=True)
    return {"users": list(users), "instants": [instant(at) for at in instants], "states": list(encoded)}


def delete_snapshots(conn: AnyConnection, ranges: Mapping[str, tuple[int, int]]) -> None:
    """Delete the snapshots of each user from one instant to another."""
    _do(
        conn,
        "delete_snapshots",
        users=list(ranges),
        since=[instant(since) for since, _ in ranges.values()],
        until=[instant(until) for _, until in ranges.values()],
    )


def write_refolds(
    conn: AnyConnection, pending: Mapping[str, Pending | None], anew: Collection[str] = ()
) -> None:
    """Write the pending refolds; users in `anew` wait from now on, others keep their waiting time."""
    if pending:
        _do(
            conn,
            "write_refolds",
            users=list(pending),
            after=[due and due.after for due in pending.values()],
            until=[due and due.until for due in pending.values()],
            anew=[user in anew for user in pending],
        )


def claim_refolds(conn: AnyConnection, limit: int) -> dict[str, datetime]:
    """Users with a pending refold, locked, and since when they wait."""
    return dict(_all(conn, "claim_refolds", limit=limit))


def delete_users(conn: AnyConnection, users: list[str]) -> None:
    if users:
        _do(conn, "delete_users", users=users)


def write_rows(conn: AnyConnection, rows: Mapping[str, list[Row]]) -> None:
    """Write rows by table, `users` first, since the others refer to it."""
    for table, changed in rows.items():
        if changed:
            conn.execute(upsert(table, changed), {"rows": as_json(changed).decode()})


def write_quarantine(conn: AnyConnection, stopped: Mapping[str, Poison], healed: list[str]) -> None:
    rows = [quarantine_row(user, poison) for user, poison in stopped.items()]
    write_rows(conn, {"quarantine": rows})
    if healed:
        _do(conn, "leave_quarantine", users=healed)


def quarantine_row(user: str, poison: Poison) -> Row:
    """The row of quarantine."""
    return {
        "user_id": user,
        "part": poison.part,
        "position": poison.position,
        "event_id": poison.id,
        "event_type": poison.type,
        "occurred_at": from_micros(poison.at),
        "field": poison.field,
        "reason": poison.reason,
    }


def read_catalog(conn: AnyConnection) -> tuple[str, str] | None:
    """(digest, JSON) of the projected catalog."""
    rows = _all(conn, "read_catalog")
    return (rows[0][0], rows[0][1]) if rows else None


def write_catalog(conn: AnyConnection, catalog: Catalog) -> None:
    """Write the catalog, and subscription_plans, which shows it."""
    _do(conn, "write_catalog", digest=catalog.digest(), catalog=as_json(catalog).decode())
    rows = [
        {
            "id": str(derived_id("subscription_plans", plan.plan_key)),
            "plan_key": plan.plan_key,
            "plan_name": plan.plan_name,
            "campaigns_limit": plan.campaigns_limit,
            "creators_limit": plan.creators_limit,
            "features": plan.features,
            "price_monthly": plan.price_monthly,
            "price_yearly": plan.price_yearly,
            "currency": plan.currency,
            "stripe_price_id_monthly": plan.stripe_price_id_monthly,
            "stripe_price_id_yearly": plan.stripe_price_id_yearly,
            "is_active": plan.is_active,
            "display_order": plan.display_order,
            "created_at": from_micros(plan.published_at),
            "updated_at": from_micros(plan.changed_at),
        }
        for plan in catalog.plans.values()
    ]
    write_rows(conn, {"subscription_plans": rows})


def outdated_users(conn: AnyConnection, catalog_digest: str, limit: int) -> list[str]:
    """Users whose rows were written under another catalog."""
    return [row[0] for row in _all(conn, "outdated_users", digest=catalog_digest, limit=limit)]


def _all(conn: AnyConnection, name: str, **parameters: object) -> list[tuple[Any, ...]]:
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(statement("projections", name), parameters).fetchall()


def _do(conn: AnyConnection, name: str, **parameters: object) -> None:
    conn.execute(statement("projections", name), parameters)
