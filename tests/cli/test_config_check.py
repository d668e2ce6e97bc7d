"""`tenure config check`: the exit code says whether a setting is ignored because its name is misspelt."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main
from service.local_secrets import WEBHOOK_SECRETS, dev_secrets


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


def test_beside_a_demo_a_missing_webhook_secret_is_no_503(tmp_path: Path) -> None:
    alone = {row["name"]: row["missing"] for row in json.loads(check("--json").stdout)["settings"]}
    dev_secrets(tmp_path / ".tenure")

    beside = {row["name"]: row["missing"] for row in json.loads(check("--json").stdout)["settings"]}

    changed = [name for name in alone if alone[name] != beside[name]]
    assert changed == list(WEBHOOK_SECRETS)
    assert alone[changed[0]] == "POST /webhooks/stripe answers 503"
    assert beside[changed[0]].startswith("tenure run --demo uses a generated secret; without --demo, POST")
