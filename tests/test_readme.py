"""The README shows what a new user sees."""

import re
from pathlib import Path

from queries.profile import GROUPS

README = (Path(__file__).parent.parent / "README.md").read_text()
COMMAND = re.compile(r"^ {4}tenure ", re.MULTILINE)


def test_readme_is_read_in_one_sitting() -> None:
    assert len(README.splitlines()) <= 120


def test_the_path_to_the_command_comes_before_the_first_command() -> None:
    first = COMMAND.search(README)

    assert first is not None
    assert 0 < README.find('export PATH="$PWD/.venv/bin:$PATH"') < first.start()


def test_commands_name_no_user_of_their_own() -> None:
    assert re.findall(r"^ {4}tenure .*@.*", README, re.MULTILINE) == []


def test_the_sample_begins_with_the_columns_that_are_printed() -> None:
    block = README.partition("\n    user\n")[2].partition("      …")[0]
    columns = [line.split()[0] for line in block.splitlines() if line.strip()]

    assert columns == list(GROUPS["users"][: len(columns)])
    assert len(columns) >= 3
