"""Replay: every projected table rebuilt from the log beside the live ones, compared, swapped in."""

from projections.replay.access import AccessChange
from projections.replay.check import Comparison, compare
from projections.replay.digest import ReplayStanding, live_digest, replay_due, standing
from projections.replay.errors import ReplayError
from projections.replay.leftovers import Leftovers, delete_leftovers
from projections.replay.observer import Observer, Silent
from projections.replay.plan import Options
from projections.replay.run import Replayed, rebuild_user, replay
from projections.replay.shadow import added_unique
from projections.replay.swap import roll_back
from projections.replay.table_diff import ValueDifference

__all__ = [
    "AccessChange",
    "Comparison",
    "Leftovers",
    "Observer",
    "Options",
    "ReplayError",
    "ReplayStanding",
    "Replayed",
    "Silent",
    "ValueDifference",
    "added_unique",
    "compare",
    "delete_leftovers",
    "live_digest",
    "rebuild_user",
    "replay",
    "replay_due",
    "roll_back",
    "standing",
]
