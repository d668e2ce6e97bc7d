"""The `tenure` command: one entry per command, imported on first use."""

import click

from cli.lazy_group import Entry, TenureGroup


@click.group(cls=TenureGroup, name="tenure", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks; works anywhere.")
@click.version_option(package_name="tenure", message="tenure %(version)s")
def main() -> None:
    """Event-sourced billing: keeps signed webhooks of Stripe and Clerk and folds them into tables per user.

    Exit codes: 0 done, 1 failed or found a difference, 2 wrong usage.
    """


main.entries = {
    "run": Entry("cli.run:run", "Run database, migrations, web, projector and jobs together."),
    "serve": Entry("cli.serve:serve", "Run the web part only: webhook endpoints, API, console."),
    "work": Entry("cli.work:work", "Run projector, scheduler and background jobs."),
    "demo": Entry("cli.demo:demo", "Send sample webhooks to a running service."),
    "status": Entry("cli.status:status", "Show running processes, lag and alarms on one screen."),
    "find": Entry("cli.find:find_command", "Find users and events by name, address or any id."),
    "user": Entry("cli.users:user", "Show a user's values, history and reasons."),
    "trial": Entry("cli.trial:trial", "Start, extend or end a trial that Tenure manages."),
    "plan": Entry("cli.plan_grants:plan", "Grant a plan to a user, or revoke the grant."),
    "link": Entry("cli.link:link", "Link Stripe customers to users; list unlinked customers."),
    "admin": Entry("cli.admin:admin", "Grant or revoke administrator rights."),
    "plans": Entry("cli.plan_catalog:plans", "List the plan catalog; publish a file of plans."),
    "events": Entry("cli.events:events", "List, show, export and import events."),
    "reconcile": Entry(
        "cli.reconcile:reconcile", "Find lost webhooks through the providers' APIs and append them."
    ),
    "outgoing": Entry("cli.outgoing:outgoing", "Manage webhooks to other services."),
    "import": Entry("cli.import_:import_", "Import an existing Stripe account or old tables."),
    "audit": Entry("cli.audit:audit", "Verify the log; make and check proofs."),
    "privacy": Entry("cli.privacy:privacy", "Export or erase one person's data."),
    "tokens": Entry("cli.tokens:tokens", "Create, list and revoke API tokens."),
    "replay": Entry("cli.replay:run", "Rebuild the tables from the log, or compare a rebuild."),
    "quarantine": Entry("cli.quarantine:quarantine", "List and retry users whose history stops at an event."),
    "backup": Entry("cli.backup:backup", "Write the whole database into one verifiable file."),
    "restore": Entry("cli.backup:restore", "Restore a backup into an empty database and verify it."),
    "db": Entry("cli.db.command:db", "Inspect tables, indexes and query speed."),
    "scale": Entry("cli.scale.command:scale", "Distribute the log over several servers with Citus."),
    "migrate": Entry("cli.migrate:migrate", "Apply, roll back and list migrations."),
    "schedule": Entry("cli.schedule:schedule", "List, preview and run time-based handlers."),
    "jobs": Entry("cli.jobs:jobs", "List, retry and cancel background jobs."),
    "config": Entry("cli.config:config", "Check settings; get and set run-time values."),
    "doctor": Entry("cli.doctor.command:doctor", "Check the installation; print a fix per finding."),
    "log-level": Entry("cli.log_level:log_level", "Show or change the log level of running processes."),
}
