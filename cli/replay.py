"""`tenure replay`: rebuild the tables from the log, or compare a rebuild with them."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict

import click
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from cli.errors import DifferenceFound as Differs
from cli.output import console, emit_json, emit_table, json_option
from cli.parameters import FILLED_TEXT
from cli.user_argument import user_id_of
from database.pool import connect
from projections.replay import Comparison, Options, compare, rebuild_user, replay, roll_back
from projections.replay.tables import REBUILT
from queries.pluralize import counted
from service.wiring import command_settings, server

_SHOWN = 50  # differences printed for people; --json lists all that were kept


@click.command("replay")
@click.option("--check", is_flag=True, help="Rebuild into other tables and compare; exit 1 if they differ.")
@click.option("--diff", is_flag=True, help="Like --check, and list users whose access would change.")
@click.option("--rollback", is_flag=True, help="Swap back to the tables from before the last replay.")
@click.option("--table", type=click.Choice(REBUILT), metavar="TABLE", help="Compare only this table.")
@click.option("--user", "identifier", type=FILLED_TEXT, metavar="ID_OR_EMAIL", help="Compare only this user.")
@click.option("--workers", type=click.IntRange(1, 64), help="Number of processes; default: one per core.")
@json_option
def run(
    *,
    check: bool,
    diff: bool,
    rollback: bool,
    table: str | None,
    identifier: str | None,
    workers: int | None,
    as_json: bool,
) -> None:
    """Rebuild every projected table from the log and swap them in. Endpoints keep answering."""
    if check + diff + rollback > 1:
        raise click.UsageError("--check, --diff and --rollback exclude each other.")
    if table is not None and not (check or diff):
        raise click.UsageError("--table requires --check or --diff: a replay swaps all tables together.")
    settings = command_settings()
    options = Options(
        work_dir=settings.data_dir / "replay",
        workers=workers or os.cpu_count() or 1,
    )
    with server(settings, locks=True) as conninfo:
        user_id = None if identifier is None else _user_id(conninfo, identifier)
        if check or diff:
            _compare(conninfo, options, table, user_id, access=diff, as_json=as_json)
        elif rollback:
            _roll_back(conninfo, as_json=as_json)
        elif user_id is not None:
            rebuild_user(conninfo, user_id)
            _emit({"user_id": user_id}, f"folded {user_id} again", as_json=as_json)
        else:
            _replay(conninfo, options, as_json=as_json)


def _user_id(conninfo: str, identifier: str) -> str:
    with closing(connect(conninfo, application_name="tenure-replay", autocommit=True)) as conn:
        return user_id_of(conn, identifier)


def _replay(conninfo: str, options: Options, *, as_json: bool) -> None:
    with _progress_bars() as observer:
        done = replay(conninfo, options=options, observer=observer)
    rows = sum(done.rows.values())
    text = (
        f"{counted(done.events, 'event')} replayed into {counted(rows, 'row')} "
        f"in {done.duration_ms / 1000:.1f} s, digest {done.digest[:16]}; undo: tenure replay --rollback"
    )
    _emit(asdict(done), text, as_json=as_json)


def _roll_back(conninfo: str, *, as_json: bool) -> None:
    with closing(connect(conninfo, application_name="tenure-replay", autocommit=True)) as conn:
        tables = roll_back(conn)
    changed = counted(len(tables), "table")
    text = f"{changed} swapped with the previous ones; --rollback again swaps them back"
    _emit({"tables": tables}, text, as_json=as_json)


def _compare(
    conninfo: str,
    options: Options,
    table: str | None,
    user_id: str | None,
    *,
    access: bool,
    as_json: bool,
) -> None:
    with _progress_bars() as observer:
        comparison = compare(conninfo, options=options, observer=observer, table=table, user_id=user_id)
    if as_json:
        emit_json(asdict(comparison) | {"equal": comparison.equal})
    else:
        _print(comparison, access=access)
    if not comparison.equal:
        users = counted(len({difference.user_id for difference in comparison.differences}), "user")
        cells = len(comparison.differences) + comparison.more
        raise Differs(counted(cells, f"column of {users} differs", f"columns of {users} differ"))


def _print(comparison: Comparison, *, access: bool) -> None:
    out = console()
    if comparison.equal:
        events = sum(comparison.heads)
        out.print(f"no difference over {counted(events, 'event')}, in {comparison.duration_ms / 1000:.1f} s")
        return
    shown = [asdict(difference) for difference in comparison.differences[:_SHOWN]]
    emit_table(shown, ("user_id", "table", "column", "live", "rebuilt"), empty="")
    hidden = len(comparison.differences) + comparison.more - len(shown)
    if hidden:
        out.print(f"and {hidden} more; --json lists the first {len(comparison.differences)}")
    if access:
        changes = [asdict(difference) for difference in comparison.access]
        emit_table(changes, ("user_id", "change", "live", "rebuilt"), empty="no user's access changes")


def _emit(value: dict[str, object], text: str, *, as_json: bool) -> None:
    if as_json:
        emit_json(value)
    else:
        console().print(text, markup=False)


class _Rate(ProgressColumn):
    """Units done per second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


class _Bars:
    """One bar per stage on stderr."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._total = 0

    def stage(self, name: str, total: int) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=self._total)
        self._total = total
        self._task = self._progress.add_task(name, total=total)

    def advance(self, done: int) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=done)

    def notice(self, text: str) -> None:
        self._progress.console.print(text, markup=False)


@contextmanager
def _progress_bars() -> Iterator[_Bars]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        yield _Bars(progress)
