"""Reading and writing the platform's tables: states out of rows, and rows back in."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

import msgspec
from psycopg.rows import dict_row, tuple_row

from events.statements import AnyConnection, statement
from projections.aggregates.aggregate import AggregateKey
from projections.aggregates.campaigns import Campaign
from projections.aggregates.lists import CreatorList, Item, Touched
from projections.aggregates.rows import item_rows, row_of
from projections.aggregates.scraping_jobs import ScrapingJob
from projections.facts import Fact, OwnFact
from projections.log_reader import routed
from projections.rows import Row, as_json
from projections.store import write_rows


def read_campaigns(
    conn: AnyConnection, work: Mapping[AggregateKey, list[Fact]]
) -> dict[AggregateKey, Campaign]:
    return {key: Campaign(**row) for key, row in _stored(conn, "held_campaigns", work)}


def read_jobs(
    conn: AnyConnection, work: Mapping[AggregateKey, list[Fact]]
) -> dict[AggregateKey, ScrapingJob]:
    return {key: ScrapingJob(**row) for key, row in _stored(conn, "held_scraping_jobs", work)}


def read_lists(
    conn: AnyConnection, work: Mapping[AggregateKey, list[Fact]]
) -> dict[AggregateKey, CreatorList]:
    """Each list with the items that the facts change."""
    lists = {key: CreatorList(**row) for key, row in _stored(conn, "held_creator_lists", work)}
    touched = [one for key in lists for fact in work[key] if (one := _touched(fact)) is not None]
    if touched:
        parameters = {
            "lists": [key.id for key in lists],
            "items": [one.item_id for one in touched if one.item_id is not None],
            "creators": [one.creator_id for one in touched if one.creator_id is not None],
        }
        for row in _rows(conn, "held_list_items", parameters):
            creator_list = lists[AggregateKey(row.pop("user_id"), row.pop("list_id"))]
            item = Item(**row)
            creator_list.items[item.id] = item
            creator_list.creators.add(item.creator_id)
    return lists


def write_campaigns(conn: AnyConnection, moved: Sequence[Campaign], whole: Sequence[Campaign]) -> None:
    write_rows(conn, {"campaigns": [row_of(campaign) for campaign in (*moved, *whole)]})
    if whole:
        _do(conn, "attach_scraping_jobs", campaigns=[campaign.id for campaign in whole])


def write_jobs(conn: AnyConnection, moved: Sequence[ScrapingJob], whole: Sequence[ScrapingJob]) -> None:
    _write(conn, "move_scraping_jobs", [row_of(job) for job in moved])
    write_rows(conn, {"scraping_jobs": [row_of(job) for job in whole]})


def write_lists(conn: AnyConnection, moved: Sequence[CreatorList], whole: Sequence[CreatorList]) -> None:
    """A list in `whole` is written with all items; a list in `moved` with its changed items only."""
    there = [creator_list for creator_list in (*moved, *whole) if not creator_list.deleted]
    write_rows(conn, {"creator_lists": [row_of(creator_list) for creator_list in there]})
    gone = [item for creator_list in moved for item in creator_list.removed]
    if gone or whole:
        _do(conn, "drop_list_items", items=gone, lists=[creator_list.id for creator_list in whole])
    changed = [
        row
        for creator_list in there
        for row in item_rows(
            creator_list, [i for i in creator_list.items.values() if i.id in creator_list.changed]
        )
    ]
    _write(conn, "write_list_items", [row for row in changed if "creator" in row])
    _write(conn, "move_list_items", [row for row in changed if "creator" not in row])


def delete_all(conn: AnyConnection, name: str, keys: Iterable[AggregateKey]) -> None:
    """Delete the rows of these aggregates."""
    removed = list(keys)
    if removed:
        _do(conn, name, users=[key.user_id for key in removed], ids=[key.id for key in removed])


def keys_of(conn: AnyConnection, users: Collection[str]) -> list[tuple[str, AggregateKey]]:
    """(table, key) of all aggregates of these users."""
    return [
        (row["found_in"], AggregateKey(row["user_id"], row["id"]))
        for row in _rows(conn, "platform_of_users", {"users": list(users)})
    ]


def histories(
    conn: AnyConnection,
    keys: Collection[AggregateKey],
    bounds: Mapping[int, int],
    parts: Mapping[AggregateKey, int],
) -> dict[AggregateKey, list[tuple[Fact, bool]]]:
    """Each aggregate's facts in the log up to its part's bound, each with whether it is in live mode."""
    ordered = list(keys)
    facts: dict[AggregateKey, list[tuple[Fact, bool]]] = {key: [] for key in ordered}
    parameters = {
        "parts": [parts[key] for key in ordered],
        "routes": [key.user_id for key in ordered],
        "aggregates": [str(key.id) for key in ordered],
        "bounds": [bounds[parts[key]] for key in ordered],
    }
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        rows = cursor.execute(statement("projections", "read_aggregates"), parameters).fetchall()
    for row in rows:
        facts[AggregateKey(row[7], UUID(row[11]))].append((routed(row[:11]).fact, row[9]))
    return facts


def _stored(
    conn: AnyConnection, name: str, work: Mapping[AggregateKey, list[Fact]]
) -> Iterable[tuple[AggregateKey, Row]]:
    for row in _rows(conn, name, {"ids": [key.id for key in work]}):
        key = AggregateKey(row["user_id"], row["id"])
        if key in work:
            yield key, row


def _touched(fact: Fact) -> Touched | None:
    if not fact.type.startswith("list.item_") or not isinstance(fact.body, OwnFact):
        return None
    try:
        return msgspec.json.decode(fact.body.payload, type=Touched)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _rows(conn: AnyConnection, name: str, parameters: Mapping[str, object]) -> list[Row]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("projections", name), parameters).fetchall()


def _write(conn: AnyConnection, name: str, rows: list[Row]) -> None:
    if rows:
        _do(conn, name, rows=as_json(rows).decode())


def _do(conn: AnyConnection, name: str, **parameters: object) -> None:
    conn.execute(statement("projections", name), parameters)
