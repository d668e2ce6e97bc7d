"""Compare the tables of two schemas in key order: rows that differ, and in which columns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from psycopg import sql

from events.identifiers import derived_id
from projections import aggregates
from projections.code_version import projector_version
from projections.replay.statements import Connection, rows
from projections.replay.tables import PER_USER, REBUILT, UNCOMPARED

Scope = Mapping[str, tuple[str, list[str]]]

MAX_KEPT = 10_000
NULL = rb"\N"
ROW = "(row)"


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """One column of one row; for a row that only one side has, `column` is "(row)".

    `user_id` is the Clerk id, or the row's key when the row belongs to no user.
    """

    table: str
    user_id: str
    column: str
    live: str | None
    rebuilt: str | None


@dataclass(frozen=True, slots=True)
class Side:
    """The connection and schema of one side's rows."""

    conn: Connection
    schema: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """The columns that a comparison reads of a table; the key precedes them as text."""

    table: str
    key: list[str]
    columns: list[str]
    only: tuple[str, list[str]] | None


def compare_tables(
    live: Side, rebuilt: Side, *, table: str | None = None, scope: Scope | None = None
) -> Iterator[ValueDifference]:
    """Every difference, table by table; memory does not grow with the tables.

    `scope` names, for each table to look at, a column and the values of it to look at.
    """
    for name in scope or REBUILT:
        if table not in (None, name):
            continue
        shape = _shape(live, name, scope)
        for key, one, other in _unequal(_lines(live, shape), _lines(rebuilt, shape)):
            yield from _differences(shape, key, one, other)


def with_user_ids(differences: list[ValueDifference], live: Side, rebuilt: Side) -> list[ValueDifference]:
    """The same with Clerk ids instead of the users' row ids."""
    row_ids = sorted({difference.user_id for difference in differences if difference.table in BY_ROW_ID})
    names: dict[str, str] = {}
    for side in (rebuilt, live):
        query = sql.SQL("SELECT id::text, user_id FROM {} WHERE id = ANY (%s::uuid[])").format(
            sql.Identifier(side.schema, "users")
        )
        names |= dict(side.conn.execute(query, [row_ids]).fetchall()) if row_ids else {}
    return [
        ValueDifference(
            difference.table,
            names.get(difference.user_id, difference.user_id),
            difference.column,
            difference.live,
            difference.rebuilt,
        )
        for difference in differences
    ]


def scope_of(user_id: str, customers: list[str]) -> Scope:
    """The rows of one user."""
    row_id = [str(derived_id("users", user_id))]
    about = dict.fromkeys(PER_USER, ("user_id", row_id))
    by_name = {table: ("user_id", [user_id]) for table in ("users", *BY_USER_ID)}
    work = dict.fromkeys(aggregates.TABLES, ("user_id", [user_id]))
    return about | by_name | work | {"customer_links": ("customer_id", customers)}


def _shape(live: Side, table: str, scope: Scope | None) -> _Shape:
    parameters = {"schema": live.schema, "table": table}
    key = [column for (column,) in rows(live.conn, "replay_key", **parameters)]
    passed_over = UNCOMPARED.get(table, frozenset())
    every = rows(live.conn, "replay_columns", schema=live.schema, tables=[table])
    columns = [column for _, column, _ in every if column not in passed_over]
    return _Shape(table, key, columns, scope[table] if scope else None)


def _lines(side: Side, shape: _Shape) -> Iterator[tuple[bytes, bytes]]:
    """(key, whole line) of each row in the order of its key's bytes."""
    key = sql.SQL("concat_ws(',', {})").format(sql.SQL(", ").join(map(sql.Identifier, shape.key)))
    query = sql.SQL('COPY (SELECT ({}) COLLATE "C", {} FROM {} WHERE {} ORDER BY 1) TO STDOUT').format(
        key,
        sql.SQL(", ").join(map(sql.Identifier, shape.columns)),
        sql.Identifier(side.schema, shape.table),
        _condition(shape),
    )
    with side.conn.cursor() as cursor, cursor.copy(query) as copy:
        for chunk in copy:
            line = bytes(chunk)
            yield _plain(line[: line.index(b"\t")]), line


def _condition(shape: _Shape) -> sql.Composable:
    if shape.only is None:
        return sql.SQL("true")
    column, values = shape.only
    return sql.SQL("{}::text = ANY ({})").format(sql.Identifier(column), sql.Literal(values))


def _unequal(
    live: Iterator[tuple[bytes, bytes]], rebuilt: Iterator[tuple[bytes, bytes]]
) -> Iterator[tuple[bytes, bytes | None, bytes | None]]:
    """(key, live line, rebuilt line) wherever they are not the same; a missing row is None."""
    one, other = next(live, None), next(rebuilt, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            assert one is not None
            yield one[0], one[1], None
            one = next(live, None)
        elif one is None or other[0] < one[0]:
            yield other[0], None, other[1]
            other = next(rebuilt, None)
        else:
            if one[1] != other[1]:
                yield one[0], one[1], other[1]
            one, other = next(live, None), next(rebuilt, None)


def _differences(
    shape: _Shape, key: bytes, live: bytes | None, rebuilt: bytes | None
) -> Iterator[ValueDifference]:
    now, then = _cells(shape, live), _cells(shape, rebuilt)
    if shape.table == SNAPSHOTS and now.get("projector_version") != projector_version():
        return  # a snapshot that is missing or of another version costs only time
    owner = (now or then).get(OWNER.get(shape.table, "")) or key.decode()
    if not now or not then:
        yield ValueDifference(shape.table, owner, ROW, "there" if now else None, "there" if then else None)
        return
    for column in shape.columns:
        one, other = now[column], then[column]
        if one != other:
            yield ValueDifference(shape.table, owner, column, one, other)


def _cells(shape: _Shape, line: bytes | None) -> Mapping[str, str | None]:
    if line is None:
        return {}
    cells = line.rstrip(b"\n").split(b"\t")[1:]
    values = [None if cell == NULL else _plain(cell).decode() for cell in cells]
    return dict(zip(shape.columns, values, strict=True))


def _plain(cell: bytes) -> bytes:
    """A cell without COPY's escapes."""
    if b"\\" not in cell:
        return cell
    parts = cell.split(rb"\\")
    for escaped, plain in ((rb"\t", b"\t"), (rb"\n", b"\n"), (rb"\r", b"\r"), *_RARE):
        parts = [part.replace(escaped, plain) for part in parts]
    return b"\\".join(parts)


_RARE = ((rb"\b", b"\b"), (rb"\f", b"\f"), (rb"\v", b"\v"))
BY_ROW_ID = frozenset(PER_USER) - {"users"}
BY_USER_ID = ("projection_states", "fold_snapshots", "quarantine")
SNAPSHOTS = "fold_snapshots"
OWNER = {"users": "user_id", **dict.fromkeys((*BY_ROW_ID, *aggregates.TABLES, SNAPSHOTS), "user_id")}
