"""Exports."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection

from queries import export_formats
from queries.events import EventFilter
from queries.export import exported
from queries.export_formats import FORMATS, parquet
from tests.queries.users import AT, append_event

BODY = '{"a": "x,\\"y\\"",\r\n "n": 1.10, "s": "\\ud800 ü"}'


def text_of(conn: Connection[Any], name: str, filters: EventFilter, *, bodies: bool = True) -> bytes:
    write, _ = FORMATS[name]
    with exported(conn, filters, bodies=bodies) as rows:
        return b"".join(write(rows, bodies=bodies))


@pytest.fixture
def three(conn: Connection[Any]) -> Connection[Any]:
    append_event(conn, "evt_1", payload=BODY)
    append_event(conn, "evt_2", occurred_at=AT + timedelta(microseconds=1), route_key="cus_2")
    append_event(conn, "msg_3", source_system="clerk", route_key="=cmd()")
    conn.commit()
    return conn


def test_jsonl_is_a_line_an_event_oldest_first(three: Connection[Any]) -> None:
    lines = text_of(three, "jsonl", EventFilter()).splitlines()
    events = [json.loads(line) for line in lines]

    assert [event["idempotency_key"] for event in events] == ["evt_1", "evt_2", "msg_3"]
    assert events[0]["event_data"] == json.loads(BODY)
    assert events[0]["occurred_at"] == "2026-03-03T12:00:00.000001Z"
    assert events[0]["metadata"] == {"api_version": "2026-01-01"}
    assert b"1.10" in lines[0]


def test_csv_keeps_the_body_to_the_byte(three: Connection[Any]) -> None:
    text = text_of(three, "csv", EventFilter()).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    assert [row["idempotency_key"] for row in rows] == ["evt_1", "evt_2", "msg_3"]
    assert rows[0]["event_data"] == BODY
    assert (rows[0]["livemode"], rows[0]["correlation_id"]) == ("true", "")


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "'=", "''@"])
def test_no_text_of_a_csv_is_a_formula(conn: Connection[Any], first: str) -> None:
    append_event(conn, "evt_1", route_key=f"{first}1+1", payload=f"{first if first.isspace() else ' '}1")
    conn.commit()

    text = text_of(conn, "csv", EventFilter()).decode()
    [row] = csv.DictReader(io.StringIO(text, newline=""))

    assert all(value[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n", "＝"} for value in row.values())
    assert export_formats.exact(row["route_key"]) == f"{first}1+1"


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\n＝a1 ")) | st.text())
def test_every_text_comes_back_from_its_cell(text: str) -> None:
    cell = export_formats.inert(text)

    assert export_formats.exact(cell) == text
    assert cell in (text, f"'{text}")


def test_parquet_has_types_and_the_same_rows(three: Connection[Any]) -> None:
    table = pq.read_table(io.BytesIO(text_of(three, "parquet", EventFilter())))

    assert table.column("event_data").to_pylist()[0] == BODY
    assert table.column("occurred_at").to_pylist()[1] == AT + timedelta(microseconds=1)
    assert str(table.schema.field("recorded_at").type) == "timestamp[us, tz=UTC]"


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_export_can_be_read(conn: Connection[Any], name: str) -> None:
    text = text_of(conn, name, EventFilter())

    if name == "parquet":
        assert pq.read_table(io.BytesIO(text)).num_rows == 0
    else:
        assert text.count(b"\n") == (1 if name == "csv" else 0)


def test_filters_and_bodies_are_as_in_a_search(three: Connection[Any]) -> None:
    text = text_of(three, "jsonl", EventFilter(source="clerk", type="stripe.*"), bodies=False)

    (event,) = [json.loads(line) for line in text.splitlines()]
    assert event["idempotency_key"] == "msg_3"
    assert "event_data" not in event


def test_the_snapshot_is_that_of_the_start(three: Connection[Any], conninfo: str) -> None:
    with exported(three, EventFilter(), bodies=False) as rows:
        first = next(rows)
        with Connection.connect(conninfo) as other:
            append_event(other, "evt_late")
        rest = list(rows)

    assert [row["idempotency_key"] for row in [first, *rest]] == ["evt_1", "evt_2", "msg_3"]


def test_leaving_an_export_early_closes_its_connection(three: Connection[Any]) -> None:
    with exported(three, EventFilter(), bodies=True) as rows:
        next(rows)

    assert three.closed


def test_parquet_comes_in_pieces_while_rows_still_come() -> None:
    def endless() -> Iterator[dict[str, Any]]:
        row = dict.fromkeys(
            ["source_system", "idempotency_key", "route_key", "aggregate_type", "aggregate_id"], "x"
        )
        while True:
            yield row | {"metadata": "{}", "event_data": "y" * 1_000_000}

    pieces = parquet(endless(), bodies=True)

    assert len(next(pieces)) > 0
    assert len(next(pieces)) > 0
