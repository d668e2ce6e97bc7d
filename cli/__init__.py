"""The `tenure` command: one entry per command, imported on first use."""

import click

from cli.lazy_group import CommandEntry, TenureGroup


@click.group(cls=TenureGroup, name="tenure", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks; works anywhere.")
@click.version_option(package_name="tenure", message="tenure %(version)s")
def main() -> None:
    """Event-sourced billing: keeps signed webhooks of Stripe and Clerk and folds them into tables per user.

    Exit codes: 0 done, 1 failed or found a difference, 2 wrong usage.
    """


main.entries = {
    "run": CommandEntry("cli.run:run", "Run database, migrations, web, projector and jobs together."),
    "serve": CommandEntry("cli.serve:serve", "Run the web part only: webhook endpoints, API, console."),
    "work": CommandEntry("cli.work:work", "Run projector, scheduler and background jobs."),
    "demo": CommandEntry("cli.demo:demo", "Send sample webhooks to a running service."),
    "status": CommandEntry("cli.status:status", "Show running processes, lag and alarms on one screen."),
    "find": CommandEntry("cli.find:find_command", "Find users and events by name, address or any id."),
    "user": CommandEntry("cli.users:user", "Show a user's values, history and reasons."),
    "trial": CommandEntry("cli.trial:trial", "Start, extend or end a trial that Tenure manages."),
    "plan": CommandEntry("cli.plan_grants:plan", "Grant a plan to a user, or revoke the grant."),
    "link": CommandEntry("cli.link:link", "Link Stripe customers to users; list unlinked customers."),
    "admin": CommandEntry("cli.admin:admin", "Grant or revoke administrator rights."),
    "plans": CommandEntry("cli.plan_catalog:plans", "List the plan catalog; publish a file of plans."),
    "events": CommandEntry("cli.events:events", "List, show, export and import events."),
    "reconcile": CommandEntry(
        "cli.reconcile:reconcile", "Find lost webhooks through the providers' APIs and append them."
    ),
    "outgoing": CommandEntry("cli.outgoing:outgoing", "Manage webhooks to other services."),
    "import": CommandEntry("cli.import_:import_", "Import an existing Stripe account or old tables."),
    "audit": CommandEntry("cli.audit:audit", "Verify the log; make and check proofs."),
    "privacy": CommandEntry("cli.privacy:privacy", "Export or erase one person's data."),
    "tokens": CommandEntry("cli.tokens:tokens", "Create, list and revoke API tokens."),
    "replay": CommandEntry("cli.replay:run", "Rebuild the tables from the log, or compare a rebuild."),
    "quarantine": CommandEntry(
        "cli.quarantine:quarantine", "List and retry users whose history stops at an event."
    ),
    "backup": CommandEntry("cli.backup:backup", "Write the whole database into one verifiable file."),
    "restore": CommandEntry("cli.backup:restore", "Restore a backup into an empty database and verify it."),
    "db": CommandEntry("cli.db.command:db", "Inspect tables, indexes and query speed."),
    "scale": CommandEntry("cli.scale.command:scale", "Distribute the log over several servers with Citus."),
    "migrate": CommandEntry("cli.migrate:migrate", "Apply, roll back and list migrations."),
    "schedule": CommandEntry("cli.schedule:schedule", "List, preview and run time-based handlers."),
    "jobs": CommandEntry("cli.jobs:jobs", "List, retry and cancel background jobs."),
    "config": CommandEntry("cli.config:config", "Check settings; get and set run-time values."),
    "doctor": CommandEntry("cli.doctor.command:doctor", "Check the installation; print a fix per finding."),
    "log-level": CommandEntry(
        "cli.log_level:log_level", "Show or change the log level of running processes."
    ),
}
