"""The projection's own tables: locking who a batch is about, and writing what the fold gives."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import Raw
from psycopg import Connection
from psycopg.rows import tuple_row

from events.clock import from_micros
from events.identifiers import derived_id
from events.statements import statement
from projections import links
from projections.catalog import Catalog
from projections.rows import Row, as_json
from projections.state import Folded, Poison, decode, encode

AnyConnection = Connection[Any]  # Any: whatever row factory the caller uses


def claim_parts(conn: AnyConnection, parts: int, avoided: Collection[int] = ()) -> dict[int, int]:
    """Part to position of parts that lag, locked: another projector takes others."""
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
    """A locked row of customer_links. `claims` are None where nothing is known, or only in another
    release's form; `named` are the users whom anything ever named."""

    user_id: str | None
    claims: links.Claims | None
    named: tuple[str, ...]
    is_new: bool

    def since(self) -> int | None:
        """Since when the user owns it; microseconds."""
        owner = self.claims.owner() if self.claims and self.user_id is not None else None
        return owner.at if owner else None


class Linked(NamedTuple):
    """What is known of a customer, and its owner: one whom nobody trusts has none whatever is claimed."""

    claims: links.Claims
    user_id: str | None


def lock_customers(conn: AnyConnection, customers: Iterable[str]) -> dict[str, CustomerRow]:
    """Each customer's row, locked; one is made for a customer not met before."""
    wanted = sorted(set(customers))
    if not wanted:
        return {}
    _do(conn, "meet_customers", customers=wanted)
    rows = _all(conn, "lock_customers", customers=wanted)
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
        "created_at": from_micros(claims.first_at),
        "updated_at": from_micros(claims.last_at()),
    }


def hold_all_parts(conn: AnyConnection) -> None:
    """Waits for the batches that run, and lets none begin before this transaction ends."""
    _do(conn, "hold_all_parts")


def customers_claimed_by(conn: AnyConnection, users: Iterable[str]) -> set[str]:
    """Customers that anything ever said were one of these users'."""
    return {row[0] for row in _all(conn, "customers_claimed_by", users=sorted(users))}


def customers_elsewhere(conn: AnyConnection) -> set[str]:
    """Customers of connected accounts."""
    return {row[0] for row in _all(conn, "customers_elsewhere")}


def forget_customers(conn: AnyConnection, customers: list[str]) -> None:
    if customers:
        _do(conn, "forget_customers", customers=customers)


def customers_of(conn: AnyConnection, users: Iterable[str]) -> dict[str, dict[str, int]]:
    """User to {customer: linked since}, microseconds."""
    wanted = sorted(set(users))
    found: dict[str, dict[str, int]] = {user: {} for user in wanted}
    for customer, user, claims in _all(conn, "customers_of", users=wanted) if wanted else ():
        known = links.decode(claims)
        owner = known.owner() if known else None
        found[user][customer] = owner.at if owner else 0
    return found


def lock_states(conn: AnyConnection, users: Iterable[str]) -> dict[str, tuple[Folded | None, str]]:
    """User to (fold, digest of the catalog its rows were written under), each locked."""
    wanted = set(users)
    held: dict[str, tuple[Folded | None, str]] = {}
    while missing := sorted(wanted - held.keys()):
        # Twice only for one whom another batch forgot while we waited for the lock.
        _do(conn, "meet_users", users=missing)
        for user, state, digest in _all(conn, "lock_states", users=missing):
            held[user] = (None if state is None else decode(state), digest)
    return held


def write_states(
    conn: AnyConnection, states: Mapping[str, tuple[Folded, bytes]], catalog_digest: str
) -> None:
    """Each user's fold and the digest of their rows."""
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


def forget_users(conn: AnyConnection, users: list[str]) -> None:
    if users:
        _do(conn, "forget_users", users=users)


def write_rows(conn: AnyConnection, rows: Mapping[str, list[Row]]) -> None:
    """Rows by table, `users` first, since the others refer to it."""
    for table, changed in rows.items():
        if changed:
            _do(conn, f"write_{table}", rows=as_json(changed).decode())


def write_quarantine(conn: AnyConnection, stopped: Mapping[str, Poison], healed: list[str]) -> None:
    rows = [quarantine_row(user, poison) for user, poison in stopped.items()]
    if rows:
        _do(conn, "write_quarantine", rows=as_json(rows).decode())
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
    """(digest, JSON) of the catalog as folded so far."""
    rows = _all(conn, "read_catalog")
    return (rows[0][0], rows[0][1]) if rows else None


def write_catalog(conn: AnyConnection, catalog: Catalog) -> None:
    """The catalog and subscription_plans, which shows it."""
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


def _all(conn: AnyConnection, name: str, **asked: object) -> list[tuple[Any, ...]]:
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(statement("projections", name), asked).fetchall()


def _do(conn: AnyConnection, name: str, **asked: object) -> None:
    conn.execute(statement("projections", name), asked)
