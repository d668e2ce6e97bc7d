"""`tenure config`: check settings, and get and set values of the running service."""

from dataclasses import asdict, replace

import click
from rich.markup import escape
from rich.table import Table

from cli import config_values
from cli.errors import Failure
from cli.output import console, emit_json, json_option
from service.local_secrets import WEBHOOK_SECRETS, has_dev_secrets
from settings import SettingRow, Settings, describe, load, unread_names


@click.group()
def config() -> None:
    """Check settings; get and set run-time values."""


config.add_command(config_values.get)
config.add_command(config_values.set_)
config.add_command(config_values.list_all)


@config.command()
@json_option
def check(*, as_json: bool) -> None:
    """Check every setting. Each is listed with its purpose and what does not work while it is missing.

    Exit 1 if a name is set that Tenure does not read but that resembles a setting's.
    """
    rows, unread = _rows(load()), unread_names()
    misspelt = [f"{name} instead of {meant}" for name, meant in unread.items() if meant]
    if as_json:
        emit_json({"settings": [asdict(row) for row in rows], "unread": unread})
    else:
        out = console()
        out.print(_table(rows))
        for name, meant in unread.items():
            hint = f"; did you mean {meant}?" if meant else ""
            out.print(f"[yellow]{escape(name)} is set, but Tenure reads no such setting{hint}[/yellow]")
    if misspelt:
        raise Failure(f"misspelt settings are ignored: {', '.join(misspelt)}; rename them")


def _rows(settings: Settings) -> list[SettingRow]:
    """The settings; beside a demo, missing webhook secrets with what the demo uses instead."""
    rows = describe(settings)
    if not has_dev_secrets(settings.data_dir):
        return rows
    return [
        replace(row, missing=f"tenure run --demo uses a generated secret; without --demo, {row.missing}")
        if row.missing and row.name in WEBHOOK_SECRETS
        else row
        for row in rows
    ]


def _table(rows: list[SettingRow]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("setting", "value", "for", "while it is missing"):
        table.add_column(column, overflow="fold")
    for row in rows:
        value = escape(row.value) if row.is_set else f"[dim]{escape(row.value) or '–'}[/dim]"
        missing = f"[yellow]{escape(row.missing)}[/yellow]" if row.missing else ""
        table.add_row(row.name, value, escape(row.why), missing)
    return table
