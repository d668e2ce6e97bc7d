"""The bodies of a page of events: as many as fit into a bounded response."""

from collections.abc import Sequence

from events.statements import AnyConnection, Row, statement
from queries.rows import fetch_within


def with_bodies(conn: AnyConnection, rows: Sequence[Row]) -> list[Row]:
    """The first of these events with `event_data`, the signed JSON text (None: erased).

    At least one; no more once their bodies exceed `rows.MAX_PAGE_BYTES`. The others are on the next page.
    """
    values = {"parts": [row["part"] for row in rows], "positions": [row["position"] for row in rows]}
    bodies, _ = fetch_within(conn, statement("queries", "event_bodies"), values, weight="bytes")
    return [row | {"event_data": body["event_data"]} for row, body in zip(rows, bodies, strict=False)]
