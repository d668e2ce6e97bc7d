"""The `tenure` command: one entry a command, and nothing is imported before it is asked for."""

import click

from cli.group import Entry, TenureGroup


@click.group(cls=TenureGroup, name="tenure", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks; works anywhere.")
@click.version_option(package_name="tenure", message="tenure %(version)s")
def main() -> None:
    """Event-sourced billing and lifecycle: signed webhooks in, true tables out.

    Exit codes: 0 done, 1 failed or found a difference, 2 wrong usage.
    """


main.entries = {
    "run": Entry("cli.run:run", "All in one: database, migrations, web, projector."),
    "serve": Entry("cli.serve:serve", "Web only: doors, API, console."),
    "work": Entry("cli.work:work", "Projector, scheduler and jobs."),
    "demo": Entry("cli.play:demo", "Sample webhooks into a running service."),
    "status": Entry("cli.status:status", "One screen: what runs, what lags, what waits."),
    "find": Entry("cli.find:find_command", "Find users and events by name, address or any id."),
    "user": Entry("cli.users:user", "What is known of a user, when and why."),
    "trial": Entry("cli.trial:trial", "Start, extend or end a trial of our own."),
    "plan": Entry("cli.plan:plan", "Give somebody a plan, or take it back."),
    "link": Entry("cli.link:link", "Whose a Stripe customer is, and which are nobody's."),
    "admin": Entry("cli.admin:admin", "Make somebody an administrator, or unmake one."),
    "plans": Entry("cli.plans:plans", "The catalog: list it, publish a file of plans."),
    "events": Entry("cli.events:events", "Look into the log."),
    "reconcile": Entry("cli.reconcile:reconcile", "Find what webhooks lost, and heal it."),
    "outgoing": Entry("cli.outgoing:outgoing", "Webhooks we send to other services."),
    "import": Entry("cli.import_:import_", "Take over an existing Stripe account."),
    "audit": Entry("cli.audit:audit", "Prove the log, and find where it was changed."),
    "privacy": Entry("cli.privacy:privacy", "What a person may ask: their data, and to be forgotten."),
    "tokens": Entry("cli.tokens:tokens", "Who may ask over HTTP."),
    "replay": Entry("cli.replay:run", "Rebuild the tables from the log, or compare a rebuild."),
    "quarantine": Entry("cli.quarantine:quarantine", "Users whose history stops at an event."),
    "backup": Entry("cli.backup:backup", "Everything in one file that proves it is whole."),
    "restore": Entry("cli.backup:restore", "A backup into an empty database, verified."),
    "db": Entry("cli.db.command:db", "Look at the database, its indexes, its speed."),
    "scale": Entry("cli.scale.command:scale", "More than one server: the log on Citus."),
    "migrate": Entry("cli.migrate:migrate", "Move the schema up and down."),
    "schedule": Entry("cli.schedule:schedule", "What happens because time passes."),
    "jobs": Entry("cli.jobs:jobs", "Background work: list it, try it again, call it off."),
    "config": Entry("cli.config:config", "What is set, what is missing, what to change at run time."),
    "doctor": Entry("cli.doctor.command:doctor", "What is wrong here, each with its fix."),
    "log-level": Entry("cli.loglevel:log_level", "What running processes log."),
}
