"""The tamper table: what a superuser may do behind the triggers, and the first wrong row it is known by."""

from collections.abc import Callable

import pytest

from database.pool import Connection
from events.seals.leaf import leaf_hash_of_texts
from handlers.sealer import seal
from queries.findings import PartReport
from queries.sealed_leaves import row_at
from queries.verify import verify
from tests.sealing import fill, lending, route_in, sealed, superuser, trusted_in, verified

Edit = Callable[[Connection], object]

PART, OTHER = 3, 40


@pytest.fixture
def log(conninfo: str) -> str:
    """Part 3: positions 1 to 7 under the first checkpoint, to 12 under the second, 13 and 14 unsealed."""
    fill(conninfo, {PART: 7, OTHER: 3})
    sealed(conninfo, 0)
    fill(conninfo, {PART: 5})
    sealed(conninfo, 1)
    fill(conninfo, {PART: 2})
    return conninfo


def sql(*statements: str) -> Edit:
    def edit(conn: Connection) -> None:
        for statement in statements:
            conn.execute(statement.encode())

    return edit


def column(name: str, value: str, position: int = 4) -> Edit:
    return sql(f"UPDATE events SET {name} = {value} WHERE part = {PART} AND position = {position}")


SWAP = """UPDATE events a SET ({columns}) = (SELECT {columns} FROM events b
           WHERE b.part = a.part AND b.position = 13 - a.position)
           WHERE a.part = 3 AND a.position IN (5, 8)"""
BODY = "event_data, payload_salt, payload_digest"
WHOLE = (
    "DROP TABLE IF EXISTS kept",
    "CREATE TEMP TABLE kept AS SELECT * FROM events WHERE part = 3 AND position IN (5, 8)",
    "DELETE FROM events WHERE part = 3 AND position IN (5, 8)",
    "UPDATE kept SET position = 13 - position",
    "INSERT INTO events SELECT * FROM kept",
)
COPY_TO = """INSERT INTO events SELECT {part}::smallint, {position}, gen_random_uuid(), source_system,
    'forged', livemode, route_key, aggregate_type, aggregate_id, event_type, event_version, event_data,
    metadata, correlation_id, causation_id, occurred_at, {recorded}, payload_salt, payload_digest
    FROM events WHERE part = 3 AND position = 14"""
MOVE = (
    "UPDATE events SET part = 40, position = 4 WHERE part = 3 AND position = 14",
    "UPDATE part_heads SET head = 13 WHERE part = 3",
    "UPDATE part_heads SET head = 4, recorded_at = now() WHERE part = 40",
)


def node(level: int, index: int) -> Edit:
    where = f"WHERE part = {PART} AND level = {level} AND index = {index}"
    return sql(f"UPDATE log_nodes SET hash = sha256('x') {where}")


def forged_with_tree(conn: Connection) -> None:
    """An event edited together with its leaf in the tree."""
    column("event_type", "'forged'")(conn)
    row = row_at(conn, PART, 4)
    assert row is not None
    leaf = leaf_hash_of_texts(row.texts)
    conn.execute("UPDATE log_nodes SET hash = %s WHERE part = 3 AND level = 0 AND index = 3", [leaf])


def forged_with_whole_tree(conn: Connection) -> None:
    """An event edited, and every node above it made anew: only the signed root is left to tell."""
    column("event_type", "'forged'", 9)(conn)
    conn.execute("DELETE FROM log_nodes WHERE part = 3")
    seal(conn)


