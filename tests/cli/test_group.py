"""The command's manners: quick, one line of error, exit codes."""

import re
import subprocess
import sys

import click
import psycopg
import pytest
from click.testing import CliRunner

from cli import main
from cli.errors import DifferenceFound, Failure, one_line
from cli.lazy_group import CommandEntry, TenureGroup, debugging
from database.errors import DatabaseUnavailable


@pytest.fixture
def failing() -> TenureGroup:
    """A `tenure` whose only command raises what the test puts in."""

    @click.group(cls=TenureGroup, name="tenure")
    @click.option("--debug", is_flag=True, expose_value=False)
    def top() -> None:
        pass

    top.entries = {"boom": CommandEntry("tests.cli.test_group:boom", "Fails.")}
    return top


raised: list[BaseException] = []


@click.command()
@click.argument("words", nargs=-1)
def boom(words: tuple[str, ...]) -> None:
    """Raises what the test wants."""
    if raised:
        raise raised.pop()
    click.echo(" ".join(words))


@click.command()
def ask() -> None:
    """Says whether it was given."""
    click.echo(debugging())


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Failure("two\nlines"), 1),
        (DifferenceFound("3 users differ"), 1),
        (click.UsageError("bad"), 2),
        (ValueError("x\ny"), 1),
        (psycopg.OperationalError("server closed\nDETAIL: ada@example.org"), 1),
        (DatabaseUnavailable("db/tenure", "refused"), 1),
        (KeyboardInterrupt(), 1),
    ],
)
def test_error_is_one_line_on_stderr_and_an_exit_code(
    failing: TenureGroup, error: BaseException, code: int
) -> None:
    raised.append(error)

    result = CliRunner().invoke(failing, ["boom"])

    assert result.exit_code == code
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.stderr
    assert "ada@" not in result.stderr


@pytest.mark.parametrize("args", [["--debug", "boom"], ["boom", "--debug"]])
@pytest.mark.parametrize("error", [ValueError("x"), Failure("x"), DatabaseUnavailable("db/tenure", "x")])
def test_debug_shows_the_traceback_wherever_it_stands(
    failing: TenureGroup, error: Exception, args: list[str]
) -> None:
    raised.append(error)

    result = CliRunner().invoke(failing, args)

    assert result.exit_code == 1
    assert "raise raised.pop()" in result.stderr
    assert result.stderr.splitlines()[-1] == one_line(error)


def test_debug_shows_what_a_failure_was_made_of(failing: TenureGroup) -> None:
    try:
        try:
            raise KeyError("inmost")
        except KeyError:
            raise Failure("told in one line") from None
    except Failure as failure:
        raised.append(failure)

    assert "KeyError: 'inmost'" in CliRunner().invoke(failing, ["boom", "--debug"]).stderr


def test_debug_of_wrong_usage_is_one_line(failing: TenureGroup) -> None:
    raised.append(click.UsageError("bad"))

    assert len(CliRunner().invoke(failing, ["boom", "--debug"]).stderr.splitlines()) == 1


def test_debug_is_known_inside_a_command(failing: TenureGroup) -> None:
    failing.entries = {"ask": CommandEntry("tests.cli.test_group:ask", "Says.")}

    outputs = [CliRunner().invoke(failing, args).stdout for args in (["ask"], ["ask", "--debug"])]

    assert outputs == ["False\n", "True\n"]


def test_debug_behind_two_dashes_is_an_argument(failing: TenureGroup) -> None:
    result = CliRunner().invoke(failing, ["boom", "--", "--debug"])

    assert result.stdout == "--debug\n"


def test_unknown_command_and_option_exit_two() -> None:
    for args in (["frobnicate"], ["--frobnicate"], ["user", "show"], ["user", "frobnicate"]):
        result = CliRunner().invoke(main, args)

        assert result.exit_code == 2, args
        assert len(result.stderr.strip().splitlines()) == 1


def test_our_own_errors_speak_for_themselves() -> None:
    assert one_line(DatabaseUnavailable("db/tenure", "refused")).startswith("tenure: cannot reach")
    assert one_line(KeyError("x")).startswith("tenure: unexpected KeyError")
    assert "migrate up" in one_line(psycopg.errors.UndefinedTable('relation "users" does not exist'))


def test_every_entry_leads_to_a_command_whose_help_works() -> None:
    for name in main.entries:
        result = CliRunner().invoke(main, [name, "--help"])

        assert result.exit_code == 0, name
        assert re.match(r"Usage: \S+ ", result.stdout)


def test_help_is_there_at_once() -> None:
    """Under 0.4 s on an idle machine, since nothing heavy is imported for it."""
    code = (
        "import sys\nfrom cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    for heavy in ("psycopg", "flask", "rich", "structlog", "pydantic", "gunicorn"):
        assert f"'{heavy}'" not in done.stderr


def test_an_argument_that_is_no_utf_8_reaches_the_command_as_storable_text(failing: TenureGroup) -> None:
    """The interpreter hands over such bytes as lone surrogates, which no database takes."""
    result = CliRunner().invoke(failing, ["boom", "a\udcff", r"\u0000"])

    assert (result.exit_code, result.output) == (0, "a\ufffd \\u0000\n")


def test_a_suggested_command_ends_with_its_question_mark() -> None:
    result = CliRunner().invoke(main, ["user", "shwo"])

    assert result.exit_code == 2
    assert "'show'? Try 'tenure user --help'." in result.output
