"""Logs to seal and verify: events on chosen routes, a key, and whoever may edit behind the triggers."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import psycopg

from database.pool import Connection, connect
from events.append import append
from events.envelope import Appended, NewEvent
from events.routing import part_of
from events.seals.keys import SigningKey, VerifierKey, parse_signing_keys
from handlers.sealer import Sealer
from queries.findings import VerificationReport
from queries.seals import StoredCheckpoint
from queries.verify import Connect, verify

NOW = datetime(2026, 3, 3, 9, 26, tzinfo=UTC)
SEED = "n1oU5Bvj4Xy3dVn6T0mZr7wq2kK4aYFhQeXcJ8sBt9M="
OLD_SEED = "mJ2uPz0cVbXoQe9fLr5tYw8hKd3sGa6iTn1jRv4xCk0="

_numbers = count(1)


@contextmanager
def lent(conninfo: str) -> Iterator[Connection]:
    """A connection of its own as the service has it; commits at the end."""
    with closing(connect(conninfo, application_name="test", statement_timeout_s=60)) as conn:
        conn.execute("SET ROLE tenure_app")
        conn.commit()
        yield conn
        conn.commit()


def lending(conninfo: str) -> Connect:
    """`lent` as the sealer and the verifier take it; goes to other processes."""
    return partial(lent, conninfo)


def keys_of(origin: str, seed: str = SEED) -> tuple[SigningKey, ...]:
    return parse_signing_keys(seed, name=origin)


def sealer(conninfo: str, *, minute: int = 0, seed: str = SEED, batch: int = 10_000) -> Sealer:
    return Sealer(
        lending(conninfo),
        keys_of=partial(keys_of, seed=seed),
        clock=lambda: NOW + timedelta(minutes=minute),
        batch=batch,
    )


def sealed(conninfo: str, minute: int = 0, *, seed: str = SEED) -> StoredCheckpoint:
    """Seal all there is and sign."""
    checkpoint = sealer(conninfo, minute=minute, seed=seed).run()
    assert checkpoint is not None
    return checkpoint


def trusted_in(conninfo: str, seed: str = SEED) -> list[VerifierKey]:
    """The public keys of the seed under the log's name."""
    with lent(conninfo) as conn:
        row = conn.execute("SELECT origin FROM log_origin").fetchone()
    return [key.verifier for key in keys_of(row[0] if row else "none", seed)]


def verified(
    conninfo: str, *, seed: str = SEED, **options: Any
) -> VerificationReport:  # Any: as verify takes it
    return verify(lending(conninfo), trusted=trusted_in(conninfo, seed), **options)


def append_event(conn: psycopg.Connection[Any], route: str, **fields: Any) -> Appended:  # Any: as NewEvent
    """One event on a route."""
    number = next(_numbers)
    usual: dict[str, Any] = {  # Any: as NewEvent
        "source_system": "stripe",
        "idempotency_key": f"evt_{number}",
        "route_key": route,
        "aggregate_type": "stripe_customer",
        "aggregate_id": route,
        "event_type": "stripe.customer.updated",
        "payload": f'{{"id":"evt_{number}","note":"ünïcode \\u0000 ✓"}}',
        "occurred_at": NOW + timedelta(seconds=number),
        "metadata": {"api_version": "2026-01-01"},
    }
    return append(conn, NewEvent(**usual | fields))


def route_in(part: int, *, other: int = 0) -> str:
    """A customer whose events live in that part."""
    names = (f"cus_{number}" for number in count())
    matching = (name for name in names if part_of(name) == part)
    for _ in range(other):
        next(matching)
    return next(matching)


def fill(conninfo: str, parts: dict[int, int]) -> None:
    """So many events in each of some parts."""
    with lent(conninfo) as conn:
        for part, events in parts.items():
            for _ in range(events):
                append_event(conn, route_in(part))


@contextmanager
def superuser(conninfo: str) -> Iterator[Connection]:
    """Somebody who owns the tables and switches their triggers off."""
    with closing(connect(conninfo, application_name="mallory")) as conn:
        for table in ("events", "part_heads", "log_nodes", "log_checkpoints"):
            conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
        yield conn
        for table in ("events", "part_heads", "log_nodes", "log_checkpoints"):
            conn.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL".encode())
        conn.commit()
