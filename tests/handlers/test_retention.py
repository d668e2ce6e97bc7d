"""Retention deletes what is old, says so in the log, and leaves a log that still verifies."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from database.pool import Connection
from events.append import append
from events.domain import system, system_event
from events.seals.errors import SealError
from events.seals.growth_proof import check_growth
from events.seals.removal import Removal, sign_removal, spans_of, verify_removal
from handlers.retention import KeysOf, in_batches, thin_checkpoints, trim_access_log
from queries.seals import checkpoints, growth_proof
from tests import sealing

NOW = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def service(conninfo: str) -> Iterator[Connection]:
    """A connection with the service's rights."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("SET ROLE tenure_app")
        yield conn


def note_accesses(conn: Connection, ages: list[timedelta]) -> None:
    for age in ages:
        conn.execute(
            "INSERT INTO access_log (id, read_at, reader, role, subject_id, fields, reason)"
            " VALUES (%s, %s, 'token:a', 'auditor', 'user_1', '{email}', '')",
            [uuid4(), NOW - age],
        )


def count(conn: Connection, table: str) -> int:
    row = conn.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def removed(conn: Connection, keys_of: KeysOf = sealing.keys_of) -> int:
    """Thin the checkpoints; by default with the log's own keys."""
    return in_batches(conn, partial(thin_checkpoints, conn, now=NOW, keep=30 * DAY, keys_of=keys_of))


@pytest.fixture
def signed(conninfo: str, service: Connection) -> Connection:
    """Twelve checkpoints, one every twenty minutes from 09:26, and one much later."""
    for number in range(12):
        sealing.fill(conninfo, {3: 1})
        sealing.sealed(conninfo, 20 * number)
    sealing.fill(conninfo, {3: 1})
    sealing.sealed(conninfo, 60 * 24 * 300)
    return service


def numbers(conn: Connection) -> list[int]:
    return [stored.number for stored in checkpoints(conn)][::-1]


def test_old_accesses_go_and_the_log_says_so(service: Connection) -> None:
    note_accesses(service, [401 * DAY, 500 * DAY, 400 * DAY - timedelta(seconds=1), DAY])

    deleted = in_batches(service, partial(trim_access_log, service, now=NOW, keep=400 * DAY))

    assert deleted == 2
    assert count(service, "access_log") == 2
    [payload] = service.execute(
        "SELECT event_data FROM events WHERE event_type = 'access_log.trimmed'"
    ).fetchall()
    assert payload == ({"through": "2025-07-27T12:30:00Z", "rows": 2},)


def test_accesses_go_in_batches_and_a_second_run_deletes_nothing(service: Connection) -> None:
    note_accesses(service, [(500 + number) * DAY for number in range(5)] + [500 * DAY])
    trim = partial(trim_access_log, service, now=NOW, keep=400 * DAY, limit=2)

    runs = [in_batches(service, trim), in_batches(service, trim)]

    events = service.execute("SELECT count(*) FROM events WHERE event_type = 'access_log.trimmed'").fetchone()
    assert runs == [6, 0]
    assert events == (3,)


def test_only_retention_deletes_accesses(service: Connection, conn: Connection) -> None:
    note_accesses(service, [500 * DAY])

    with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
        conn.execute("DELETE FROM access_log")


@pytest.mark.parametrize("through", [datetime(2999, 1, 1, tzinfo=UTC), NOW - 500 * DAY])
def test_an_event_deletes_only_what_is_old_and_what_it_counts(service: Connection, through: datetime) -> None:
    note_accesses(service, [DAY - timedelta(days=400), 500 * DAY])
    fact = system.AccessLogTrimmed(through=through, rows=2)

    with service.transaction(force_rollback=True):
        done = append(service, system_event(fact, aggregate_id="a", now=NOW, idempotency_key="k"))
        with (
            pytest.raises(errors.InsufficientPrivilege, match="expected to delete 2 rows"),
            service.transaction(),
        ):
            service.execute("SELECT apply_retention(%s::smallint, %s)", [done.part, done.position])


def test_an_older_event_deletes_nothing(service: Connection) -> None:
    fact = system.AccessLogTrimmed(through=NOW, rows=1)
    done = append(service, system_event(fact, aggregate_id="a", now=NOW, idempotency_key="k"))

    with pytest.raises(errors.InsufficientPrivilege, match="appended in this transaction"):
        service.execute("SELECT apply_retention(%s::smallint, %s)", [done.part, done.position])


