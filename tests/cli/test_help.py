"""Help texts: each command's line begins with an imperative verb and is whole at 80 columns."""

from collections.abc import Iterator

import click
import pytest

from cli import main

COLUMNS = 80
VERBS = frozenset(
    """
    Adopt Append Apply Cancel Check Count Create Distribute Erase Explain Export Extend End Find Fold Grant
    Import Inspect Link List Manage Measure Prepare Preview Print Prove Publish Rebuild Remove Restore
    Resume Retry Revoke Roll Run Send Set Show Start Stop Subscribe Unlink Verify Write
    """.split()  # noqa: SIM905
)


def commands(group: click.Group, path: str = "tenure") -> Iterator[tuple[str, click.Command, int]]:
    """Each command below the group, with its path and the width of its line in the listing."""
    context = click.Context(group)
    names = group.list_commands(context)
    width = COLUMNS - 6 - max(map(len, names))
    for name in names:
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command, width
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


COMMANDS = list(commands(main))


@pytest.mark.parametrize(("command", "width"), [pytest.param(c, w, id=path) for path, c, w in COMMANDS])
def test_the_line_of_a_command_is_an_order_and_whole(command: click.Command, width: int) -> None:
    line = command.get_short_help_str(width)

    assert line.split(maxsplit=1)[0].rstrip(",") in VERBS
    assert not line.endswith("...")


@pytest.mark.parametrize("path", [path for path, _, _ in COMMANDS if path.count(" ") == 1])
def test_the_listing_at_the_top_is_whole(path: str) -> None:
    entry = main.entries[path.split()[1]]

    assert entry.help.split(maxsplit=1)[0].rstrip(",") in VERBS
    assert len(entry.help) <= COLUMNS - 4 - max(map(len, main.entries)) - 2


@pytest.mark.parametrize(("path", "command"), [(path, c) for path, c, _ in COMMANDS])
def test_an_option_is_described_by_an_order_or_a_noun(path: str, command: click.Command) -> None:
    """Not by a sentence whose actor is missing."""
    helps = [option.help for option in command.params if isinstance(option, click.Option) and option.help]

    assert not [text for text in helps if text.split(maxsplit=1)[0] in ("As", "Kept", "Why", "Shown", "Not")]
