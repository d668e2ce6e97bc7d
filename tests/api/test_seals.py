"""Checkpoints and proofs over HTTP."""

import json
from typing import Any

import pytest
from psycopg import Connection

from events.seals.event_proof import check_proof
from events.seals.json_shape import parse_proof_file
from tests.api.conftest import Caller, access_log
from tests.queries.users import append_event
from tests.sealing import sealed, trusted_in

BODY = '{"id": "evt_1",  "amount": 1.10, "note": "ü\\u0000"}'


@pytest.fixture
def log(conn: Connection[Any]) -> Connection[Any]:
    append_event(conn, "evt_1", payload=BODY)
    conn.commit()
    return conn


def test_anyone_may_have_the_latest_checkpoint(conninfo: str, log: Connection[Any], anyone: Caller) -> None:
    assert anyone.get("/api/checkpoints/latest").status_code == 404
    checkpoint = sealed(conninfo)

    answer = anyone.get("/api/checkpoints/latest")

    assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/plain", checkpoint.note)


def test_a_proof_is_good_and_noted(conninfo: str, log: Connection[Any], auditor: Caller) -> None:
    sealed(conninfo)

    answer = auditor.get("/api/events/evt_1/proof")

    checked = check_proof(parse_proof_file(answer.get_data()), trusted_in(conninfo))
    assert (checked.payload, checked.event["idempotency_key"]) == (BODY, "evt_1")
    assert access_log(log)[-1][3] == ["events", "event_data"]


def test_a_proof_without_the_body(conninfo: str, log: Connection[Any], auditor: Caller) -> None:
    sealed(conninfo)

    proof = json.loads(auditor.get("/api/events/evt_1/proof?payload=false").get_data())

    assert check_proof(proof, trusted_in(conninfo)).payload_state == "absent"


def test_a_young_event_has_no_proof_yet(conninfo: str, log: Connection[Any], auditor: Caller) -> None:
    none_signed = auditor.get("/api/events/evt_1/proof")
    sealed(conninfo)
    append_event(log, "evt_2")
    log.commit()
    answer = auditor.get("/api/events/evt_2/proof")

    assert none_signed.status_code == answer.status_code == 409
    assert answer.headers["Retry-After"] == "60"
    assert answer.json["type"].endswith("not-sealed-yet")


def test_an_unknown_event_is_not_found(conninfo: str, log: Connection[Any], auditor: Caller) -> None:
    sealed(conninfo)

    assert auditor.get("/api/events/evt_none/proof").status_code == 404


def test_a_service_may_not_have_proofs(log: Connection[Any], service: Caller) -> None:
    assert service.get("/api/events/evt_1/proof").status_code == 403
