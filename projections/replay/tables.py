"""Which tables a replay rebuilds, in the order they are locked and filled.

A table that is folded for each user is listed in PER_USER and comes from `rows_of`, or in
aggregates.TABLES and comes from `copied_rows`; a table that is folded from one route of its own is listed
in WHOLE and has a filler there.
"""

from collections.abc import Callable, Mapping

from events.routing import CATALOG_ROUTE, SYSTEM_ROUTE, part_of
from events.statements import AnyConnection
from projections import aggregates, configuration, log_reader, store
from projections.replay.statements import do, one
from projections.tables.registry import TABLES

Filler = Callable[[AnyConnection, Mapping[int, int]], None]


def _catalog(conn: AnyConnection, pins: Mapping[int, int]) -> None:
    """Written when the log has a plan event, as the live projector does."""
    part = part_of(CATALOG_ROUTE)
    if one(conn, "replay_has_catalog", part=part, route_key=CATALOG_ROUTE, bound=pins[part])[0]:
        store.write_catalog(conn, log_reader.catalog_at(conn, pins[part]))


def _configuration(conn: AnyConnection, pins: Mapping[int, int]) -> None:
    configuration.rebuild(conn, pins[part_of(SYSTEM_ROUTE)])


def _digests(conn: AnyConnection, pins: Mapping[int, int]) -> None:
    do(conn, "replay_make_digests")


PER_USER = tuple(TABLES)
BESIDE = ("customer_links", "projection_states", "fold_snapshots", "quarantine")
# Small, so they have their indexes from the start: their fillers are the live projector's own.
WHOLE = (
    "subscription_plans",
    *configuration.TABLES,
    "projection_catalog",
    "projection_digests",
    "projection_checkpoints",
)
FILLERS: tuple[Filler, ...] = (_catalog, _configuration, _digests)

# The unique constraints of the migrations: no row that a fold gives violates them.
OWN_UNIQUE = (
    *(f"{table}_user" for table in PER_USER if table != "users"),
    "users_user_id",
    "subscription_plans_key",
    "system_configurations_key",
    "logging_configurations_logger",
    "list_items_creator",
)

LOADED = (*PER_USER, *BESIDE, *aggregates.TABLES)
REBUILT = (*LOADED, *WHOLE)

# Columns that a comparison ignores: no reader of the tables depends on them.
UNCOMPARED: Mapping[str, frozenset[str]] = {
    "projection_checkpoints": frozenset({"projector_version", "moved_at"}),
    "projection_digests": frozenset({"digest"}),  # spread over its slots at random; their sum is compared
}
