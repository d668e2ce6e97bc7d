"""An erasure reaches every copy of the person beside the log and the live tables."""

import json
import random
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from database.pool import Connection
from events.append import append, append_all
from events.routing import part_of
from handlers.erasure_sweep import SweepReport, sweep
from handlers.privacy import erase_person, plan_erasure
from projections.replay import Silent, compare, replay, roll_back
from projections.replay.errors import LogIncomplete, NothingToRollBack
from tests.handlers.commands import a_campaign
from tests.projections import replaying
from tests.projections.event_builders import CUSTOMER, USER, card, clerk, linked, stripe, user
from tests.projections.replaying import options, project, tell
from tests.sealing import NOW, verified

EMAIL = "ada.unique@example.com"


class Killed(Exception):
    """Stands for a kill: what the replay leaves behind stays."""


class KilledAfter(Silent):
    """Kills the replay when it has told of so many pieces."""

    def __init__(self, pieces: int) -> None:
        self._pieces = pieces

    def advance(self, done: int) -> None:
        self._pieces -= 1
        if self._pieces < 0:
            raise Killed


@pytest.fixture
def ada(conninfo: str) -> str:
    """Ada with a card, among a shop's users; projected."""
    person = clerk("user.created", user(email=EMAIL, first_name="Ada", last_name="Unique"), at=1)
    attached = stripe("payment_method.attached", card(), at=3)
    tell(conninfo, [person, linked(at=2), attached, *replaying.shop(users=3)])
    project(conninfo)
    return conninfo


def erase(conninfo: str, data_dir: Path) -> SweepReport:
    with psycopg.connect(conninfo) as conn:
        conn.execute("SET ROLE tenure_app")
        erase_person(conn, plan_erasure(conn, USER), now=NOW, actor="cli:test", reason="ticket 12")
        conn.commit()
        return sweep(conn, data_dir)


def places(conninfo: str, text: str) -> set[str]:
    """Every table of every schema in which the text stands."""
    query = """SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"""
    names = set()
    with psycopg.connect(conninfo) as conn:
        for schema, table in conn.execute(query).fetchall():
            count = sql.SQL("SELECT count(*) FROM {} t WHERE strpos(t::text, %s) > 0")
            row = conn.execute(count.format(sql.Identifier(schema, table)), [text]).fetchone()
            if row and row[0]:
                names.add(f"{schema}.{table}")
    return names


