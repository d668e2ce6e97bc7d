"""An empty text is wrong usage: exit 2, and nothing is done."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from cli import main
from cli.parameters import FILLED_TEXT

TEXTS = frozenset({"reason", "identifier", "text", "name", "user"})


def texts(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Parameter]]:
    """Every parameter that a person fills with text."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if inner := command.get_command(context, name):
                yield from texts(inner, (*path, name))
    else:
        for parameter in command.params:
            if parameter.name in TEXTS and isinstance(
                parameter.type, click.types.StringParamType | type(FILLED_TEXT)
            ):
                yield " ".join((*path, str(parameter.name))), parameter


@pytest.mark.parametrize(("where", "parameter"), texts(main), ids=str)
def test_each_text_refuses_to_be_empty(where: str, parameter: click.Parameter) -> None:
    assert parameter.type is FILLED_TEXT, where


@pytest.mark.parametrize(
    "words",
    [
        ["find", " "],
        ["user", "why", ""],
        ["tokens", "create", "auditor", "--name", ""],
        ["privacy", "erase", "", "--reason", "asked"],
    ],
)
def test_an_empty_text_is_wrong_usage(words: list[str]) -> None:
    result = CliRunner().invoke(main, words)

    assert result.exit_code == 2
    assert "expected some text, found none" in result.stderr
