"""One trace from the endpoint to the row; without OpenTelemetry's settings, no import of its SDK."""

import json
import subprocess
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from cli.doctor.checks_settings import settings_checks
from database.pool import Connection, Pool, open_pool
from demo.signing import sign_stripe
from events import tracing
from events.clock import utc_now
from handlers.usage import MeteredUsage, UsageCommand, record_usage
from projections.runner import Runner
from service import application
from service import tracing as cli_tracing
from service.application import build, build_over
from service.batch_tracing import TracedBatches
from service.local_secrets import dev_secrets
from service.tracing import trace_requests
from service.wiring import projector_connection
from settings import Settings
from tests.cli.processes import ROOT
from tests.handlers.users import NOW, joined, sold, tell
from tests.installation import as_url
from webhooks.batch import TOGETHER

CALLERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
IMPORTED = """
import sys
import service.application, cli.work, webhooks, events.append, projections.runner, wsgi
print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])
"""


SPOKEN = """
from service.tracing import begin
from events.tracing import tracer
from settings import load
assert begin(load())
with tracer.start_as_current_span("append"):
    pass
"""


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The finished spans; the provider is not the process's, which can be set only once."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("tenure"))
    return exporter


@pytest.fixture
def app(settings: Settings, pool: Pool, conninfo: str) -> Flask:
    return build_over(pool, settings, conninfo, CollectorRegistry())


def delivered(app: Flask, secrets: Path) -> None:
    body = json.dumps(
        {
            "id": "evt_traced",
            "object": "event",
            "type": "customer.updated",
            "created": 1_700_000_000,
            "livemode": True,
            "data": {"object": {"id": "cus_1", "object": "customer"}},
        }
    ).encode()
    signed = sign_stripe(body, secret=dev_secrets(secrets).stripe, at=utc_now())
    headers = {**signed, "traceparent": CALLERS}
    assert app.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code == 200


def by_name(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def within(inner: ReadableSpan, outer: ReadableSpan) -> bool:
    assert inner.context is not None
    assert outer.context is not None
    return (
        inner.parent is not None
        and inner.parent.span_id == outer.context.span_id
        and inner.context.trace_id == outer.context.trace_id
    )


def test_one_trace_leads_from_the_door_to_the_row(
    app: Flask,
    spans: InMemorySpanExporter,
    conninfo: str,
    conn: Connection,
    tmp_path: Path,
) -> None:
    trace_requests(app)
    delivered(app, tmp_path)
    connect = partial(projector_connection, conninfo)
    Runner(connect, on_batch=TracedBatches(connect)).drain()

    named = by_name(spans)
    request, append = named["POST"], named["append"]
    assert within(named["verify"], request)
    assert within(append, request)
    assert within(named["project"], append)
    assert request.parent is not None
    assert request.parent.trace_id == int(CALLERS.split("-")[1], 16)
    assert request.attributes is not None
    assert dict(request.attributes) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/webhooks/stripe",
        "tenure.outcome": "appended",
    }
    kept = conn.execute("SELECT metadata->>'traceparent' FROM events").fetchone()
    assert append.context is not None
    assert kept == (f"00-{append.context.trace_id:032x}-{append.context.span_id:016x}-01",)


def test_a_decision_s_rows_are_in_its_trace(conn: Connection, spans: InMemorySpanExporter) -> None:
    tell(conn, *sold(campaigns=3, creators=100), *joined("user_ada"))
    spans.clear()

    with tracing.tracer.start_as_current_span("request"):
        usage = MeteredUsage(metric="creators", quantity=1)
        record_usage(conn, UsageCommand(user_id="user_ada", usage=usage, key="k", now=NOW, actor="test"))

    named = by_name(spans)
    assert within(named["append"], named["request"])
    assert within(named["project"], named["request"])


def test_a_route_names_a_span_and_no_person(app: Flask, spans: InMemorySpanExporter) -> None:
    trace_requests(app)

    app.test_client().get("/api/users/user_ada")

    (span,) = spans.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["http.route"] == "/api/users/<key:user_id>"
    assert "user_ada" not in f"{span.name} {dict(span.attributes)}"


def test_without_a_tracer_an_event_carries_nothing(app: Flask, conn: Connection, tmp_path: Path) -> None:
    delivered(app, tmp_path)

    row = conn.execute("SELECT metadata ? 'traceparent' FROM events").fetchone()
    assert row == (False,)


@pytest.mark.parametrize("traced", [True, False])
def test_a_trace_follows_one_delivery_and_no_group(
    conninfo: str, monkeypatch: pytest.MonkeyPatch, traced: bool
) -> None:
    opened: list[Pool] = []

    def kept(*args: Any, **options: Any) -> Pool:  # Any: as the pool takes them
        opened.append(open_pool(*args, **options))
        return opened[-1]

    monkeypatch.setattr(cli_tracing, "begin", lambda _: traced)
    monkeypatch.setattr(application, "open_pool", kept)

    app = build(Settings(_env_file=None, database_url=SecretStr(as_url(conninfo))))
    for pool in opened:
        pool.close()

    assert (TOGETHER in app.extensions) is not traced


def test_no_sdk_is_imported_unless_it_is_configured() -> None:
    env = {"PYTHONPATH": str(ROOT), "PATH": "", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], env=env, capture_output=True, text=True, check=False, cwd="/"
    )

    assert done.stdout.strip().splitlines()[-1:] == ["[]"], done.stderr


def test_spans_reach_a_collector(tmp_path: Path) -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # as http.server names it
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as http.server names it
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        env = {"PYTHONPATH": str(ROOT), "PATH": "", "OTEL_EXPORTER_OTLP_ENDPOINT": address}
        done = subprocess.run(
            [sys.executable, "-c", SPOKEN], env=env, capture_output=True, text=True, check=False, cwd=tmp_path
        )
        server.shutdown()

    assert done.returncode == 0, done.stderr
    assert [path for path, _ in received] == ["/v1/traces"]
    assert b"append" in received[0][1]
    assert b"tenure" in received[0][1]


def test_it_is_off_unless_told_where_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = Settings(_env_file=None)
    configured = Settings(_env_file=None, otel_exporter_otlp_endpoint="http://collector:4318")
    stopped = configured.model_copy(update={"otel_sdk_disabled": True})
    monkeypatch.setattr(cli_tracing, "installed", lambda: False)

    assert [cli_tracing.is_configured(settings) for settings in (quiet, configured, stopped)] == [
        False,
        True,
        False,
    ]
    assert cli_tracing.endpoint(configured) == "http://collector:4318/v1/traces"
    assert not cli_tracing.begin(configured)  # configured, not installed: the service runs without
    assert [finding.fix for finding in settings_checks(configured) if finding.check == "traces"] == [
        "pip install 'tenure[otel]', or unset OTEL_EXPORTER_OTLP_ENDPOINT"
    ]
