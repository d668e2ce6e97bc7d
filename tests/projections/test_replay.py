"""Replay: the rebuilt tables are the live ones, and the swap leaves everything else as it was."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from database import schema
from database.pool import connect
from events.domain import user as own
from events.envelope import NewEvent
from projections.replay import compare, rebuild_user, replay, replay_due, roll_back, standing
from projections.replay.build import heads, new_job
from projections.replay.copy_loader import Loader
from projections.replay.errors import (
    AddedUnique,
    ColumnsDiffer,
    IndexRefused,
    LogIncomplete,
    NothingToRollBack,
    ReplayRunning,
    TablesReferenced,
    UnknownUser,
)
from projections.replay.plan import CHECKED
from projections.replay.statements import session
from projections.replay.tables import OWN_UNIQUE, REBUILT
from tests.projections import event_builders, replaying
from tests.projections.replaying import options, project, tables, tell

pytestmark = pytest.mark.usefixtures("live_events_only")


def rows(conninfo: str, query: str) -> list[tuple[Any, ...]]:  # Any: column values
    with psycopg.connect(conninfo, autocommit=True) as conn:
        cursor = conn.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("workers", [1, 2])
def test_a_replay_gives_the_live_tables(conninfo: str, tmp_path: Path, workers: int) -> None:
    tell(conninfo, replaying.shop())
    project(conninfo)
    before = tables(conninfo)

    done = replay(conninfo, options=options(tmp_path, workers=workers))

    assert tables(conninfo) == before
    assert done.rows["users"] == len(before["users"]) > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("range_pages", "bucket_events"), [(1, 7), (8192, 15_000)])
def test_the_size_of_the_pieces_makes_no_difference(
    conninfo: str, tmp_path: Path, range_pages: int, bucket_events: int
) -> None:
    tell(conninfo, replaying.shop(users=5))
    project(conninfo)

    sizes = options(tmp_path, range_pages=range_pages, bucket_events=bucket_events)

    assert compare(conninfo, options=sizes).equal


@pytest.mark.parametrize("by_part", [False, True])
def test_an_empty_log_replays(conninfo: str, tmp_path: Path, by_part: bool) -> None:
    done = replay(conninfo, options=options(tmp_path, by_part=by_part))

    assert done.rows["users"] == 0
    assert compare(conninfo, options=options(tmp_path, by_part=by_part)).equal


@pytest.mark.parametrize("range_events", [3, 20_000])
def test_read_by_part_the_log_gives_the_tables_it_gives_by_page(
    conninfo: str, tmp_path: Path, range_events: int
) -> None:
    tell(conninfo, replaying.shop())
    by_page = replay(conninfo, options=options(tmp_path))
    of_pages = tables(conninfo)

    by_part = replay(conninfo, options=options(tmp_path, by_part=True, range_events=range_events))

    of_parts = tables(conninfo)
    del of_pages["projection_checkpoints"], of_parts["projection_checkpoints"]  # each has its receipt
    assert of_parts == of_pages
    assert (by_part.digest, by_part.rows) == (by_page.digest, by_page.rows)
    assert by_part.rows["users"] > 0


def test_a_log_on_several_nodes_is_read_by_part(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, replaying.shop(users=2))
    modes = []
    for change in (
        "SELECT 1",
        "CREATE TABLE pg_dist_partition (logicalrelid regclass)",
        "INSERT INTO pg_dist_partition VALUES ('events')",
    ):
        rows(conninfo, change)
        with session(conninfo) as conn:
            job = new_job(conn, heads(conn), schema=CHECKED, options=options(tmp_path))
        modes.append((job.is_by_part, bool(job.pages), bool(job.positions)))

    assert modes == [(False, True, False), (False, True, False), (True, False, True)]


def test_the_swapped_tables_are_made_like_the_old_ones(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, replaying.shop(users=2))
    with connect(conninfo, application_name="test") as conn:
        before = schema.snapshot(conn)
        conn.commit()
        replay(conninfo, options=options(tmp_path))

        assert schema.differences(before, schema.snapshot(conn)) == []


def test_the_service_may_use_the_swapped_tables(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, replaying.shop(users=2))
    replay(conninfo, options=options(tmp_path))

    with psycopg.connect(conninfo) as conn:
        conn.execute("SET ROLE tenure_app")
        row = conn.execute("SELECT count(*) FROM users").fetchone()

    assert row == (2,)


def test_the_live_projector_goes_on_from_the_swapped_tables(conninfo: str, tmp_path: Path) -> None:
    events = replaying.shop()
    tell(conninfo, events[: len(events) // 2])
    replay(conninfo, options=options(tmp_path))
    tell(conninfo, events[len(events) // 2 :])
    project(conninfo)

    assert compare(conninfo, options=options(tmp_path)).equal


def test_a_replay_leaves_a_receipt(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, replaying.shop(users=3))
    done = replay(conninfo, options=options(tmp_path))

    receipts = rows(conninfo, "SELECT event_data FROM events WHERE event_type = 'projection.replayed'")

    assert [row[0]["digest"] for row in receipts] == [done.digest]
    assert tuple(receipts[0][0]["heads"]) == done.heads


def test_events_of_test_mode_stay_out_of_a_live_replay(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, replaying.shop(users=2))
    tell(conninfo, [event_builders.stripe("customer.created", event_builders.customer(), livemode=False)])
    project(conninfo)

    comparison = compare(conninfo, options=options(tmp_path))

    assert comparison.equal
    assert rows(conninfo, f"SELECT 1 FROM users WHERE user_id = '{event_builders.USER}'") == []


def test_quarantine_is_the_same_in_a_replay(conninfo: str, tmp_path: Path) -> None:
    tell(
        conninfo,
        [
            event_builders.linked(),
            event_builders.stripe("customer.updated", event_builders.customer(address=7), at=5),
        ],
    )
    project(conninfo)
    before = tables(conninfo)

    replay(conninfo, options=options(tmp_path))

    assert len(before["quarantine"]) == 1
    assert tables(conninfo)["quarantine"] == before["quarantine"]


def _named(user_id: str, name: str, *, at: int = 0) -> NewEvent:
    return event_builders.clerk(
        "user.created", event_builders.user(id=user_id, first_name=name, last_name=None), at=at
    )


@pytest.mark.parametrize(
    "name", ["A\x00", "\ufffd", r"\u0000", r"\ufffd", r"\\u0000", "A\ud800", "A\t\n\\N\\."]
)
def test_text_that_looks_like_an_escape_is_the_same_in_a_replay(
    conninfo: str, tmp_path: Path, name: str
) -> None:
    """Three users, so that their rows are copied under the columns of another one's."""
    users = [(f"user_{number}", text) for number, text in enumerate(("plain", name, "plain"))]
    tell(conninfo, [_named(*user) for user in users])
    project(conninfo)
    expected = name.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")

    assert rows(conninfo, "SELECT full_name FROM users WHERE user_id = 'user_1'") == [(expected,)]
    assert compare(conninfo, options=options(tmp_path, bucket_events=100)).differences == []
    replay(conninfo, options=options(tmp_path))
    assert rows(conninfo, "SELECT full_name FROM users WHERE user_id = 'user_1'") == [(expected,)]


