"""Where each table is placed on a Citus cluster, and why; docs/scaling.md explains it in detail."""

from collections.abc import Mapping
from typing import Final

COLUMN: Final = "part"
SHARDS: Final = 64  # hashing puts the 64 parts into 39 shards, at most 4 parts in one

# In this order: the first one creates the co-location group, the others join it.
DISTRIBUTED: Mapping[str, str] = {
    "part_heads": "one row per part, updated by every append: on the node of its part's events",
    "events": "the log itself: everything about one route key is in one part",
    "event_conflicts": "evidence beside the event with the same key",
    "log_nodes": "the Merkle tree of a part",
}

# Called with a part, alone and outside of a transaction block, the whole function runs on the node that holds
# the part, in one round trip; called otherwise, each of its statements goes there.
DELEGATED: Mapping[str, str] = {"append_event": "p_part"}
# Called by those, so needed on every node: Citus sees no dependency in a function's body.
CALLED = ("same_event_body",)
# Citus connects between nodes as the calling role: the service, and the owner of erase_person().
GOING_BETWEEN = ("tenure_app", "tenure_eraser")

_USER = "keyed by user or customer; one fold reads many parts. About one row per user: small beside the log"
_REPLAYED = "small, and replay exchanges it by renaming, which a reference table would not survive"
_FOLLOWS = "projectors lock it over all parts at once (SKIP LOCKED), which Citus does on one node only"
_COORDINATOR = "local to the coordinator; no part, no growth with the log"
_PLATFORM = "keyed by its owner; rows of the platform, not of the log"

LOCAL: Mapping[str, str] = {
    **dict.fromkeys(("users", "user_subscriptions", "user_billing", "user_usage", "user_system_data"), _USER),
    **dict.fromkeys(("customer_links", "projection_states", "fold_snapshots", "quarantine"), _USER),
    **dict.fromkeys(("subscription_plans", "projection_catalog"), _REPLAYED),
    **dict.fromkeys(("system_configurations", "logging_configurations"), _REPLAYED),
    **dict.fromkeys(("projection_checkpoints", "projection_digests"), _FOLLOWS),
    **dict.fromkeys(("campaigns", "scraping_jobs", "creator_lists", "list_items"), _PLATFORM),
    "scraping_results": "bulk data keyed by job, pruned by the platform; it is in no fold",
    "unreadable_deliveries": "no route key, so no part: keyed by the digest of the unreadable body",
    **dict.fromkeys(("log_checkpoints", "log_origin"), "one checkpoint covers all parts"),
    **dict.fromkeys(
        ("background_jobs", "schedule_runs", "api_tokens", "console_sessions", "access_log"), _COORDINATOR
    ),
    **dict.fromkeys(
        ("reconcile_cursors", "import_shards", "reconcile_seen", "migration_manifest"), _COORDINATOR
    ),
    **dict.fromkeys(("outgoing_destinations", "outgoing_secrets"), _COORDINATOR),
    **dict.fromkeys(("delivery_counts", "repeated_deliveries", "analyzed_erasures"), _COORDINATOR),
}
