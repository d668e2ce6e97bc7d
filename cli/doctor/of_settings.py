"""Checks that need no database: what is set, what is missing, which server is named."""

from urllib.parse import urlsplit

from cli import tracing
from cli.doctor.findings import Finding, either
from cli.local_secrets import DEV_FILE
from settings import Settings, describe

NEEDED = ("STRIPE_WEBHOOK_SECRETS", "CLERK_WEBHOOK_SECRETS")
SEEN_ELSEWHERE = ("DATABASE_URL", "DATABASE_REPLICA_URL")
POOLER_PORT = 6543


def settings_checks(settings: Settings) -> list[Finding]:
    """Each setting that is missing and what does not work without it; then the server's kind."""
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
    return [*found, *_traces(settings), _server_kind(settings)]


def _traces(settings: Settings) -> list[Finding]:
    """Only when somebody wants them: whether they can be made."""
    if not tracing.wanted(settings):
        return []
    fix = "pip install 'tenure[otel]', or unset OTEL_EXPORTER_OTLP_ENDPOINT"
    where = f"go to {tracing.endpoint(settings)}"
    absent = "wanted, and OpenTelemetry is not installed: none are made"
    return [either(tracing.installed(), "traces", where, absent, fix, severity="warn")]


def _server_kind(settings: Settings) -> Finding:
    """Embedded, remote, or a pooler, which can hold neither a session lock nor a role."""
    if settings.database_url is None:
        return Finding(
            "warn",
            "server",
            "embedded PostgreSQL in the data directory",
            "fine for one machine; tenure backup",
        )
    where = urlsplit(settings.database_url.get_secret_value())
    pooled = (where.hostname or "").endswith("pooler.supabase.com") or where.port == POOLER_PORT
    return either(
        not pooled,
        "server",
        "remote, direct connection",
        "a transaction pooler: migrations, scheduler leadership and SET ROLE need a session",
        "use the direct connection (db.<project>.supabase.co, port 5432) in DATABASE_URL",
    )
