"""Checks of the settings, without a database."""

from cli.doctor.findings import DoctorFinding, either
from service import tracing
from service.local_secrets import WEBHOOK_SECRETS, has_dev_secrets
from settings import Settings, describe, unread_names

DEMO_FIX = "for your own events: a new TENURE_DATA_DIR or a DATABASE_URL, then tenure config check"
SEEN_ELSEWHERE = ("DATABASE_URL", "DATABASE_REPLICA_URL")


def settings_checks(settings: Settings) -> list[DoctorFinding]:
    """Each setting that is missing and what does not work without it."""
    missing = [row for row in describe(settings) if row.missing and row.name not in SEEN_ELSEWHERE]
    if has_dev_secrets(settings.data_dir):
        names = ", ".join(row.name for row in missing)
        findings = (
            [DoctorFinding("note", "demo", f"not set and not needed for a demo: {names}", DEMO_FIX)]
            if names
            else []
        )
    else:
        findings = [
            DoctorFinding(
                "fail" if row.name in WEBHOOK_SECRETS else "warn",
                row.name,
                row.missing or "",
                f"set {row.name}",
            )
            for row in missing
        ]
    return [*findings, *_misspelt(), *_traces(settings)]


def _misspelt() -> list[DoctorFinding]:
    """Variables that are set and not read, but look like a setting."""
    return [
        DoctorFinding(
            "warn",
            name,
            f"set, but Tenure reads no such setting; did you mean {meant}?",
            f"rename it to {meant}",
        )
        for name, meant in unread_names().items()
        if meant
    ]


def _traces(settings: Settings) -> list[DoctorFinding]:
    """If an OTLP endpoint is set: whether OpenTelemetry is installed."""
    if not tracing.is_configured(settings):
        return []
    fix = "pip install 'tenure[otel]', or unset OTEL_EXPORTER_OTLP_ENDPOINT"
    where = f"sent to {tracing.endpoint(settings)}"
    absent = "an endpoint is set, but OpenTelemetry is not installed: no traces are sent"
    return [either(tracing.installed(), "traces", where, absent, fix, severity="warn")]