def test_a_repeated_name_with_nul_changes_no_row(conninfo: str) -> None:
    tell(conninfo, [event_builders.clerk("user.created", event_builders.user(first_name="A\x00"))])
    project(conninfo)
    (before,) = rows(conninfo, "SELECT updated_at FROM users")
    for at in (5, 9):
        tell(conninfo, [event_builders.clerk("user.updated", event_builders.user(first_name="A\x00"), at=at)])
        project(conninfo)

    assert rows(conninfo, "SELECT updated_at FROM users") == [before]


def test_rows_are_copied_by_name(conninfo: str, tmp_path: Path) -> None:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA copied CREATE TABLE pairs (one text, two text)")
        with Loader(conn, "copied") as loader:
            loader.take("pairs", {"one": "1", "two": "2"})
            loader.take("pairs", {"two": "2", "one": "1"})
            with pytest.raises(ColumnsDiffer, match="expected a row with the columns one, two, found one"):
                loader.take("pairs", {"one": "1"})
            loader.flush()

        assert conn.execute("SELECT * FROM copied.pairs").fetchall() == [("1", "2"), ("1", "2")]


def test_an_operators_link_to_a_customer_nobody_heard_of_replays(conninfo: str, tmp_path: Path) -> None:
    fact = own.IdentityLinked(customer_id="cus_unheard")
    tell(
        conninfo,
        [event_builders.own(fact), event_builders.own(own.IdentityUnlinked(customer_id="cus_other"), at=3)],
    )
    project(conninfo)

    assert compare(conninfo, options=options(tmp_path)).differences == []
    assert len(rows(conninfo, "SELECT 1 FROM customer_links")) == 2