TAMPERED: dict[str, tuple[Edit, tuple[int, int], str]] = {
    "payload": (column("event_data", "'{\"a\":1}'"), (3, 4), "payload is not the one"),
    "payload by one space": (
        column("event_data", "(event_data::text || ' ')::json"),
        (3, 4),
        "payload is not",
    ),
    "payload and its digest": (
        column("(event_data, payload_digest)", "('{}'::json, sha256(payload_salt || '{}'::bytea))"),
        (3, 4),
        "not the event that was sealed here",
    ),
    "payload erased by hand": (
        column("(event_data, payload_salt)", "(NULL, NULL)"),
        (3, 4),
        "without a privacy.erased",
    ),
    "salt erased by hand": (column("payload_salt", "NULL"), (3, 4), "half erased"),
    "id": (column("id", "gen_random_uuid()"), (3, 4), "not the event"),
    "source_system": (column("source_system", "'clerk'"), (3, 4), "not the event"),
    "idempotency_key": (column("idempotency_key", "'evt_other'"), (3, 4), "not the event"),
    "livemode": (column("livemode", "false"), (3, 4), "not the event"),
    "route in the same part": (column("route_key", f"'{route_in(3, other=1)}'"), (3, 4), "not the event"),
    "route of another part": (column("route_key", f"'{route_in(4)}'"), (3, 4), "belongs in part 4"),
    "aggregate_type": (column("aggregate_type", "'user'"), (3, 4), "not the event"),
    "aggregate_id": (column("aggregate_id", "'cus_other'"), (3, 4), "not the event"),
    "event_type": (column("event_type", "'stripe.other'"), (3, 4), "not the event"),
    "event_version": (column("event_version", "2"), (3, 4), "not the event"),
    "metadata": (column("metadata", "'{}'"), (3, 4), "not the event"),
    "correlation_id": (column("correlation_id", "''"), (3, 4), "not the event"),
    "causation_id": (column("causation_id", "'x'"), (3, 4), "not the event"),
    "occurred_at": (column("occurred_at", "occurred_at + interval '1 us'"), (3, 4), "not the event"),
    "occurred never": (column("occurred_at", "'infinity'"), (3, 4), "not the event"),
    "recorded_at": (column("recorded_at", "recorded_at + interval '1 us'"), (3, 4), "not the event"),
    "recorded never": (column("recorded_at", "'-infinity'"), (3, 4), "time of recording"),
    "the first": (column("event_type", "'x'", 1), (3, 1), "not the event"),
    "the last sealed": (column("event_type", "'x'", 12), (3, 12), "not the event"),
    "an unsealed payload": (column("event_data", "'{}'", 13), (3, 13), "payload is not"),
    "deleted in the middle": (sql("DELETE FROM events WHERE part = 3 AND position = 6"), (3, 6), "missing"),
    "deleted first": (sql("DELETE FROM events WHERE part = 3 AND position = 1"), (3, 1), "missing"),
    "deleted unsealed": (sql("DELETE FROM events WHERE part = 3 AND position = 13"), (3, 13), "missing"),
    "deleted last": (sql("DELETE FROM events WHERE part = 3 AND position = 14"), (3, 14), "head says 14"),
    "truncated": (sql("DELETE FROM events WHERE part = 3 AND position > 9"), (3, 10), "gone"),
    "truncated, head rewound": (
        sql(
            "DELETE FROM events WHERE part = 3 AND position > 9",
            "UPDATE part_heads SET head = 9 WHERE part = 3",
        ),
        (3, 10),
        "gone, though checkpoint 2 sealed 12",
    ),
    "truncated with tree and newest checkpoint": (
        sql(
            "DELETE FROM events WHERE part = 3 AND position > 5",
            "UPDATE part_heads SET head = 5 WHERE part = 3",
            "DELETE FROM log_nodes WHERE part = 3 AND (index + 1) << level > 5",
            "DELETE FROM log_checkpoints WHERE number = 2",
        ),
        (3, 6),
        "gone, though checkpoint 1 sealed 7",
    ),
    "emptied": (sql("TRUNCATE events"), (3, 1), "gone"),
    "head rewound": (sql("UPDATE part_heads SET head = 8 WHERE part = 3"), (3, 9), "beyond the head"),
    "head ahead": (sql("UPDATE part_heads SET head = 20 WHERE part = 3"), (3, 15), "head says 20"),
    "head gone": (sql("DELETE FROM part_heads WHERE part = 3"), (3, 1), "beyond the head"),
    "inserted past the head": (
        sql(COPY_TO.format(part=3, position=15, recorded="now()")),
        (3, 15),
        "beyond the head",
    ),
    "inserted with the head": (
        sql(
            COPY_TO.format(part=3, position=15, recorded="now() + interval '1 h'"),
            "UPDATE part_heads SET head = 15 WHERE part = 3",
        ),
        (3, 15),
        "later than the head knows",
    ),
    "inserted in the place of another": (
        sql(
            "UPDATE events SET position = 99 WHERE part = 3 AND position = 5",
            COPY_TO.format(part=3, position=5, recorded="recorded_at"),
        ),
        (3, 5),
        "",
    ),
    "two bodies swapped": (sql(SWAP.format(columns=BODY)), (3, 5), "not the event"),
    "two rows swapped": (sql(*WHOLE), (3, 5), "not the event"),
    "moved to another part": (sql(*MOVE), (40, 4), "belongs in part 3"),
    "sealed one moved to another part": (
        sql("UPDATE events SET part = 40, position = 4 WHERE part = 3 AND position = 2"),
        (3, 2),
        "missing",
    ),
    "a leaf of the tree": (
        node(0, 3),
        (3, 4),
        "its leaf in the tree was changed; the event is as it was signed",
    ),
    "a node of the tree": (node(2, 1), (3, 0), "level 2, index 1 is changed"),
    "a node deleted": (
        sql("DELETE FROM log_nodes WHERE part = 3 AND level = 0 AND index = 8"),
        (3, 9),
        "level 0, index 8 is missing",
    ),
    "a node too many": (
        sql("INSERT INTO log_nodes VALUES (3, 5, 0, sha256('x'))"),
        (3, 0),
        "expected 22 tree nodes, found 23",
    ),
    "an event with its leaf": (forged_with_tree, (3, 3), "up to position 4, its tree too"),
    "an event with the whole tree": (forged_with_whole_tree, (3, 8), "up to position 12, its tree too"),
    "a checkpoint's root": (
        sql("UPDATE log_checkpoints SET root = sha256('x') WHERE number = 1"),
        (-1, 0),
        "checkpoint 1: its columns",
    ),
    "a checkpoint's note": (
        sql("UPDATE log_checkpoints SET note = replace(note, E'\\n3 7 ', E'\\n3 6 ') WHERE number = 1"),
        (-1, 0),
        "checkpoint 1: the signature by the trusted key",
    ),
    "a checkpoint deleted": (
        sql("DELETE FROM log_checkpoints WHERE number = 1"),
        (-1, 0),
        "checkpoints 1 to 1 are missing",
    ),
    "a checkpoint instead of another": (
        sql(
            "DELETE FROM log_checkpoints WHERE number = 1",
            "INSERT INTO log_checkpoints SELECT 1, signed_at, size, root, note, verifiers"
            " FROM log_checkpoints",
        ),
        (-1, 0),
        "checkpoint 1: the one that follows it once more",
    ),
    "the origin": (sql("UPDATE log_origin SET origin = 'tenure/other'"), (-1, 0), "but the log is"),
}


