"""Checks that need no database: what is set, and what is missing."""

from cli import tracing
from cli.doctor.findings import Finding, either
from cli.local_secrets import DEV_FILE
from settings import Settings, describe

NEEDED = ("STRIPE_WEBHOOK_SECRETS", "CLERK_WEBHOOK_SECRETS")
SEEN_ELSEWHERE = ("DATABASE_URL", "DATABASE_REPLICA_URL")


def settings_checks(settings: Settings) -> list[Finding]:
    """Each setting that is missing and what does not work without it."""
    lent = (settings.data_dir / DEV_FILE).exists()
    found = [
        Finding(
            "warn",
            row.name,
            "not set; `run --demo` lends its doors a secret made for the demo",
            f"set {row.name}",
        )
        if row.name in NEEDED and lent
        else Finding("fail" if row.name in NEEDED else "warn", row.name, row.missing, f"set {row.name}")
        for row in describe(settings)
        if row.missing and row.name not in SEEN_ELSEWHERE
    ]
    return [*found, *_traces(settings)]


def _traces(settings: Settings) -> list[Finding]:
    """Only when somebody wants them: whether they can be made."""
    if not tracing.wanted(settings):
        return []
    fix = "pip install 'tenure[otel]', or unset OTEL_EXPORTER_OTLP_ENDPOINT"
    where = f"go to {tracing.endpoint(settings)}"
    absent = "wanted, and OpenTelemetry is not installed: none are made"
    return [either(tracing.installed(), "traces", where, absent, fix, severity="warn")]
