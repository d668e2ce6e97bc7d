"""Alert rules and dashboard ask only for metrics that the service exports, with labels it has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from demo.sender import Target
from demo.world import DemoWorld
from service.metrics import Bounded

DEPLOY = Path(__file__).parents[2] / "deploy"
SINCE_ALARMED = {"tenure_alarm", "tenure_reconciled_seconds_ago", "tenure_completeness_day"}
SINCE_SEALED = {
    "tenure_checkpoint_number",
    "tenure_checkpoint_age_seconds",
    "tenure_checkpoint_unsealed_events",
}
SINCE_SCHEDULED = {"tenure_schedule_failures", "tenure_schedule_finished_seconds_ago"}
KEPT_BY_PROMETHEUS = {"le", "source", "outcome", "type", "reason", "part", "handler", "status", "route"}
KEPT_BY_PROMETHEUS |= {"kind", "level", "count", "method"}


def alert_expressions() -> Iterator[str]:
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]


def panel_expressions() -> Iterator[str]:
    for panel in json.loads((DEPLOY / "grafana/tenure.json").read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]


EXPRESSIONS = sorted({*alert_expressions(), *panel_expressions()})


@pytest.fixture
def exported(doors: Target, shop: DemoWorld) -> set[str]:
    """Names of series in a scrape, and those that begin with their first checkpoint, run or alarm."""
    doors.client.post("/webhooks/stripe", content=b"{}")
    doors.client.get("/api/users")
    text = doors.client.get("/metrics").text
    names = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if not line.startswith("#")}
    return names | SINCE_ALARMED | SINCE_SEALED | SINCE_SCHEDULED


def test_each_metric_named_is_one_that_is_exported(exported: set[str]) -> None:
    named = {name for text in EXPRESSIONS for name in re.findall(r"\btenure_\w+", text)}

    assert len(named) > 20
    assert named - exported == set()


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_are_whole(text: str) -> None:
    for opening, closing in ("()", "{}", "[]"):
        assert text.count(opening) == text.count(closing)
    for labels in re.findall(r"by \(([^)]*)\)", text):
        assert {label.strip() for label in labels.split(",")} <= KEPT_BY_PROMETHEUS
    for name, matcher in re.findall(r'(\w+)\s*(=~|!=|!~|=)\s*"', text):
        assert name in KEPT_BY_PROMETHEUS, matcher


def test_each_alert_has_a_severity_and_says_what_to_do() -> None:
    (group,) = yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
    names = [rule["alert"] for rule in group["rules"]]

    assert len(names) == len(set(names))
    for rule in group["rules"]:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["action"]
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))


def test_panels_do_not_share_an_id_or_overlap() -> None:
    panels = json.loads((DEPLOY / "grafana/tenure.json").read_text())["panels"]
    squares = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(squares) == len(set(squares))


def test_parts_are_told_one_by_one(doors: Target, shop: DemoWorld) -> None:
    lines = doors.client.get("/metrics").text.splitlines()

    assert sum(line.startswith("tenure_part_lag_events{") for line in lines) == 64
    assert sum(line.startswith("tenure_part_lag_seconds{") for line in lines) == 64


def test_refusals_are_told_by_reason_and_appends_by_type(doors: Target, shop: DemoWorld) -> None:
    answer = doors.client.post("/webhooks/stripe", content=b"{}")
    text = doors.client.get("/metrics").text

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert 'tenure_refusals_total{reason="missing_header",source="stripe"} 1.0' in text
    assert 'outcome="appended",source="clerk",type="clerk.user.created"' in text


def test_types_beyond_the_bound_are_one() -> None:
    names = Bounded(2)

    assert [names.name(event_type) for event_type in ("a", "b", "c", "d", "a")] == [
        "a",
        "b",
        "(other)",
        "(other)",
        "a",
    ]