def test_the_last_checkpoint_of_each_hour_stays(conninfo: str, signed: Connection) -> None:
    """09:26 (the first), 09:46, 10:46, 11:46, 12:46 and 13:06 (before the bound), and the newest."""
    deleted = removed(signed)

    assert numbers(signed) == [1, 2, 5, 8, 11, 12, 13]
    assert deleted == 6
    assert removed(signed) == 0


def test_later_the_last_of_each_day_stays(conninfo: str, signed: Connection) -> None:
    thin = partial(thin_checkpoints, signed, now=NOW + 500 * DAY, keep=30 * DAY, keys_of=sealing.keys_of)

    in_batches(signed, thin)

    assert numbers(signed) == [1, 12, 13]


def test_a_thinned_log_verifies_and_its_checkpoints_still_prove_growth(
    conninfo: str, signed: Connection
) -> None:
    removed(signed)
    sealing.sealed(conninfo, 60 * 24 * 300 + 1)
    trusted = sealing.trusted_in(conninfo)

    report = sealing.verified(conninfo)

    assert (report.findings, report.checkpoints) == ([], 8)
    kept = list(checkpoints(signed))
    for older, newer in zip(kept[1:], kept, strict=False):
        check_growth(growth_proof(signed, older.note, newer.note), trusted)  # raises where it does not hold


def test_a_removed_note_kept_outside_is_still_proved(conninfo: str, signed: Connection) -> None:
    notes = [stored.note for stored in checkpoints(signed)]
    removed(signed)

    assert sealing.verified(conninfo, kept=notes).findings == []


def test_verification_may_begin_at_a_removed_checkpoint(conninfo: str, signed: Connection) -> None:
    [third] = [stored.note for stored in checkpoints(signed) if stored.number == 3]
    removed(signed)

    report = sealing.verified(conninfo, since=third)

    assert (report.findings, report.checkpoints) == ([], 5)


@pytest.mark.parametrize(
    ("number", "missing"), [(5, "checkpoints 5 to 5 are missing"), (1, "checkpoints 1 to 1 are missing")]
)
def test_a_checkpoint_deleted_by_hand_is_missing_beside_removed_ones(
    conninfo: str, signed: Connection, number: int, missing: str
) -> None:
    removed(signed)
    with sealing.superuser(conninfo) as mallory:
        mallory.execute("DELETE FROM log_checkpoints WHERE number = %s", [number])

    assert [str(finding) for finding in sealing.verified(conninfo).findings] == [missing]


def test_a_forged_removal_covers_nothing(conninfo: str, signed: Connection) -> None:
    removed(signed, partial(sealing.keys_of, seed=sealing.OLD_SEED))

    findings = [str(finding) for finding in sealing.verified(conninfo).findings]

    assert findings == [f"checkpoints {span} are missing" for span in ("3 to 4", "6 to 7", "9 to 10")]


def test_checkpoints_around_a_change_of_keys_stay(conninfo: str, service: Connection) -> None:
    both = f"{sealing.SEED},{sealing.OLD_SEED}"
    for number, seed in enumerate([sealing.OLD_SEED] * 3 + [both] * 3 + [sealing.SEED] * 4):
        sealing.fill(conninfo, {3: 1})
        sealing.sealed(conninfo, number, seed=seed)

    removed(service)

    assert numbers(service) == [1, 3, 4, 6, 7, 10]
    assert sealing.verified(conninfo).findings == []


def test_a_removal_is_no_checkpoint_and_a_checkpoint_no_removal(conninfo: str, signed: Connection) -> None:
    trusted = sealing.trusted_in(conninfo)
    origin = trusted[0].name
    note = sign_removal(Removal(origin, ((2, 4),)), sealing.keys_of(origin))

    assert verify_removal(note, trusted, origin=origin).spans == ((2, 4),)
    with pytest.raises(SealError):
        verify_removal(note, trusted, origin="another")
    with pytest.raises(SealError):
        verify_removal(next(checkpoints(signed)).note, trusted, origin=origin)
    with pytest.raises(SealError):
        sealing.verified(conninfo, since=note)


def test_numbers_are_told_as_runs() -> None:
    assert spans_of([1, 2, 3, 5, 8, 9]) == ((1, 3), (5, 5), (8, 9))
    assert spans_of([]) == ()