def files(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_the_tables_of_before_go_with_the_person(ada: str, tmp_path: Path) -> None:
    replay(ada, options=options(tmp_path / "replay"))
    before = places(ada, EMAIL)

    swept = erase(ada, tmp_path)
    project(ada)

    assert "tenure_previous.users" in before
    assert swept.replays.schemas == ("tenure_previous",)
    assert places(ada, EMAIL) == set()


def test_tables_swapped_out_before_they_saw_the_erasure_go_at_once(
    ada: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The live projector is behind, so the tables that become the previous ones still hold the person."""
    monkeypatch.setattr("projections.decision_transaction.MAX_PENDING", 0)
    erase(ada, tmp_path)
    before = places(ada, EMAIL)

    replay(ada, options=options(tmp_path / "replay"))

    assert "public.users" in before
    assert places(ada, EMAIL) == set()
    assert places(ada, "Unique") == set()


def test_a_rollback_does_not_bring_an_erased_person_back(ada: str, tmp_path: Path) -> None:
    replay(ada, options=options(tmp_path / "replay"))
    with psycopg.connect(ada) as conn:
        erase_person(conn, plan_erasure(conn, USER), now=NOW, actor="cli:test", reason="ticket 12")
        conn.commit()  # and killed here, before the copies were swept

    with psycopg.connect(ada, autocommit=True) as conn, pytest.raises(NothingToRollBack, match="erased"):
        roll_back(conn)


@pytest.mark.parametrize("pieces", [1, 3, 5])
def test_a_killed_replay_keeps_nothing_of_an_erased_person(ada: str, tmp_path: Path, pieces: int) -> None:
    with pytest.raises(Killed):
        replay(ada, options=options(tmp_path / "replay", range_pages=4), observer=KilledAfter(pieces))
    before = files(tmp_path, EMAIL)

    swept = erase(ada, tmp_path)
    project(ada)

    assert before != []
    assert swept.replays.schemas == ("tenure_shadow",)
    assert files(tmp_path, EMAIL) == []
    assert places(ada, EMAIL) == set()
    replay(ada, options=options(tmp_path / "replay"))
    assert compare(ada, options=options(tmp_path / "replay")).equal


def test_an_unfinished_replay_without_an_erasure_is_kept(ada: str, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        replay(ada, options=options(tmp_path / "replay", range_pages=4), observer=KilledAfter(1))
    before = sorted(tmp_path.rglob("*"))

    with psycopg.connect(ada) as conn:
        swept = sweep(conn, tmp_path)

    assert (swept.replays.schemas, swept.replays.folders) == ((), ())
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_of_a_running_replay_is_swept(ada: str, tmp_path: Path) -> None:
    replay(ada, options=options(tmp_path / "replay"))
    with psycopg.connect(ada, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('tenure replay'))")

        swept = erase(ada, tmp_path)

        assert swept.replays.is_replaying
        assert "tenure_previous.users" in places(ada, EMAIL)
        other.execute("SELECT pg_advisory_unlock_all()")  # a closed session unlocks a moment later
    with psycopg.connect(ada) as conn:
        assert sweep(conn, tmp_path).replays.schemas == ("tenure_previous",)


@pytest.fixture
def full_pages(conninfo: str) -> str:
    """Ada's row fills its page, so that erasing it moves it behind all others."""
    letters = random.Random(7)
    filler = "".join(letters.choices("abcdefghijklmnop", k=6500)) + "x" * 500
    person = clerk("user.created", user(email=EMAIL, public_metadata={"filler": filler}), at=1)
    tell(conninfo, [person])
    tell(conninfo, [stripe("ping", {"id": f"x_{n}", "filler": filler}, at=n + 2) for n in range(12)])
    project(conninfo)
    return conninfo


def test_a_replay_killed_before_an_erasure_ends_after_it(full_pages: str, tmp_path: Path) -> None:
    pieces = options(tmp_path / "replay", range_pages=1)
    with pytest.raises(Killed):
        replay(full_pages, options=pieces, observer=KilledAfter(4))
    before = page_of_ada(full_pages)
    with psycopg.connect(full_pages) as conn:
        erase_person(conn, plan_erasure(conn, USER), now=NOW, actor="x", reason="ticket 12")
        conn.commit()
    moved = page_of_ada(full_pages) > before

    replay(full_pages, options=pieces)

    assert moved
    assert places(full_pages, EMAIL) == set()


def test_a_sum_that_does_not_add_up_is_not_gone_on_with(full_pages: str, tmp_path: Path) -> None:
    """The heap was rewritten between a kill and the next replay: that fails once, not for ever."""
    pieces = options(tmp_path / "replay", range_pages=1)
    with pytest.raises(Killed):
        replay(full_pages, options=pieces, observer=KilledAfter(4))
    with psycopg.connect(full_pages, autocommit=True) as conn:
        conn.execute("CLUSTER events USING events_recorded")  # newest first

    with pytest.raises(LogIncomplete):
        replay(full_pages, options=pieces)
    replay(full_pages, options=pieces)

    assert compare(full_pages, options=pieces).equal


def page_of_ada(conninfo: str) -> int:
    query = "SELECT (ctid::text::point)[0]::int FROM events WHERE route_key = %s AND source_system = 'clerk'"
    with psycopg.connect(conninfo) as conn:
        row = conn.execute(query, [USER]).fetchone()
    assert row is not None
    return int(row[0])


def test_a_part_whose_clock_runs_ahead_keeps_no_payload(conninfo: str, conn: Connection) -> None:
    """Recording times of two parts do not compare: the customer's part is a day ahead of the user's."""
    conn.execute(
        "UPDATE part_heads SET recorded_at = now() + interval '1 day' WHERE part = %s", [part_of(CUSTOMER)]
    )
    append_all(conn, [clerk("user.created", user(email=EMAIL), at=1), linked(at=2)])
    append(conn, stripe("payment_method.attached", card(), at=3))
    conn.commit()
    project(conninfo)

    erase_person(conn, plan_erasure(conn, USER), now=NOW, actor="x", reason="ticket 12")
    conn.commit()

    kept = conn.execute("SELECT event_type FROM events WHERE event_data IS NOT NULL").fetchall()
    assert part_of(CUSTOMER) != part_of(USER)
    assert [row[0] for row in kept if row[0] != "plan.published"] == ["privacy.erased"]
    assert verified(conninfo).findings == []


def test_a_payload_beyond_what_an_erasure_covers_is_missed(conninfo: str, conn: Connection) -> None:
    append(conn, clerk("user.created", user(email=EMAIL), at=1))
    erase_person(conn, plan_erasure(conn, USER), now=NOW, actor="x", reason="ticket 12")
    append(conn, clerk("user.updated", user(email=EMAIL), at=2))
    conn.commit()
    with psycopg.connect(conninfo) as mallory:
        mallory.execute("ALTER TABLE events DISABLE TRIGGER ALL")
        edit = (
            "UPDATE events SET event_data = NULL, payload_salt = NULL WHERE event_type = 'clerk.user.updated'"
        )
        mallory.execute(edit)

    (finding,) = verified(conninfo).findings

    assert "missing without a privacy.erased event" in finding.what


def test_reasons_in_the_access_log_are_erased(conninfo: str, conn: Connection) -> None:
    append(conn, clerk("user.created", user(email=EMAIL), at=1))
    note = (
        "INSERT INTO access_log (id, reader, role, subject_id, fields, reason)"
        " VALUES (gen_random_uuid(), 'cli:x', 'operator', %s, '{email}', %s)"
    )
    conn.execute(note, [USER, f"{EMAIL} wrote to us"])
    conn.execute(note, ["user_bob", "Bob wrote to us"])

    erase_person(conn, plan_erasure(conn, USER), now=NOW, actor="x", reason="ticket 12")

    rows = conn.execute("SELECT subject_id, reason FROM access_log ORDER BY 1").fetchall()
    assert rows == [(USER, "(erased)"), ("user_bob", "Bob wrote to us")]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("UPDATE access_log SET reason = '(erased)'")


def sampled(conninfo: str) -> bool:
    """Whether the address stands in the planner's statistics."""
    query = "SELECT count(*) FROM pg_stats WHERE concat(most_common_vals, histogram_bounds) LIKE %s"
    with psycopg.connect(conninfo) as conn:
        return conn.execute(query, [f"%{EMAIL}%"]).fetchone() != (0,)


def analyze(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("ANALYZE")


def swept(conninfo: str, data_dir: Path) -> tuple[str, ...]:
    """The tables that the next sweep analyzes."""
    with psycopg.connect(conninfo) as conn:
        return sweep(conn, data_dir).analyzed


def test_statistics_taken_before_an_erasure_are_taken_anew(ada: str, tmp_path: Path) -> None:
    analyze(ada)
    before = sampled(ada)

    analyzed = erase(ada, tmp_path).analyzed

    assert before
    assert "users" in analyzed
    assert not sampled(ada)
    assert swept(ada, tmp_path) == ()


def test_statistics_taken_before_an_erasure_was_projected_are_taken_anew(
    ada: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The projector is down for hours, and autovacuum analyzes tables that still have the person."""
    monkeypatch.setattr("projections.decision_transaction.MAX_PENDING", 0)
    too_early = erase(ada, tmp_path).analyzed
    analyze(ada)
    project(ada)
    before = sampled(ada)

    analyzed = swept(ada, tmp_path)

    assert (too_early, before) == ((), True)
    assert "users" in analyzed
    assert not sampled(ada)


@pytest.mark.parametrize("version", ["this", "older"])
def test_statistics_of_a_table_that_an_erasure_emptied_go(ada: str, tmp_path: Path, version: str) -> None:
    """ANALYZE of an empty table leaves the statistics of its last rows."""
    with psycopg.connect(ada) as conn:
        a_campaign(conn, name=EMAIL)
        conn.execute("CREATE INDEX ON campaigns (lower(name))")
        if version == "older":
            older = "SELECT pg_get_functiondef('clear_statistics'::regproc)"
            row = conn.execute(older).fetchone()
            assert row is not None
            conn.execute(row[0].replace("180000", "990000"))
    analyze(ada)
    before = sampled(ada)

    erase(ada, tmp_path)

    assert before
    assert not sampled(ada)


def test_mail_in_the_outbox_goes_with_its_job(ada: str, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    ids = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"]
    with psycopg.connect(ada) as conn:
        for job_id, user_id in zip(ids, (USER, "user_bob"), strict=True):
            conn.execute(
                "INSERT INTO background_jobs"
                " (id, type, payload, max_retries, scheduled_for, created_at, updated_at)"
                " VALUES (%s, 'email', %s, 3, now(), now(), now())",
                [job_id, json.dumps({"user_id": user_id})],
            )
            (outbox / f"{job_id}.eml").write_text("To: somebody")
    (outbox / "notes.eml").write_text("not ours")

    swept = erase(ada, tmp_path)

    assert swept.mails == 1
    assert sorted(path.name for path in outbox.iterdir()) == [f"{ids[1]}.eml", "notes.eml"]
