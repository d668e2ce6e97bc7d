"""Import an archived log: check all of it, then insert the missing rows in one transaction."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from psycopg import errors, sql

from archive.errors import ArchiveDiffers, ArchiveRefused
from archive.format import Cells, Damaged, Reader, reading
from archive.tables import LOG, as_text, columns_of, copy_into, key_of, names, rows_of
from archive.validate_log import LogCheck, LogCounts
from archive.writer import refuse_blind
from database.pool import Connection, connect
from events.routing import PARTS
from events.statements import statement

OnProgress = Callable[[str, int], None]
# The column that an erasure may clear, by table.
ERASABLE = {"event_conflicts": "event_data", "unreadable_deliveries": "body"}


def import_log(
    conninfo: str, path: Path, *, dry_run: bool = False, on_progress: OnProgress = lambda _what, _done: None
) -> LogCounts:
    """Counts of the archive's events and of those present before; ids, positions, times, salts and
    digests are those of the archive. All of it or nothing is imported; `dry_run` only checks.

    Raises: Damaged, ArchiveDiffers, ArchiveRefused.
    """
    with closing(connect(conninfo, application_name="tenure-import")) as conn:
        refuse_blind(conn)
        here = _locked_heads(conn)
        checked = _check(conninfo, conn, path, here, on_progress)
        if dry_run:
            return checked
        try:
            _insert_missing(conn, path, here, checked, on_progress)
        except errors.UniqueViolation:
            raise ArchiveDiffers(
                "an event or a row with a key of the archive exists already; nothing was changed"
            ) from None
        conn.commit()
    return checked


def check_log(path: Path, *, on_progress: OnProgress = lambda _what, _done: None) -> LogCounts:
    """Check an archive for an empty database. Raises: Damaged."""
    with reading(path, on_progress=lambda done: on_progress("checking", done)) as archive:
        return _checked(archive, {}, iter(()))


def _locked_heads(conn: Connection) -> dict[int, int]:
    """Part to head, each locked, in the order that every transaction uses."""
    query = statement("archive", "hold_head")
    return {part: head for part in range(PARTS) for (head,) in conn.execute(query, {"part": part})}


def _check(
    conninfo: str, conn: Connection, path: Path, here: dict[int, int], on_progress: OnProgress
) -> LogCounts:
    with (
        reading(path, on_progress=lambda done: on_progress("checking", done)) as archive,
        closing(connect(conninfo, application_name="tenure-import")) as other,
    ):
        _refuse_other_form(conn, archive)
        rows = rows_of(other, "events", archive.columns["events"]) if any(here.values()) else iter(())
        return _checked(archive, here, rows)


def _checked(archive: Reader, here: dict[int, int], rows_here: Iterator[Cells]) -> LogCounts:
    if "events" not in archive.columns or "part_heads" not in archive.columns:
        raise ArchiveRefused(f"{archive.path} contains no log")
    check = LogCheck(archive, here, rows_here)
    try:
        for table, cells in archive.rows():
            check.take(table, cells)
    except ValueError as problem:
        raise Damaged(archive.path, f"it has an invalid value ({problem})") from None
    return check.finish()


def _refuse_other_form(conn: Connection, archive: Reader) -> None:
    for table in LOG:
        if archive.columns.get(table) != columns_of(conn, table):
            raise ArchiveDiffers(
                f"{table} has other columns here than in {archive.path}; "
                "migrate both databases to the same release first: tenure migrate up"
            )


def _insert_missing(
    conn: Connection, path: Path, here: dict[int, int], checked: LogCounts, on_progress: OnProgress
) -> None:
    as_text(conn)
    _erase(conn, checked)
    with reading(path, on_progress=lambda done: on_progress("importing", done)) as archive:
        for table, rows in by_table(archive):
            if table == "part_heads":
                for _ in rows:
                    pass
            elif table == "events":
                at = [archive.columns[table].index(name) for name in ("part", "position")]
                fresh = (row for row in rows if _is_new(row, at, here))
                put_rows(conn, table, archive.columns[table], fresh)
            else:
                _merge(conn, archive, table, rows)
    for part, head in checked.heads.items():
        values = {"part": part, "head": head, "recorded_at": checked.recorded_at[part]}
        conn.execute(statement("archive", "set_head"), values)


def by_table(archive: Reader) -> Iterator[tuple[str, Iterator[Cells]]]:
    """The rows table by table, in the order of the file."""
    rows = archive.rows()
    waiting: list[tuple[str, list[str | None]]] = []

    def of(table: str) -> Iterator[Cells]:
        while True:
            one = waiting.pop() if waiting else next(rows, None)
            if one is None:
                return
            if one[0] != table:
                waiting.append(one)
                return
            yield one[1]

    while True:
        first = waiting.pop() if waiting else next(rows, None)
        if first is None:
            return
        waiting.append(first)
        yield first[0], of(first[0])


def _is_new(row: Cells, at: list[int], here: dict[int, int]) -> bool:
    part, position = (int(row[index] or 0) for index in at)
    return position > here.get(part, 0)


def put_rows(conn: Connection, table: str, columns: Sequence[str], rows: Iterable[Cells]) -> None:
    """Insert rows of text into a table."""
    with conn.cursor().copy(copy_into(table, columns)) as copy:
        for row in rows:
            copy.write_row(row)


def _merge(conn: Connection, archive: Reader, table: str, rows: Iterator[Cells]) -> None:
    """Insert missing rows; present ones must be equal, except for data erased since."""
    beside = sql.Identifier(f"archived_{table}")
    there, columns = sql.Identifier(table), archive.columns[table]
    conn.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
            beside, names(columns), there
        )
    )
    put_rows(conn, f"archived_{table}", columns, rows)
    same_key = _equal(key_of(conn, table))
    if table in ERASABLE:
        _carry_erasures(conn, table, same_key)
    differing = sql.SQL("SELECT EXISTS (SELECT FROM {} a JOIN {} t ON {} WHERE to_jsonb(a) <> to_jsonb(t))")
    row = conn.execute(differing.format(beside, there, same_key)).fetchone()
    if row is not None and row[0]:
        raise ArchiveDiffers(
            f"{table} here and in {archive.path} have different rows with the same key; nothing was changed"
        )
    add = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} a WHERE NOT EXISTS (SELECT FROM {} t WHERE {})")
    conn.execute(add.format(there, names(columns), names(columns), beside, there, same_key))


def _carry_erasures(conn: Connection, table: str, same_key: sql.Composed) -> None:
    gone = sql.Identifier(ERASABLE[table])
    keys = key_of(conn, table)
    rows = conn.execute(
        sql.SQL("SELECT {} FROM {} a JOIN {} t ON {} WHERE a.{} IS NULL AND t.{} IS NOT NULL").format(
            sql.SQL(", ").join(sql.Identifier("t", key) for key in keys),
            sql.Identifier(f"archived_{table}"),
            sql.Identifier(table),
            same_key,
            gone,
            gone,
        )
    ).fetchall()
    update = sql.SQL("UPDATE {} SET {} = NULL WHERE ({}) = ({})").format(
        sql.Identifier(table), gone, names(keys), sql.SQL(", ").join(sql.Placeholder() * len(keys))
    )
    if rows:
        conn.execute("SET LOCAL ROLE tenure_eraser")
        for row in rows:
            conn.execute(update, row)
        conn.execute("RESET ROLE")


def _equal(keys: list[str]) -> sql.Composed:
    pairs = [sql.SQL("a.{0} = t.{0}").format(sql.Identifier(key)) for key in keys]
    return sql.SQL(" AND ").join(pairs)


def _erase(conn: Connection, checked: LogCounts) -> None:
    """Only the eraser's role may clear a payload; the owner is a member of it."""
    if not checked.erased_since:
        return
    parts, positions = zip(*checked.erased_since, strict=True)
    conn.execute("SET LOCAL ROLE tenure_eraser")
    conn.execute(statement("archive", "erase_event"), {"parts": list(parts), "positions": list(positions)})
    conn.execute("RESET ROLE")
