"""Refusals by PostgreSQL or a rule: which errors one owner's data causes, and where its history stops.

A lost connection, a lock, a full disk or a missing right does not depend on the data: such an error is
retried and quarantines no user.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import psycopg
from msgspec.structs import replace

from events.statements import AnyConnection
from projections.facts import Fact, FactProblem
from projections.fold import canonical, refold
from projections.state import Folded

T = TypeVar("T")

# The field of a FactProblem that marks an event after which the user's rows could not be stored.
ROW = "(row)"

# SQLSTATE classes that depend on the values of a row: cardinality, data, integrity, routines and
# triggers, check option, program limit (an index entry too long, JSON nested too deep), PL/pgSQL raise.
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
ROW_CLASSES = frozenset({"21", "22", "23", "38", "39", "44", "54", "P0"})


def is_refusal(problem: BaseException) -> bool:
    """True if the values of one owner caused the error, so that all other owners can go on."""
    if isinstance(problem, psycopg.DataError) and problem.sqlstate is None:
        return True  # psycopg itself can't encode a value
    if isinstance(problem, psycopg.Error):
        return problem.sqlstate is not None and problem.sqlstate[:2] in ROW_CLASSES
    return isinstance(problem, Exception) and not isinstance(problem, OSError | MemoryError)


def reason_of(problem: BaseException) -> str:
    """The kind of the error and the constraint, never a value: live projector and replay give one text."""
    name = type(problem).__name__
    constraint = problem.diag.constraint_name if isinstance(problem, psycopg.Error) else None
    where = f" ({constraint})" if constraint else ""
    return f"the user's rows can't be stored after this event: {name}{where}"


def is_stopped_by_row(folded: Folded) -> bool:
    """True if the history stops at rows that could not be stored; a later event may fix that."""
    poison = folded.settled.poison
    if poison is not None:
        return poison.field == ROW
    return any(fact.problem is not None and fact.problem.field == ROW for fact in folded.tail)


def check_constraints(conn: AnyConnection) -> None:
    """Check deferred constraints now, so that a savepoint fails rather than the commit."""
    conn.execute(b"SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def write_halving(
    conn: AnyConnection,
    items: Sequence[T],
    write: Callable[[Sequence[T]], None],
    refuse: Callable[[T, Exception], None],
) -> None:
    """Write all items; bisect on refusal and call `refuse` for each refused item."""
    if not items:
        return
    try:
        with conn.transaction():
            write(items)
            check_constraints(conn)
        return
    except Exception as problem:
        if not is_refusal(problem):
            raise
        refused = problem
    if len(items) == 1:
        refuse(items[0], refused)
        return
    middle = len(items) // 2
    write_halving(conn, items[:middle], write, refuse)
    write_halving(conn, items[middle:], write, refuse)


def is_storable(conn: AnyConnection, write: Callable[[], None]) -> bool:
    """True if `write` is accepted; it is undone."""
    try:
        with conn.transaction(force_rollback=True):
            write()
            check_constraints(conn)
    except Exception as problem:
        if not is_refusal(problem):
            raise
        return False
    return True


def longest_storable(count: int, storable: Callable[[int], bool]) -> int | None:
    """A storable length below `count`, by bisection, such that one more is not storable.

    The whole was refused. None when not even the empty beginning can be stored.
    """
    if count == 0 or not storable(0):
        return None
    accepted, refused = 0, count
    while refused - accepted > 1:
        middle = (accepted + refused) // 2
        if storable(middle):
            accepted = middle
        else:
            refused = middle
    return accepted


def stop_before_refusal(
    user_id: str,
    links: dict[str, int],
    facts: Iterable[Fact],
    storable: Callable[[Folded], bool],
    reason: str,
) -> Folded | None:
    """The longest storable beginning of the history, stopped at the event after it.

    The whole history was refused. None when not even its beginning can be stored.
    """
    history = canonical(user_id, links, facts)

    def stopped(at: int) -> Folded:
        stop = replace(history[at], body=None, before=None, problem=FactProblem(ROW, reason))
        return refold(user_id, links, [*history[:at], stop, *history[at + 1 :]])

    length = longest_storable(len(history), lambda at: storable(stopped(at)))
    return None if length is None else stopped(length)
