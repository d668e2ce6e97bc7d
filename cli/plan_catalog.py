"""`tenure plans`: list the catalog, and publish a file of plans after showing its changes."""

from collections.abc import Sequence
from pathlib import Path

import click

from cli.caller import person
from cli.errors import Failure
from cli.output import agreed, console, emit_json, emit_table, json_option
from cli.parameters import FILLED_TEXT
from cli.terminal import echo_exactly
from events.domain.system import PlanPublished
from handlers.errors import BadPlanFile
from handlers.plan_files import read_plans, write_plans
from handlers.plans import (
    PlanChange,
    changes,
    missing,
    on_sale,
    publish_default_plans,
    publish_plans,
    read_catalog,
)
from projections.errors import PartBehind, PartBusy
from queries.plans import list_plans
from service.decision_clocks import decision_now
from service.wiring import command_settings, session

_COLUMNS = (
    "plan_key",
    "plan_name",
    "campaigns_limit",
    "creators_limit",
    "price_monthly",
    "price_yearly",
    "currency",
    "is_active",
    "features",
)
_MOST_BYTES = 1024 * 1024


@click.group()
def plans() -> None:
    """List the plan catalog; publish a file of plans."""


@plans.command("list")
@click.option("--toml", "as_toml", is_flag=True, help="Print the plans on sale as a file for publish.")
@json_option
def list_all(*, as_toml: bool, as_json: bool) -> None:
    """List all plans in display order, retired ones included. Prices are in minor units; -1 is unlimited."""
    if as_toml:
        _emit_toml()
        return
    with session(command_settings()) as conn:
        rows = list_plans(conn)
    if as_json:
        emit_json(rows)
    else:
        emit_table(rows, _COLUMNS, empty="no plans; publish some: tenure plans publish FILE, or defaults")


@plans.command()
def defaults() -> None:
    """Publish the default plans, if no plan was ever published.

    They are free, glow_up, viral_surge and fame_flex.
    """
    settings = command_settings()
    with session(settings) as conn:
        published = publish_default_plans(conn)
    console().print(
        f"published {len(published)}" if published else "plans exist already; nothing was published"
    )


@plans.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Publish without asking.")
@click.option("--retire-missing", is_flag=True, help="Retire plans on sale that the file does not name.")
@click.option("--reason", type=FILLED_TEXT, help="Reason, stored with the events.")
@click.option("--dry-run", is_flag=True, help="Show the differences; publish nothing.")
@json_option
def publish(
    *, file: Path, yes: bool, retire_missing: bool, reason: str | None, dry_run: bool, as_json: bool
) -> None:
    """Publish the changed plans of a TOML file. The differences are shown first.

    `tenure plans list --toml` writes such a file of the plans on sale.
    """
    file_plans = _read(file)
    settings = command_settings()
    try:
        with session(settings) as conn:
            catalog = read_catalog(conn)
            planned = changes(catalog, file_plans, retire_missing=retire_missing)
            if not as_json:
                _show(planned, [] if retire_missing else missing(catalog, file_plans))
            conn.commit()  # release the part before waiting for the operator's confirmation
            if dry_run:
                _print_dry_run([_as_json(change) for change in planned], as_json=as_json)
                return
            if planned and not yes:
                agreed("Publish?", otherwise="nothing was published; --yes publishes without asking")
            published = publish_plans(
                conn,
                file_plans,
                now=decision_now(conn),
                actor=person().name,
                reason=reason,
                retire_missing=retire_missing,
            )
            if [change.fact for change in published] != [change.fact for change in planned]:
                conn.rollback()
                raise Failure("the plans changed meanwhile; nothing was published, check the new differences")
    except (PartBehind, PartBusy) as busy:
        raise Failure(str(busy)) from None
    if as_json:
        emit_json([_as_json(change) for change in published])
    else:
        console().print(f"published {len(published)}" if published else "nothing to publish")


def _print_dry_run(planned: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        emit_json(planned)
    else:
        console().print(f"{len(planned)} would be published" if planned else "nothing to publish")


def _emit_toml() -> None:
    settings = command_settings()
    try:
        with session(settings) as conn:
            plans = on_sale(read_catalog(conn))
    except (PartBehind, PartBusy) as busy:
        raise Failure(str(busy)) from None
    echo_exactly(write_plans(plans), nl=False)


def _read(file: Path) -> list[PlanPublished]:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise Failure(f"{file}: expected at most {_MOST_BYTES} bytes, found more")
        return read_plans(file.read_text(encoding="utf-8"), where=str(file))
    except UnicodeDecodeError:
        raise Failure(f"{file}: expected UTF-8, found other bytes") from None
    except BadPlanFile as problem:
        raise Failure(str(problem)) from None


def _show(planned: Sequence[PlanChange], not_named: Sequence[str]) -> None:
    rows = [
        {"plan": change.plan_key, "": change.kind, "what": name, "now": old, "then": new}
        for change in planned
        for name, (old, new) in change.fields.items()
    ]
    emit_table(
        rows, ("plan", "", "what", "now", "then"), empty="the plans of the file are in force unchanged"
    )
    if not_named:
        console().print(f"not in the file, and kept: {', '.join(not_named)} (--retire-missing retires them)")


def _as_json(change: PlanChange) -> dict[str, object]:
    fields = {name: {"old": old, "new": new} for name, (old, new) in change.fields.items()}
    return {"plan_key": change.plan_key, "kind": change.kind, "fields": fields}
