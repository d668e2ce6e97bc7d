"""`tenure privacy`: export or erase one person's data."""

from pathlib import Path

import click

from cli.audit_files import write_out
from cli.caller import person
from cli.errors import Failure
from cli.output import agreed, console, emit_json, emit_pairs, emit_table, json_option
from cli.parameters import FILLED_TEXT
from cli.person_export import as_document, dumped
from cli.user_argument import user_argument, user_id_of
from handlers.erasure_sweep import SweepReport, sweep
from handlers.privacy import ErasurePlan, ErasureRefused, ErasureResult, erase_person, plan_erasure
from handlers.tokens import note_reads
from queries.person import person_file
from queries.pluralize import counted
from service.decision_clocks import decision_now
from service.wiring import command_settings, session

_COLUMNS = ("occurred_at", "event_type", "route_key", "id")


@click.group()
def privacy() -> None:
    """Export or erase one person's data."""


@privacy.command()
@user_argument
@click.option(
    "--reason",
    type=FILLED_TEXT,
    help="Reason, without personal data: it is sealed and never erased. Required to erase.",
)
@click.option("--dry-run", is_flag=True, help="List what would be erased; change nothing.")
@click.option("--no-search", is_flag=True, help="Skip the search for mentions in other streams.")
@click.option("--yes", is_flag=True, help="Erase without a confirmation prompt.")
@json_option
def erase(
    *, identifier: str, reason: str | None, dry_run: bool, no_search: bool, yes: bool, as_json: bool
) -> None:
    """Erase a user's payloads for good.

    Those of own events, of linked customers' events, conflicts, unreadable bodies and jobs.

    Proofs stay valid. Events that arrive later are kept until the user is erased again. After an
    erasure the user is found by id only.
    """
    if reason is None and not dry_run:
        raise click.UsageError("expected --reason, or --dry-run to list what would be erased.")
    settings = command_settings()
    with session(settings) as conn:
        conn.execute("SET statement_timeout = 0")  # the search reads the whole log
        user_id = user_id_of(conn, identifier)
        plan = plan_erasure(conn, user_id, search=not no_search)
        if dry_run:
            _show(plan, as_json)
            return
        assert reason is not None  # required above
        if not yes and not plan.is_empty:
            agreed(
                f"Erase {counted(len(plan.events), 'payload')} of {user_id} for good?",
                otherwise="nothing was erased; --yes erases without a prompt",
            )
        try:
            erased = erase_person(
                conn,
                plan,
                now=decision_now(conn),
                actor=person().name,
                reason=reason,
            )
        except ErasureRefused:
            conn.rollback()
            raise
        conn.commit()  # the erasure stands even if the sweep of copies fails
        swept = sweep(conn, settings.data_dir)
    _print_erased(plan, erased, swept, as_json)


@privacy.command()
@user_argument
@click.option(
    "--reason",
    type=FILLED_TEXT,
    default="the person asked for their data",
    help="Reason for the export, stored in the access log.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file instead of stdout.")
def export(*, identifier: str, reason: str, out: Path | None) -> None:
    """Export everything stored about a user as JSON. Profile, events, history and access log."""
    settings = command_settings()
    with session(settings) as conn:
        user_id = user_id_of(conn, identifier)
        fields = ["profile", "events", "event_data", "history", "access_log"]
        note_reads(conn, person(), subjects=[user_id], fields=fields, reason=reason)
        conn.commit()
        stored = person_file(conn, user_id)
        conn.rollback()
    if not stored.events and stored.profile is None:
        raise Failure(f"nothing is stored about {user_id}")
    write_out(out, dumped(as_document(stored), indent=1))


def _show(plan: ErasurePlan, as_json: bool) -> None:
    if as_json:
        emit_json(
            _counts(plan) | {"events": plan.events, "mentions": plan.mentions, "elsewhere": plan.elsewhere}
        )
        return
    emit_pairs(f"would be erased of {plan.user_id}", _counts(plan))
    emit_table(plan.events + plan.mentions, _COLUMNS, empty="no event has a payload")
    _warn(plan)


def _counts(plan: ErasurePlan) -> dict[str, object]:
    return {
        "user_id": plan.user_id,
        "customers": plan.customers,
        "payloads": len(plan.events),
        "mentions_in_shared_streams": len(plan.mentions),
        "conflicts": plan.conflicts,
        "unreadable_deliveries": len(plan.deliveries),
        "jobs": len(plan.jobs),
        "earlier_erasures": plan.erasures,
    }


def _print_erased(plan: ErasurePlan, erased: ErasureResult, swept: SweepReport, as_json: bool) -> None:
    counts = {
        "user_id": plan.user_id,
        "event_id": erased.event.id if erased.event else None,
        "payloads": erased.events,
        "conflicts": erased.conflicts,
        "unreadable_deliveries": erased.deliveries,
        "jobs": erased.jobs,
        "is_projected": erased.is_projected,
        "kept_elsewhere": [str(row["id"]) for row in plan.elsewhere],
        "copies": swept.as_json(),
    }
    if as_json:
        emit_json(counts)
        return
    if erased.event is None:
        console().print(f"nothing left to erase of {plan.user_id}", markup=False)
        return
    emit_pairs(f"erased {plan.user_id}", counts)
    _warn(plan)
    if not erased.is_projected:
        behind = "the projector is behind: the tables show the erasure once tenure work has reached it"
        console(stderr=True).print(behind, markup=False)
    if swept.replays.is_replaying:
        waits = (
            "a replay is running: its copies and the earlier ones are removed within a minute after it ends"
        )
        console(stderr=True).print(waits, markup=False)


def _warn(plan: ErasurePlan) -> None:
    out = console(stderr=True)
    if plan.elsewhere:
        stay = ("event of others mentions them and stays", "events of others mention them and stay")
        out.print(f"{counted(len(plan.elsewhere), *stay)}:", markup=False)
        for row in plan.elsewhere:
            out.print(f"  {row['event_type']} {row['route_key']} {row['id']}", markup=False, soft_wrap=True)
    if plan.unprojected:
        waiting = counted(plan.unprojected, "event was", "events were")
        out.print(
            f"{waiting} not projected yet and may link more customers: run this again later", markup=False
        )
