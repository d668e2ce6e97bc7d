"""No text from outside does anything to the terminal it is shown on."""

import io
import json
import sys
import unicodedata

import pytest
import structlog
from click.testing import CliRunner

from cli import main
from cli.output import Console, console, emit_json, emit_pairs, emit_table
from cli.terminal import echo, echo_exactly
from service import logging_setup
from service.escapes import printable, visible, visible_json
from tests.installation import Tenure

TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
HOSTILE = [
    char
    for char in map(chr, range(sys.maxunicode + 1))
    if (unicodedata.category(char) in {"Cc", "Zl", "Zp", "Cs"} and char not in "\n\t")
    or unicodedata.bidirectional(char) in TURNING
    or char in "\u200e\u200f\u061c\ufeff"
]
ATTACK = "\x1b]0;title\x07\x9b2J\u202egnp\x7f\r\x08"


def is_harmless(text: str) -> bool:
    return not set(text) & set(HOSTILE)


def test_every_control_and_turning_character_is_shown_as_its_escape() -> None:
    shown = visible("a" + "".join(HOSTILE) + "z\n\tü 漢 👩\u200d💻")

    assert is_harmless(shown)
    assert shown.startswith("a\\x00\\x01")
    assert shown.endswith("z\n\tü 漢 👩\u200d💻")


def test_one_line_stays_one_line() -> None:
    assert printable("a\nb\x1b\u202e") == "a\\nb\\x1b\\u202e"


def test_json_keeps_its_meaning() -> None:
    value = {
        ATTACK: ["".join(char for char in HOSTILE if char > "\x7f" and not "\ud800" <= char <= "\udfff")]
    }

    shown = visible_json(json.dumps(value, ensure_ascii=False))

    assert is_harmless(shown)
    assert json.loads(shown) == value


@pytest.mark.parametrize("command", [["user", "show"], ["events", "show"], ["events", "list", "--user"], []])
def test_an_echoed_argument_is_escaped(tenure: Tenure, command: list[str]) -> None:
    result = tenure(*command, f"x{ATTACK}")

    assert result.exit_code != 0 or command == ["events", "list", "--user"]
    assert is_harmless(result.output)


def test_an_unknown_option_is_escaped() -> None:
    result = CliRunner().invoke(main, ["status", f"--{ATTACK}"])

    assert result.exit_code == 2
    assert is_harmless(result.output)
    assert "\\x1b" in result.output


def test_values_in_tables_and_pairs_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    emit_table([{ATTACK: 1, "name": ATTACK}], [ATTACK, "name"], empty="")
    emit_pairs(ATTACK, {"name": ATTACK})
    emit_json({"name": ATTACK})
    console().print(ATTACK, markup=False)
    echo(ATTACK)

    shown = capsys.readouterr().out
    assert is_harmless(shown)
    assert shown.count("\\x1b") + shown.count("\\u001b") == 7


def test_a_consoles_own_colours_pass() -> None:
    out = io.StringIO()

    Console(file=out, force_terminal=True, color_system="standard", highlight=False).print(
        "[red]a\x1b[31mb[/red]"
    )

    assert out.getvalue() == "\x1b[31ma\\x1b[31mb\x1b[0m\n"


def test_a_file_gets_the_exact_text_and_a_terminal_does_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    echo_exactly(ATTACK)
    to_file = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    echo_exactly(ATTACK.encode())
    to_terminal = capsys.readouterr().out

    assert to_file == f"{ATTACK}\n"
    assert is_harmless(to_terminal)


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_log_line_is_harmless(form: str) -> None:
    out = io.StringIO()
    logging_setup.configure(level="INFO", form=form, stream=out)
    try:
        structlog.get_logger("test").info(f"event {ATTACK}", value=ATTACK, nested={"a": [ATTACK]})
    finally:
        logging_setup.configure(level="INFO", form="console")

    assert is_harmless(out.getvalue())
