"""`tenure config get|set|list`: values that can be changed while the service runs."""

from dataclasses import asdict
from typing import Any

import click

from cli.caller import person
from cli.errors import Failure
from cli.output import console, emit_json, emit_table, json_option
from cli.parameters import FILLED_TEXT
from cli.terminal import echo_exactly
from handlers.configuration import ConfigurationEntry, entries, set_value
from handlers.configuration_keys import VALUE_TYPES, ConfigurationRefused, ValueType, known_key, value_text
from service.decision_clocks import decision_now
from service.wiring import command_settings, session

_COLUMNS = ("setting", "value", "set", "allowed", "for")


class Name(click.ParamType[tuple[str, str]]):
    """`category.key`."""

    name = "category.key"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        category, dot, key = str(value).partition(".")
        if not (category and dot and key):
            self.fail(f"expected category.key, such as trial.duration_days; found {value!r}.", param, ctx)
        return category, key


NAME = Name()


@click.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List every key, its value and what is allowed."""
    with session(command_settings()) as conn:
        rows = entries(conn)
    if as_json:
        emit_json([asdict(entry) for entry in rows])
    else:
        emit_table([_row(entry) for entry in rows], _COLUMNS, empty="nothing is configured")


@click.command("get")
@click.argument("name", type=NAME)
@json_option
def get(*, name: tuple[str, str], as_json: bool) -> None:
    """Print one value, or its default if it is not set."""
    with session(command_settings()) as conn:
        entry = {(row.category, row.key): row for row in entries(conn)}.get(name)
    if entry is None:
        try:
            known_key(*name)
        except ConfigurationRefused as refused:
            raise Failure(str(refused)) from None
        raise Failure(f"{'.'.join(name)} was never set; tenure config list shows every key")
    if as_json:
        emit_json(asdict(entry))
    else:
        echo_exactly(value_text(entry.value, entry.value_type))


@click.command("set")
@click.argument("name", type=NAME)
@click.argument("value")
@click.option(
    "--type", "value_type", type=click.Choice(VALUE_TYPES), help="Type of a key that Tenure does not know."
)
@click.option("--description", help="Purpose of the value.")
@click.option("--reason", type=FILLED_TEXT, help="Reason, stored with the event.")
@json_option
def set_(
    *,
    name: tuple[str, str],
    value: str,
    value_type: ValueType | None,
    description: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Set a value.

    Running processes apply it within five seconds, unless the command's output says otherwise.

    Durations are written 90s, 15m, 12h, 30d.
    """
    try:
        with session(command_settings()) as conn:
            entry, changed = set_value(
                conn,
                *name,
                value,
                now=decision_now(conn),
                actor=person().name,
                reason=reason,
                value_type=value_type,
                description=description,
            )
    except ConfigurationRefused as refused:
        raise Failure(str(refused)) from None
    if as_json:
        emit_json({**asdict(entry), "changed": changed})
        return
    console().print(f"{'.'.join(name)} = {value_text(entry.value, entry.value_type)}", markup=False)
    console().print(_effect(entry, changed=changed), markup=False)


def _effect(entry: ConfigurationEntry, *, changed: bool) -> str:
    if not changed:
        return "already set to this value; nothing was changed"
    if not entry.is_hot_reloadable:
        return "not hot-reloadable: running processes keep the old value until they are restarted"
    return "running processes apply it within 5 seconds"


def _row(entry: ConfigurationEntry) -> dict[str, Any]:  # Any: cells
    described = entry.description if entry.is_hot_reloadable else f"{entry.description} (needs a restart)"
    return {
        "setting": f"{entry.category}.{entry.key}",
        "value": value_text(entry.value, entry.value_type),
        "set": entry.updated_at if entry.is_set else "default",
        "allowed": entry.allowed or f"any {entry.value_type}",
        "for": described,
    }
