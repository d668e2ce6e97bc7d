"""Lists: no creator twice, an order, an archive, and an end."""

from collections.abc import Callable
from uuid import UUID

import pytest

from database.pool import Connection
from handlers.decision import Decided
from handlers.lists import (
    NewItem,
    add_item,
    move_list,
    remove_item,
    update_item,
    update_list,
)
from handlers.platform_errors import CreatorTwice, ListFull, NotTheirs, VersionConflict, WrongState
from tests.handlers.commands import ADA, BOB, a_list, command, only
from tests.handlers.users import joined, sold, tell


@pytest.fixture(autouse=True)
def people(conn: Connection) -> None:
    tell(conn, *sold(), *joined(ADA, BOB))


def put(conn: Connection, list_id: UUID, creator: str, *, user: str = ADA, key: str | None = None) -> Decided:
    decided = add_item(conn, command(user, key=key), list_id, NewItem(creator_id=creator))
    conn.commit()
    return decided


def in_order(conn: Connection) -> list[tuple[str, int]]:
    query = "SELECT creator_id, position FROM list_items ORDER BY position, id"
    return [(row[0], row[1]) for row in conn.execute(query).fetchall()]


def test_items_go_behind_one_another(conn: Connection) -> None:
    list_id = a_list(conn)
    for creator in ("c1", "c2"):
        put(conn, list_id, creator)

    assert in_order(conn) == [("c1", 0), ("c2", 1)]
    assert only(conn, "SELECT items_count FROM creator_lists") == 2


def test_a_creator_who_is_in_the_list_is_refused_and_named(conn: Connection) -> None:
    list_id = a_list(conn)
    first = put(conn, list_id, "c1")

    with pytest.raises(CreatorTwice) as why:
        put(conn, list_id, "c1")

    assert str(why.value.item_id) == first.answer["item_id"]


def test_the_same_key_adds_once(conn: Connection) -> None:
    list_id = a_list(conn)
    first = put(conn, list_id, "c1", key="k")

    assert put(conn, list_id, "c1", key="k").answer == first.answer
    assert in_order(conn) == [("c1", 0)]


def test_a_creator_may_come_back(conn: Connection) -> None:
    list_id = a_list(conn)
    item_id = UUID(put(conn, list_id, "c1").answer["item_id"])
    remove_item(conn, command(), list_id, item_id)
    conn.commit()
    put(conn, list_id, "c1")

    assert len(in_order(conn)) == 1
    assert only(conn, "SELECT items_count FROM creator_lists") == 1


def test_an_item_is_moved_and_pinned(conn: Connection) -> None:
    list_id = a_list(conn)
    item_id = UUID(put(conn, list_id, "c1").answer["item_id"])
    update_item(conn, command(), list_id, item_id, {"position": 7, "pinned": True, "notes": "call"})

    rows = conn.execute("SELECT position, pinned, notes, bucket FROM list_items").fetchall()
    assert rows == [(7, True, "call", "backlog")]


def test_an_archived_list_stands_still_until_restored(conn: Connection) -> None:
    list_id = a_list(conn)
    item_id = UUID(put(conn, list_id, "c1").answer["item_id"])
    move_list(conn, command(), list_id, "archive")
    conn.commit()

    refusals: tuple[Callable[[], object], ...] = (
        lambda: put(conn, list_id, "c2"),
        lambda: update_list(conn, command(), list_id, {"name": "x"}),
        lambda: remove_item(conn, command(), list_id, item_id),
        lambda: move_list(conn, command(), list_id, "archive"),
    )
    for refused in refusals:
        with pytest.raises(WrongState):
            refused()
        conn.rollback()
    move_list(conn, command(), list_id, "restore")
    conn.commit()
    put(conn, list_id, "c2")

    assert len(in_order(conn)) == 2


def test_a_deleted_list_is_gone_with_its_items(conn: Connection) -> None:
    list_id = a_list(conn)
    put(conn, list_id, "c1")
    move_list(conn, command(), list_id, "delete")
    conn.commit()

    assert in_order(conn) == []
    with pytest.raises(NotTheirs):
        put(conn, list_id, "c2")


def test_nobody_touches_anothers(conn: Connection) -> None:
    mine = a_list(conn)
    conn.commit()
    item_id = UUID(put(conn, mine, "c1").answer["item_id"])
    theirs = a_list(conn, BOB)
    conn.commit()

    refusals: tuple[Callable[[], object], ...] = (
        lambda: put(conn, mine, "c2", user=BOB),
        lambda: move_list(conn, command(BOB), mine, "delete"),
        lambda: remove_item(conn, command(BOB), theirs, item_id),
        lambda: update_item(conn, command(), theirs, item_id, {"pinned": True}),
    )
    for refused in refusals:
        with pytest.raises(NotTheirs):
            refused()
        conn.rollback()


def test_an_older_version_is_refused(conn: Connection) -> None:
    list_id = a_list(conn)
    conn.commit()
    put(conn, list_id, "c1")

    with pytest.raises(VersionConflict):
        update_list(conn, command(), list_id, {"name": "x"}, version=1)


def test_a_full_list_takes_no_more(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.lists.MAX_ITEMS", 1)
    list_id = a_list(conn)
    put(conn, list_id, "c1")

    with pytest.raises(ListFull):
        put(conn, list_id, "c2")
