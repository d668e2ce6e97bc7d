"""Progress bars on stderr for long work; nothing without a terminal."""

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
    """A bar; call the yielded function with the number done so far."""
    with _progress(MofNCompleteColumn()) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def stages(total_bytes: int) -> Iterator[AdvanceStage]:
    """A bar per stage; call the yielded function with the stage and the bytes of the file done so far."""
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
