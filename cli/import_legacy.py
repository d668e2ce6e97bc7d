"""`tenure import legacy`: import the platform's old user tables as the first event of each user."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import click
import psycopg
from psycopg import sql

from cli.caller import person
from cli.errors import DifferenceFound, Failure
from cli.output import console, emit_json, emit_pairs, emit_table, json_option
from cli.progress import bar
from database.pool import Connection, connect
from events.clock import utc_now
from providers.imports.legacy import LegacyImport, Unusable, import_rows, legacy_event, not_taken
from service.decision_clocks import decision_now
from service.wiring import command_settings, session

BATCH = 500
FIVE = ("user_subscriptions", "user_billing", "user_usage", "user_system_data")


@click.command()
@click.argument("source_url", metavar="SOURCE_URL")
@click.option("--schema", default="public", show_default=True, help="Schema of the old tables.")
@click.option("--dry-run", is_flag=True, help="Read and check every row, and append nothing.")
@json_option
def legacy(*, source_url: str, schema: str, dry_run: bool, as_json: bool) -> None:
    """Import old user tables, one event per user.

    SOURCE_URL has either `user_profiles` or the five tables.

    It fills only what no other event sets, so the order of imports makes no difference, and a second
    run appends nothing. SOURCE_URL is only read. Exit 1 if a row could not be imported.
    """
    settings = command_settings()
    summary = LegacyImport()
    with reading(source_url, schema) as source:
        passed_over = not_taken(source.columns)
        with bar("importing", source.count()) as advance, session(settings) as conn:
            for batch in source.batches():
                if dry_run:
                    _check(batch, summary)
                else:
                    import_rows(
                        conn, batch, summary, now=decision_now(conn), actor=person().name, source=source.name
                    )
                    conn.commit()
                advance(summary.rows)
    _print_summary(summary, passed_over, source.name, dry_run=dry_run, as_json=as_json)


class Source:
    """The old tables, read in one read-only transaction."""

    def __init__(self, conn: Connection, schema: str) -> None:
        self._conn = conn
        self._schema = schema
        self._tables = self._present()
        if "part_heads" in self._tables:
            raise Failure(
                f"schema {schema} contains Tenure's own tables; name that of the old ones with --schema "
                "(tenure migrate baseline --set-aside moves them)"
            )
        self.main = "users" if "users" in self._tables else "user_profiles"
        if self.main not in self._tables:
            raise Failure(f"schema {schema} has neither users nor user_profiles; name another with --schema")
        self.beside = [name for name in FIVE if self.main == "users" and name in self._tables]
        self.name = f"{schema}.{self.main}"
        self.columns = self._columns()

    def count(self) -> int:
        row = self._conn.execute(sql.SQL("SELECT count(*) FROM {}").format(self._at(self.main))).fetchone()
        return int(row[0]) if row else 0

    def batches(self) -> Iterator[list[dict[str, object]]]:
        """Rows with the columns of all tables by name; `updated_at` is the latest of them."""
        joins = [
            sql.SQL("LEFT JOIN {} t{} ON t{}.user_id = m.id").format(
                self._at(name), sql.SQL(str(number)), sql.SQL(str(number))
            )
            for number, name in enumerate(self.beside)
        ]
        chosen = [sql.SQL("to_jsonb(m)"), *(sql.SQL(f"to_jsonb(t{n})") for n in range(len(self.beside)))]
        query = sql.SQL("SELECT {} FROM {} m {} ORDER BY m.id").format(
            sql.SQL(", ").join(chosen), self._at(self.main), sql.SQL(" ").join(joins)
        )
        with self._conn.cursor(name="legacy") as cursor:
            cursor.execute(query)
            while rows := cursor.fetchmany(BATCH):
                yield [_flat(row) for row in rows]

    def _at(self, table: str) -> sql.Identifier:
        return sql.Identifier(self._schema, table)

    def _present(self) -> set[str]:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = %s"
        return {name for (name,) in self._conn.execute(query, [self._schema]).fetchall()}

    def _columns(self) -> list[str]:
        query = (
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = %s AND table_name = ANY (%s)"
        )
        return [name for (name,) in self._conn.execute(query, [self._schema, [self.main, *self.beside]])]


@contextmanager
def reading(source_url: str, schema: str) -> Iterator[Source]:
    """The old tables. Raises: DatabaseUnavailable, Failure."""
    with closing(connect(source_url, application_name="tenure-import-legacy")) as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            yield Source(conn, schema)
        except psycopg.errors.InsufficientPrivilege as problem:
            raise Failure(f"the old tables can't be read: {str(problem).splitlines()[0]}") from None
        except psycopg.errors.UndefinedColumn as problem:
            raise Failure(
                f"the old tables are not those of the seed: {str(problem).splitlines()[0]}"
            ) from None


def _flat(row: tuple[dict[str, object] | None, ...]) -> dict[str, object]:
    main = dict(row[0] or {})
    for other in row[1:]:
        for name, value in (other or {}).items():
            if name in ("id", "user_id", "created_at"):
                continue
            if name == "updated_at":
                main[name] = max(str(main.get(name) or ""), str(value or "")) or None
            else:
                main.setdefault(name, value)
    return main


def _check(batch: list[dict[str, object]], summary: LegacyImport) -> None:
    for row in batch:
        summary.rows += 1
        try:
            legacy_event(row, now=utc_now(), actor="", source="")
        except Unusable as problem:
            summary.refuse(str(row.get("user_id") or f"row {summary.rows}"), str(problem))


def _print_summary(
    summary: LegacyImport, passed_over: list[str], name: str, *, dry_run: bool, as_json: bool
) -> None:
    counts: dict[str, object] = {
        "source": name,
        "users": summary.rows,
        "appended": summary.appended,
        "known_already": summary.duplicates,
        "changed_since": len(summary.changed),
        "refused": len(summary.refused) + summary.refused_more,
        "columns_not_taken": passed_over,
    }
    if as_json:
        emit_json(counts | {"refusals": [{"user": user, "why": why} for user, why in summary.refused]})
    else:
        emit_pairs("checked, nothing appended" if dry_run else "imported", counts)
        if summary.refused:
            emit_table(
                ({"user": user, "why": why} for user, why in summary.refused), ("user", "why"), empty=""
            )
        if summary.changed:
            shown = ", ".join(summary.changed[:5])
            console().print(f"imported before with other content, which is kept: {shown}", markup=False)
    if summary.refused:
        raise DifferenceFound(
            f"{counts['refused']} rows could not be imported; correct them and import again"
        )