@pytest.mark.parametrize(("edit", "place", "what"), TAMPERED.values(), ids=TAMPERED.keys())
def test_tampering_is_named_by_its_first_wrong_row(
    log: str, edit: Edit, place: tuple[int, int], what: str
) -> None:
    trusted = trusted_in(log)
    assert verify(lending(log), trusted=trusted).findings == []
    with superuser(log) as mallory:
        mallory.execute("ALTER TABLE log_origin DISABLE TRIGGER ALL")
        edit(mallory)

    first = verify(lending(log), trusted=trusted).first

    assert first is not None
    assert (first.part, first.position) == place, str(first)
    assert what in first.what


def test_a_good_log_is_good_however_many_look(log: str) -> None:
    seen: list[PartReport] = []
    alone = verified(log, progress=seen.append)
    together = verified(log, workers=2)

    assert alone.findings == []
    assert (alone.events, alone.unsealed, alone.checkpoints) == (17, 2, 2)
    assert (together.events, together.findings) == (17, [])
    assert sorted(report.part for report in seen) == list(range(64))


def test_since_a_checkpoint_only_younger_events_are_read(log: str) -> None:
    first = verified(log)
    fill(log, {PART: 3})
    sealed(log, 2)

    second = verified(log, since=first.note)

    assert (second.findings, second.events, second.checkpoints) == ([], 5, 1)


def test_since_a_checkpoint_a_deleted_older_event_is_still_missed(log: str) -> None:
    note = verified(log).note
    with superuser(log) as mallory:
        mallory.execute("DELETE FROM events WHERE part = 3 AND position = 6")

    first = verified(log, since=note).first

    assert first is not None
    assert (first.part, first.position) == (3, 6)


def test_since_a_checkpoint_the_tree_under_it_is_checked(log: str) -> None:
    note = verified(log).note
    with superuser(log) as mallory:
        node(2, 1)(mallory)
        node(3, 0)(mallory)

    first = verified(log, since=note).first

    assert first is not None
    assert "is not the one of the checkpoint to begin at" in first.what


def test_a_kept_checkpoint_tells_of_a_log_that_was_cut_back_whole(log: str) -> None:
    """Everything after the first checkpoint taken away, seals included: only a copy kept elsewhere tells."""
    note = verified(log).note
    with superuser(log) as mallory:
        sql(
            "DELETE FROM events WHERE part = 3 AND position > 7",
            "UPDATE part_heads SET head = 7 WHERE part = 3",
            "DELETE FROM log_nodes WHERE part = 3 AND (index + 1) << level > 7",
            "DELETE FROM log_checkpoints WHERE number = 2",
        )(mallory)

    assert verified(log).findings == []
    first = verified(log, kept=[note]).first
    assert first is not None
    assert (first.part, first.position) == (3, 8)


def test_a_log_signed_by_a_stranger_is_refused(log: str) -> None:
    findings = verified(log, seed="mJ2uPz0cVbXoQe9fLr5tYw8hKd3sGa6iTn1jRv4xCk0=").findings

    assert [str(finding).split(":")[0] for finding in findings] == ["checkpoint 1", "checkpoint 2"]


def test_a_stranger_who_signs_the_newest_too_vouches_for_nothing(log: str, conn: Connection) -> None:
    assert conn.execute("SELECT verifiers FROM log_checkpoints WHERE number = 1").fetchone()
    conn.commit()
    sealed(log, 99, seed="mJ2uPz0cVbXoQe9fLr5tYw8hKd3sGa6iTn1jRv4xCk0=")

    findings = verified(log).findings

    assert [str(finding).split(":")[0] for finding in findings] == ["checkpoint 3"]


def test_many_wrong_rows_are_told_with_a_limit(conninfo: str) -> None:
    fill(conninfo, {PART: 50})
    sealed(conninfo)
    with superuser(conninfo) as mallory:
        mallory.execute("UPDATE events SET event_type = 'x'")

    report = verified(conninfo)

    assert len(report.findings) == 20
    assert report.first is not None
    assert report.first.position == 1


def test_writers_do_not_disturb_a_verification(log: str) -> None:
    seen = 0

    def write(_: PartReport) -> None:
        nonlocal seen
        seen += 1
        fill(log, {seen % 64: 1})

    assert verified(log, progress=write).findings == []
