"""`tenure config check`: the exit code says whether a setting is ignored because its name is misspelt."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(*options: str) -> Result:
    return CliRunner().invoke(main, ["config", "check", *options])


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize(
    ("name", "meant"),
    [("STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SECRETS"), ("DATABASE_ULR", "DATABASE_URL")],
)
def test_a_misspelt_name_is_a_failure_that_gives_the_right_one(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str, options: tuple[str, ...]
) -> None:
    monkeypatch.setenv(name, "x")

    result = check(*options)

    assert result.exit_code == 1
    assert f"{name} instead of {meant}" in result.stderr


def test_a_name_that_resembles_no_setting_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_DEVICE", "x")

    assert check().exit_code == 0