def test_an_event_of_no_customer_links_nobody(conninfo: str, tmp_path: Path) -> None:
    """A subscription without its customer is filed under the account, which is nobody's."""
    lost = event_builders.subscription(customer=None, metadata={"userId": event_builders.USER})
    events = [event_builders.stripe("customer.subscription.created", lost, account="acct_1")]
    events += [
        event_builders.stripe(
            "account.updated", {"id": "acct_1", "object": "account"}, account="acct_1", at=9
        )
    ]
    for event in events:
        tell(conninfo, [event])
        project(conninfo)

    assert compare(conninfo, options=options(tmp_path)).differences == []


def test_linking_a_users_id_as_a_customer_takes_no_history(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, [event_builders.clerk("user.created", event_builders.user("user_b"), at=1)])
    tell(conninfo, [event_builders.own(own.IdentityLinked(customer_id="user_b"), at=2)])
    project(conninfo)
    tell(
        conninfo,
        [event_builders.clerk("user.updated", event_builders.user("user_b", email="b@example.com"), at=3)],
    )
    project(conninfo)

    assert compare(conninfo, options=options(tmp_path)).differences == []
    assert rows(conninfo, f"SELECT email FROM users WHERE user_id = '{event_builders.USER}'") == [(None,)]


def test_check_names_an_edited_row(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, [event_builders.clerk("user.created", event_builders.user()), event_builders.linked()])
    project(conninfo)
    rows(conninfo, "UPDATE users SET email = 'eve@example.com'")

    differences = compare(conninfo, options=options(tmp_path)).differences

    assert [(difference.table, difference.user_id, difference.column) for difference in differences] == [
        ("users", event_builders.USER, "email")
    ]
    assert (differences[0].live, differences[0].rebuilt) == ("eve@example.com", "ada@example.com")


def test_check_names_rows_that_only_one_side_has(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, replaying.shop(users=3))
    project(conninfo)
    rows(conninfo, "DELETE FROM user_billing WHERE id = (SELECT id FROM user_billing ORDER BY id LIMIT 1)")
    rows(conninfo, "INSERT INTO customer_links VALUES ('cus_x', 'user_x', '{}', '{}', now(), now())")

    differences = compare(conninfo, options=options(tmp_path)).differences

    assert [(difference.table, difference.column, difference.live) for difference in differences] == [
        ("user_billing", "(row)", None),
        ("customer_links", "(row)", "there"),
    ]


def test_check_names_an_edited_state(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, [event_builders.clerk("user.created", event_builders.user()), event_builders.linked(at=7)])
    project(conninfo)
    rows(conninfo, "UPDATE projection_states SET state = replace(state::text, 'ada@', 'eve@')::json")

    differences = compare(conninfo, options=options(tmp_path)).differences

    assert [(difference.table, difference.column) for difference in differences] == [
        ("projection_states", "state")
    ]


