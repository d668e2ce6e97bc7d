"""Compare the five tables with the log: an edit by hand, or a projector that folded otherwise."""

from collections.abc import Iterable

import msgspec

from events.statements import AnyConnection
from projections import log_reader, store
from projections.catalog import Catalog
from projections.fold import present, refold
from projections.rows import Row, as_json, row_digest, rows_of
from providers.reconcile.drift import Cause, Drift
from providers.reconcile.statements import do, rows


def compare_rows(conn: AnyConnection, users: Iterable[str]) -> list[Drift]:
    """Users whose rows differ from the projected log, read in one snapshot."""
    user_ids = sorted(set(users))
    if not user_ids:
        return []
    with conn.transaction():
        do(conn, "one_moment")
        digest, catalog = _catalog(conn)
        bounds = store.checkpoints(conn)
        linked = store.customers_of(conn, user_ids)
        streams = log_reader.streams(conn, {*user_ids, *(c for of in linked.values() for c in of)}, bounds)
        written = {row["user_id"]: row for row in rows(conn, "row_digests", users=user_ids)}
        should: dict[str, dict[str, Row]] = {}
        for user in user_ids:
            facts = log_reader.history(streams, user, linked[user])
            state = present(refold(user, linked[user], facts))
            # Written under another catalog: the projector is about to write it again.
            if state.cores and user in written and written[user]["catalog_digest"] == digest:
                should[user] = rows_of(state, catalog)
        return _differences(
            conn, should, {user: bytes(row["row_digest"] or b"") for user, row in written.items()}
        )


def _catalog(conn: AnyConnection) -> tuple[str, Catalog]:
    stored = store.read_catalog(conn)
    if stored is None:
        return Catalog().digest(), Catalog()
    return stored[0], msgspec.json.decode(stored[1], type=Catalog)


def _differences(
    conn: AnyConnection, should: dict[str, dict[str, Row]], written: dict[str, bytes]
) -> list[Drift]:
    expected = [
        {"owner": user, "table_name": table, "row": row}
        for user, tables in should.items()
        for table, row in tables.items()
    ]
    differing = rows(conn, "differing_rows", wanted=as_json(expected).decode())
    drifts = []
    for row in differing:
        by_hand = written[row["owner"]] == row_digest(should[row["owner"]])
        cause: Cause = "manual edit" if by_hand else "projector bug"
        fields = dict.fromkeys(row["columns"] or (), (None, None))
        drifts.append(
            Drift(
                kind=row["table_name"],
                object_id=row["owner"],
                user_id=row["owner"],
                cause=cause,
                fields=fields,
            )
        )
    return drifts
