"""Deployment files name what exists: commands, settings, folders."""

import configparser
import re
from pathlib import Path
from typing import Any

import yaml

from cli import main
from settings import Settings

DEPLOY = Path(__file__).parent.parent / "deploy"


def commands(words: list[str]) -> None:
    """`tenure WORD …` is a command, and its options are its own."""
    assert words[0].endswith("tenure")
    command: Any = main.get_command(None, words[1])  # type: ignore[arg-type]  # the table needs no context
    assert command is not None, words
    if len(words) > 2 and not words[2].startswith("-"):
        command = command.commands[words[2]]
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_compose_runs_commands_that_exist() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]

    for name in ("migrate", "web", "work"):
        commands(services[name]["command"])
    assert services["web"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["postgres"]["healthcheck"]["test"][1] == "pg_isready"


def test_systemd_units_run_commands_that_exist_and_stop_in_time() -> None:
    for unit in sorted((DEPLOY / "systemd").glob("*.service")):
        config = configparser.RawConfigParser(strict=False, interpolation=None)
        config.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys keep their case
        config.read(unit)
        commands(config["Service"]["ExecStart"].split())
        assert config["Service"]["NoNewPrivileges"] == "yes"
        assert config["Service"]["ProtectSystem"] == "strict"
        if config["Service"]["Type"] == "exec":
            assert int(config["Service"]["TimeoutStopSec"]) > 10


def test_the_target_names_units_that_exist() -> None:
    match = re.search(r"Wants=(.*)", (DEPLOY / "systemd/tenure.target").read_text())

    assert match is not None
    assert all((DEPLOY / "systemd" / name).exists() for name in match[1].split())


def test_procfile_runs_commands_that_exist() -> None:
    for line in (DEPLOY / "Procfile").read_text().splitlines():
        commands(line.partition(": ")[2].replace("$PORT", "8000").split())


def test_the_image_sets_settings_that_exist_and_copies_what_is_there() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    aliases = {str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()}

    for name in re.findall(r"\b(TENURE_\w+|LOG_\w+)=", text):
        assert name in aliases
    assert "constraints.txt" in text
    assert (DEPLOY.parent / "constraints.txt").exists()
    assert "USER tenure" in text


def test_the_image_leaves_secrets_and_data_behind() -> None:
    ignored = (DEPLOY.parent / ".dockerignore").read_text().split()

    assert {".env", ".tenure", ".git", ".venv"} <= set(ignored)
