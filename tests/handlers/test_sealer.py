"""The sealer on a real log: whole, in bounded batches, and safe beside others."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import psycopg
import pytest

from database.pool import Connection
from events.seals.checkpoint import verify_checkpoint
from events.seals.merkle import EMPTY_ROOT
from handlers.sealer import FRESH_FOR, TreeContradicts, checkpoint, seal
from queries.sealed_leaves import part_sizes
from queries.seals import grown, heads_of, latest_checkpoint
from tests.sealing import (
    NOW,
    OLD_SEED,
    SEED,
    append_event,
    fill,
    keys_of,
    lent,
    route_in,
    sealed,
    sealer,
    superuser,
    verified,
)

ROOT = Path(__file__).parents[2]


def sizes(conn: Connection) -> dict[int, int]:
    return {size.part: size.sealed for size in part_sizes(conn) if size.sealed}


def test_an_empty_log_is_signed_as_empty(conninfo: str) -> None:
    signed = sealed(conninfo)

    assert (signed.number, signed.size) == (1, 0)
    assert {head.root for head in heads_of(signed.note)} == {EMPTY_ROOT}


def test_all_committed_events_are_sealed_and_the_log_verifies(conninfo: str, conn: Connection) -> None:
    fill(conninfo, {3: 11, 7: 1, 63: 4})

    signed = sealed(conninfo)

    assert sizes(conn) == {3: 11, 7: 1, 63: 4}
    assert (signed.size, signed.signed_at) == (16, NOW)
    report = verified(conninfo)
    assert (report.findings, report.events, report.unsealed, report.checkpoints) == ([], 16, 0, 1)


def test_batches_are_bounded_and_go_on_where_the_last_ended(conninfo: str, conn: Connection) -> None:
    fill(conninfo, {3: 11, 7: 4})

    first = seal(conn, limit=5)
    conn.commit()
    second = seal(conn, limit=100)

    assert (first.events, first.more) == (5, True)
    assert (second.events, second.more) == (10, False)
    assert sizes(conn) == {3: 11, 7: 4}


def test_any_batch_size_grows_the_same_trees(conninfo: str) -> None:
    fill(conninfo, {3: 37, 4: 9})
    signed = sealed(conninfo)
    with superuser(conninfo) as mallory:
        mallory.execute("DELETE FROM log_checkpoints")
        mallory.execute("DELETE FROM log_nodes")

    again = sealer(conninfo, batch=3).run()

    assert again is not None
    assert again.note == signed.note


def test_uncommitted_events_are_not_sealed(conninfo: str, conn: Connection) -> None:
    append_event(conn, route_in(3))
    with lent(conninfo) as other:
        result = seal(other)
    conn.commit()

    assert result.events == 0
    assert seal(conn).events == 1


def test_a_second_sealer_leaves_at_once(conninfo: str, conn: Connection) -> None:
    fill(conninfo, {3: 2})
    seal(conn)

    with lent(conninfo) as other:
        assert seal(other).busy
        assert checkpoint(other, now=NOW, keys_of=keys_of) is None


def test_many_sealers_beside_many_writers_leave_one_tree(conninfo: str, conn: Connection) -> None:
    done = Event()

    def write(number: int) -> None:
        with lent(conninfo) as own:
            for event in range(60):
                append_event(own, route_in(event % 5, other=number))
                own.commit()

    def keep_sealing(minute: int) -> None:
        while not done.is_set():
            sealer(conninfo, minute=minute, batch=7).run()

    with ThreadPoolExecutor(6) as threads:
        sealing = [threads.submit(keep_sealing, minute) for minute in (0, 1)]
        for written in [threads.submit(write, number) for number in range(4)]:
            written.result()
        done.set()
        for future in sealing:
            future.result()
    sealed(conninfo, 99)

    report = verified(conninfo)
    assert (report.findings, report.events, report.unsealed) == ([], 240, 0)


CHILD = """
import sys
from database.pool import connect
from handlers.sealer import seal
conn = connect(sys.argv[1], application_name="victim")
print(seal(conn, limit=50).events, flush=True)
sys.stdin.read()
"""


def test_a_killed_sealer_leaves_the_tree_as_it_was(conninfo: str, conn: Connection) -> None:
    fill(conninfo, {3: 60})
    sealed_before = seal(conn, limit=20).events
    conn.commit()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, conninfo], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"40\n"

    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('tenure log_nodes', 0))"
    )  # its backend is gone
    conn.commit()

    assert sizes(conn) == {3: sealed_before}
    conn.commit()
    assert sealed(conninfo).size == 60
    assert verified(conninfo).findings == []


def test_an_unchanged_log_is_signed_again_only_when_the_last_note_is_stale(conninfo: str) -> None:
    fill(conninfo, {3: 1})
    sealed(conninfo)

    assert sealer(conninfo, minute=59).run() is None
    signed = sealer(conninfo, minute=FRESH_FOR // timedelta(minutes=1)).run()
    assert signed is not None
    assert signed.number == 2


def test_each_checkpoint_contains_the_one_before(conninfo: str, conn: Connection) -> None:
    fill(conninfo, {3: 5, 9: 2})
    older = sealed(conninfo)
    fill(conninfo, {3: 4, 12: 1})
    newer = sealed(conninfo, 1)

    _, growth = grown(conn, older.note, trusted=[keys_of(heads_origin(newer.note))[0].verifier])

    assert growth.new_events == 5


def heads_origin(note: str) -> str:
    return note.partition("\n")[0]


def test_a_clock_that_steps_back_signs_no_earlier_time(conninfo: str) -> None:
    sealed(conninfo, 5)
    fill(conninfo, {3: 1})

    assert sealed(conninfo, 0).signed_at == NOW + timedelta(minutes=5)


def test_rotation_signs_with_both_keys_and_then_the_new_one(conninfo: str) -> None:
    old = sealed(conninfo, 0, seed=OLD_SEED)
    both = sealed(conninfo, 1, seed=f"{SEED},{OLD_SEED}")
    new = sealed(conninfo, 2, seed=SEED)

    assert [len(signed.verifiers) for signed in (old, both, new)] == [1, 2, 1]
    assert verified(conninfo, seed=SEED).findings == []
    for signed, seed in ((both, SEED), (both, OLD_SEED), (new, SEED)):
        key = keys_of(heads_origin(signed.note), seed)[0].verifier
        assert verify_checkpoint(signed.note, [key]).checkpoint.size == 0


def test_a_new_key_without_overlap_vouches_for_nothing_older(conninfo: str) -> None:
    sealed(conninfo, 0, seed=OLD_SEED)
    sealed(conninfo, 1, seed=SEED)

    findings = verified(conninfo, seed=SEED).findings

    assert [str(finding)[:13] for finding in findings] == ["checkpoint 1:"]


def test_origin_is_settled_once(conninfo: str) -> None:
    first, second = sealed(conninfo, 0), sealed(conninfo, 60)

    assert heads_origin(first.note) == heads_origin(second.note)
    assert heads_origin(first.note).startswith("tenure/")


def test_nothing_is_signed_over_an_edited_tree(conninfo: str) -> None:
    fill(conninfo, {3: 5})
    sealed(conninfo)
    with superuser(conninfo) as mallory:
        mallory.execute("UPDATE log_nodes SET hash = sha256('x') WHERE part = 3 AND level = 2")

    with pytest.raises(TreeContradicts, match="part 3"):
        sealer(conninfo, minute=1).run()


def test_a_broken_part_is_named_and_the_others_are_sealed(conninfo: str, conn: Connection) -> None:
    fill(conninfo, {3: 5, 4: 5})
    with superuser(conninfo) as mallory:
        mallory.execute("DELETE FROM events WHERE part = 3 AND position = 4")

    result = seal(conn)

    assert [(refusal.part, refusal.position) for refusal in result.refusals] == [(3, 4)]
    assert sizes(conn) == {3: 3, 4: 5}


def test_a_rewound_head_is_named(conninfo: str, conn: Connection) -> None:
    fill(conninfo, {3: 5})
    sealed(conninfo)
    with superuser(conninfo) as mallory:
        mallory.execute("UPDATE part_heads SET head = 3 WHERE part = 3")

    assert [(refusal.part, refusal.position) for refusal in seal(conn).refusals] == [(3, 4)]


@pytest.mark.parametrize("table", ["log_nodes", "log_checkpoints", "log_origin"])
def test_the_service_can_add_but_not_change(conninfo: str, conn: Connection, table: str) -> None:
    fill(conninfo, {3: 2})
    sealed(conninfo)

    for role in ("tenure_app", "postgres"):
        for change in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with conn.transaction(force_rollback=True):
                if role == "tenure_app":
                    conn.execute("SET LOCAL ROLE tenure_app")
                else:
                    conn.execute("SET LOCAL session_replication_role = replica")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(change.encode())


def test_latest_checkpoint_is_what_was_signed_last(conninfo: str, conn: Connection) -> None:
    assert latest_checkpoint(conn) is None
    conn.commit()
    signed = sealed(conninfo)

    assert latest_checkpoint(conn) == signed