def test_check_can_look_at_one_table_or_one_user(conninfo: str, tmp_path: Path) -> None:
    tell(
        conninfo,
        [event_builders.clerk("user.created", event_builders.user(name)) for name in ("user_a", "user_b")],
    )
    tell(conninfo, [event_builders.linked(user_id="user_a")])
    project(conninfo)
    rows(conninfo, "UPDATE users SET email = 'eve@example.com'")
    rows(conninfo, "UPDATE user_billing SET card_last4 = '0000'")

    def differing(table: str | None = None, user_id: str | None = None) -> set[tuple[str, str]]:
        differences = compare(conninfo, options=options(tmp_path), table=table, user_id=user_id).differences
        return {(difference.table, difference.user_id) for difference in differences}

    assert differing(table="users") == {("users", "user_a"), ("users", "user_b")}
    assert differing(user_id="user_a") == {("users", "user_a"), ("user_billing", "user_a")}
    assert differing(user_id="user_b", table="users") == {("users", "user_b")}
    with pytest.raises(UnknownUser):
        differing(user_id="user_c")


def test_diff_says_who_would_lose_access(conninfo: str, tmp_path: Path) -> None:
    paying = event_builders.stripe("customer.subscription.created", event_builders.subscription(), at=5)
    tell(conninfo, [*replaying.plans(), event_builders.linked(), paying])
    project(conninfo)
    rows(conninfo, "UPDATE user_subscriptions SET subscription_status = 'canceled', current_plan = 'free'")
    rows(conninfo, "UPDATE user_usage SET plan_campaigns_limit = 1, plan_creators_limit = 10")

    changes = compare(conninfo, options=options(tmp_path)).access

    assert [(change.user_id, change.change) for change in changes] == [(event_builders.USER, "gains")]


def test_one_user_is_rebuilt_where_they_stand(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, replaying.shop(users=3))
    project(conninfo)
    (user, *_), *_ = rows(conninfo, "UPDATE users SET email = 'eve@example.com' RETURNING user_id")

    rebuild_user(conninfo, user)

    differences = compare(conninfo, options=options(tmp_path)).differences
    assert len(differences) == 2
    assert user not in {difference.user_id for difference in differences}


def test_roll_back_returns_the_tables_of_before(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, replaying.shop(users=3))
    project(conninfo)
    rows(conninfo, "UPDATE users SET email = 'eve@example.com'")
    before = tables(conninfo)
    replay(conninfo, options=options(tmp_path))
    after = tables(conninfo)

    roll_back_now(conninfo)
    assert tables(conninfo) == before
    roll_back_now(conninfo)
    assert tables(conninfo) == after


def test_there_is_nothing_to_roll_back_before_the_first_replay(conninfo: str) -> None:
    with pytest.raises(NothingToRollBack):
        roll_back_now(conninfo)


