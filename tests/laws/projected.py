"""A database that examples share: events in, tables out, each example under names of its own."""

import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import count

import psycopg
from psycopg.rows import dict_row

from events.envelope import NewEvent
from events.statements import AnyConnection
from projections.links import Claims, decode, encode
from projections.projector import Projector
from projections.rows import Row
from projections.runner import Runner
from tests.projections.model import claims_of, links_of, tables_of

Tables = dict[str, dict[str, Row]]
Links = dict[str, tuple[str | None, str]]

TABLES = ("users", "user_subscriptions", "user_billing", "user_usage", "user_system_data")

_IDS = re.compile(r"\b(?:cus|user)_[A-Za-z0-9]{12,}\b")
_marks = count(1)


@contextmanager
def session(conninfo: str) -> Iterator[AnyConnection]:
    """A session with the service's rights, as the projector has."""
    with closing(psycopg.connect(conninfo, autocommit=True, options="-c role=tenure_app")) as conn:
        yield conn


def runner(conninfo: str, *, parts: int = 16, batch_events: int = 2000) -> Runner:
    """A live projector that folds live mode only."""

    def connect() -> AnyConnection:
        return psycopg.connect(conninfo, autocommit=True, options="-c role=tenure_app")

    return Runner(connect, parts=parts, batch_events=batch_events)


def of_other_people(history: Iterable[NewEvent]) -> tuple[list[NewEvent], str]:
    """The same history with ids nobody else has, and the mark they carry."""
    mark = f"m{next(_marks)}"

    def marked(text: str) -> str:
        return _IDS.sub(rf"\g<0>{mark}", text)

    events = [
        replace(
            event,
            idempotency_key=f"{marked(event.idempotency_key)}~{mark}",
            route_key=marked(event.route_key),
            aggregate_id=marked(event.aggregate_id),
            payload=marked(event.payload),
        )
        for event in history
    ]
    return events, mark


def tables_in(conn: AnyConnection, users: Iterable[str]) -> Tables:
    """User to table to row, as they stand in the database."""
    tables: Tables = {}
    for table in TABLES:
        name = "r.user_id" if table == "users" else "(SELECT user_id FROM users WHERE id = r.user_id)"
        with conn.cursor(row_factory=dict_row) as cursor:
            query = f"SELECT {name} AS owner, r.* FROM {table} r WHERE {name} = ANY (%s)"
            for row in cursor.execute(query.encode(), [list(users)]):
                owner = row.pop("owner")
                tables.setdefault(owner, {})[table] = {
                    column: str(cell) if column in ("id", "user_id") else cell for column, cell in row.items()
                }
    return tables


def links_in(conn: AnyConnection, mark: str) -> Links:
    """Customer to (user, claims) of one example."""
    rows = conn.execute(
        "SELECT customer_id, user_id, claims FROM customer_links WHERE customer_id LIKE %s", [f"%{mark}"]
    ).fetchall()
    return {row[0]: (row[1], encode(decode(row[2]) or Claims(0))) for row in rows}


def links_of_events(history: Iterable[NewEvent]) -> Links:
    """What `links_in` is to find."""
    events = list(history)
    owners = {customer: user for user, owned in links_of(events).items() for customer in owned}
    return {
        customer: (owners.get(customer), encode(claims)) for customer, claims in claims_of(events).items()
    }


def refold(conn: AnyConnection, users: Iterable[str]) -> None:
    """Fold these users' whole histories anew, from the log alone."""
    with conn.transaction():
        Projector().retry(conn, users)


def assert_projected(conninfo: str, history: list[NewEvent], mark: str) -> None:
    """Tables and links are those of the plain law; so they are after a refold."""
    live = [event for event in history if event.livemode]
    expected = tables_of(live)
    with session(conninfo) as conn:
        assert tables_in(conn, expected) == expected
        assert links_in(conn, mark) == links_of_events(live)
        stray = conn.execute(
            "SELECT user_id FROM projection_states WHERE user_id LIKE %s AND user_id <> ALL (%s)",
            [f"%{mark}", list(expected)],
        ).fetchall()
        assert stray == []
        refold(conn, expected)
        assert tables_in(conn, expected) == expected
