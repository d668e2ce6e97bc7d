"""Bars on stderr for long work, and nothing where nobody looks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from cli.output import console

Advance = Callable[[int], None]
AdvanceStage = Callable[[str, int], None]


@contextmanager
def bar(what: str, total: int | None) -> Iterator[Advance]:
    """Call the answer with how many are done in all."""
    with _progress(MofNCompleteColumn()) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def stages(total_bytes: int) -> Iterator[AdvanceStage]:
    """A bar for each stage; call the answer with the stage and how many bytes of the file are done."""
    with _progress(DownloadColumn()) as progress:
        tasks: dict[str, TaskID] = {}

        def advance(what: str, done: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total_bytes)
            progress.update(tasks[what], completed=done)

        yield advance


def _progress(figure: MofNCompleteColumn | DownloadColumn) -> Progress:
    out = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), figure, TimeElapsedColumn())
    return Progress(*columns, console=out, disable=not out.is_terminal, transient=True)