def roll_back_now(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        roll_back(conn)


def test_keys_of_tables_that_are_not_rebuilt_follow_the_swap(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, [event_builders.clerk("user.created", event_builders.user())])
    project(conninfo)
    rows(
        conninfo,
        "CREATE TABLE notes (user_id text CONSTRAINT note_of REFERENCES users (user_id) ON DELETE CASCADE)",
    )
    rows(conninfo, f"INSERT INTO notes VALUES ('{event_builders.USER}')")

    replay(conninfo, options=options(tmp_path))
    roll_back_now(conninfo)

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        rows(conninfo, "INSERT INTO notes VALUES ('nobody')")
    assert rows(conninfo, "SELECT convalidated FROM pg_constraint WHERE conname = 'note_of'") == [(True,)]
    rows(conninfo, "DELETE FROM users")
    assert rows(conninfo, "SELECT * FROM notes") == []


def test_a_view_of_the_tables_is_named_before_anything_is_built(conninfo: str, tmp_path: Path) -> None:
    rows(conninfo, "CREATE VIEW people AS SELECT * FROM users")

    with pytest.raises(TablesReferenced, match="people"):
        replay(conninfo, options=options(tmp_path))


@pytest.mark.parametrize(
    ("create", "drop"),
    [
        ("CREATE UNIQUE INDEX one_name ON users (full_name)", "DROP INDEX one_name"),
        ("ALTER TABLE users ADD CONSTRAINT one_name UNIQUE (full_name)", "DROP CONSTRAINT one_name"),
    ],
)
def test_an_added_unique_index_is_named_before_anything_is_built(
    conninfo: str, tmp_path: Path, create: str, drop: str
) -> None:
    rows(conninfo, create)

    for command in (replay, compare):
        with pytest.raises(AddedUnique, match=drop):
            command(conninfo, options=options(tmp_path))
    assert (
        rows(conninfo, "SELECT 1 FROM pg_namespace WHERE nspname IN ('tenure_shadow', 'tenure_check')") == []
    )


def test_the_unique_indexes_of_the_migrations_are_known(conninfo: str) -> None:
    names = rows(
        conninfo,
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_class t ON t.oid = i.indrelid AND t.relnamespace = 'public'::regnamespace"
        f" WHERE i.indisunique AND NOT i.indisprimary AND t.relname IN {REBUILT}",
    )

    assert {name for (name,) in names} == set(OWN_UNIQUE)


def test_an_added_index_that_the_rebuilt_rows_do_not_fit_is_named(conninfo: str, tmp_path: Path) -> None:
    """It holds for the live rows alone, which somebody emptied."""
    tell(conninfo, replaying.shop(users=2))
    project(conninfo)
    rows(conninfo, "TRUNCATE users CASCADE")
    rows(conninfo, "CREATE INDEX by_number ON users ((user_id::integer))")

    with pytest.raises(IndexRefused, match="by_number"):
        replay(conninfo, options=options(tmp_path))
    rows(conninfo, "DROP INDEX by_number")

    assert replay(conninfo, options=options(tmp_path)).rows["users"] == 2


def test_a_log_with_a_hole_is_refused(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, replaying.shop(users=2))
    rows(conninfo, "ALTER TABLE events DISABLE TRIGGER ALL")
    rows(conninfo, "DELETE FROM events WHERE ctid = (SELECT min(ctid) FROM events)")

    for by_part in (False, True):
        with pytest.raises(LogIncomplete):
            replay(conninfo, options=options(tmp_path, by_part=by_part))


def test_two_replays_do_not_run_at_once(
    conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.replay.build.LETS_GO_S", 0.2)
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(hashtext('tenure replay'))")

        with pytest.raises(ReplayRunning):
            replay(conninfo, options=options(tmp_path))


def test_tables_of_another_projector_are_due_a_replay(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, replaying.shop(users=2))
    project(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as conn:
        assert replay_due(conn) is None
        conn.execute("UPDATE projection_checkpoints SET projector_version = 'old'")
        assert "old" in (replay_due(conn) or "")

        replay(conninfo, options=options(tmp_path))

        assert replay_due(conn) is None


def test_the_running_digest_is_that_of_the_last_replay_and_what_came_since(
    conninfo: str, tmp_path: Path
) -> None:
    events = replaying.shop()
    half = len(events) // 2
    with psycopg.connect(conninfo, autocommit=True) as conn:
        tell(conninfo, events[:half])
        project(conninfo)
        before = standing(conn)
        done = replay(conninfo, options=options(tmp_path))
        replayed = standing(conn)
        tell(conninfo, events[half:])
        project(conninfo)
        after = standing(conn)

    assert before.equal
    assert before.replayed_at is None
    assert before.live == replayed.live == replayed.replayed == done.digest
    assert after.equal
    assert after.live != replayed.live == after.replayed
    assert after.replayed_events == half


def test_a_state_written_past_the_projector_shows_in_the_digest(conninfo: str, tmp_path: Path) -> None:
    tell(conninfo, replaying.shop(users=2))
    project(conninfo)
    rows(conninfo, "DELETE FROM projection_states WHERE user_id = (SELECT min(user_id) FROM users)")

    with psycopg.connect(conninfo, autocommit=True) as conn:
        assert not standing(conn).equal

    names = {difference.table for difference in compare(conninfo, options=options(tmp_path)).differences}
    assert names == {"projection_states", "projection_digests"}


def test_a_long_history_folds_the_same(
    conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.replay.folding.LONG_HISTORY", 3)
    tell(conninfo, replaying.shop(users=6))
    project(conninfo)

    assert compare(conninfo, options=options(tmp_path, range_pages=4)).differences == []
