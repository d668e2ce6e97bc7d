"""`tenure replay` rebuilds, compares and goes back; a difference is exit 1 and is named."""

import json

from database.pool import Connection
from demo.world import DemoWorld
from tests.installation import Tenure


def _edit(conn: Connection, user_id: str) -> None:
    conn.execute("UPDATE users SET full_name = 'Somebody Else' WHERE user_id = %s", [user_id])
    conn.commit()


def test_true_tables_have_no_difference(tenure: Tenure, shop: DemoWorld) -> None:
    result = tenure("replay", "--check", "--workers", "1")

    assert result.exit_code == 0, result.stderr
    assert f"no difference over {len(shop.deliveries)} events" in result.stdout


def test_edited_row_is_named_by_user_and_column(tenure: Tenure, shop: DemoWorld, conn: Connection) -> None:
    user_id = shop.people[0].user_id
    _edit(conn, user_id)

    result = tenure("replay", "--diff", "--workers", "1", "--json")

    assert result.exit_code == 1
    (difference,) = json.loads(result.stdout)["differences"]
    assert (difference["user_id"], difference["table"], difference["column"]) == (
        user_id,
        "users",
        "full_name",
    )
    assert "1 column of 1 user differs" in result.stderr


def test_replay_mends_the_tables_and_rollback_brings_them_back(
    tenure: Tenure, shop: DemoWorld, conn: Connection
) -> None:
    _edit(conn, shop.people[0].user_id)

    assert tenure("replay", "--workers", "2").exit_code == 0
    assert tenure("replay", "--check", "--workers", "1").exit_code == 0

    assert tenure("replay", "--rollback").exit_code == 0
    assert tenure("replay", "--check", "--workers", "1").exit_code == 1


def test_status_after_a_rollback_says_nothing_of_the_replays_in_the_log(
    tenure: Tenure, shop: DemoWorld
) -> None:
    assert tenure("replay", "--workers", "2").exit_code == 0
    assert "the replay of" in tenure("status").stdout

    assert tenure("replay", "--rollback").exit_code == 0
    assert "no replay built these tables" in " ".join(tenure("status").stdout.split())


def test_one_user_alone_is_folded_again_or_said_to_be_unknown(tenure: Tenure, shop: DemoWorld) -> None:
    assert tenure("replay", "--user", shop.people[0].user_id).exit_code == 0

    address = json.loads(tenure("user", "show", shop.people[0].user_id, "--json").stdout)["email"]
    assert tenure("replay", "--user", address).exit_code == 0

    result = tenure("replay", "--user", "user_nobody")
    assert result.exit_code == 1
    assert "user_nobody" in result.stderr


def test_options_that_exclude_each_other_are_wrong_usage(tenure: Tenure) -> None:
    for args in (["--check", "--rollback"], ["--table", "users"], ["--check", "--table", "events"]):
        assert tenure("replay", *args).exit_code == 2
