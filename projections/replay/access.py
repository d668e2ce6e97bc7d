"""Which users would gain or lose access by a difference in the tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from psycopg import sql

from events.statements import statement
from projections.replay.table_diff import Side
from projections.tables.usage import SERVED

Change = Literal["gains", "loses", "changes"]


@dataclass(frozen=True, slots=True)
class AccessChange:
    """The access change of one user: from the live plan and limits to the rebuilt ones."""

    user_id: str
    change: Change
    live: str
    rebuilt: str


@dataclass(frozen=True, slots=True)
class _Access:
    """A user's access: served by a subscription, or by limits other than those of the free plan."""

    plan: str
    status: str
    limits: tuple[object, ...]
    free: tuple[object, ...]

    @property
    def granted(self) -> bool:
        return self.status in SERVED or self.limits != self.free

    def describe(self) -> str:
        return f"{self.plan} ({self.status})"


NO_ACCESS = _Access("none", "none", (), ())


def access_changes(users: Iterable[str], live: Side, rebuilt: Side) -> list[AccessChange]:
    """The access changes of these users, by user id."""
    user_ids = sorted(set(users))
    now, then = _access(user_ids, live), _access(user_ids, rebuilt)
    changes = []
    for user in user_ids:
        one, other = now.get(user, NO_ACCESS), then.get(user, NO_ACCESS)
        if one.granted != other.granted:
            change: Change = "gains" if other.granted else "loses"
        elif (one.plan, one.limits) != (other.plan, other.limits):
            change = "changes"
        else:
            continue
        changes.append(AccessChange(user, change, one.describe(), other.describe()))
    return changes


def _access(users: list[str], side: Side) -> dict[str, _Access]:
    access = {}
    with side.conn.transaction():
        path = sql.SQL("SET LOCAL search_path = {}, public").format(sql.Identifier(side.schema))
        side.conn.execute(path)
        parameters = {"users": users}
        for row in side.conn.execute(statement("projections", "replay_access"), parameters):
            user, plan, status, campaigns, creators, features, *free = row
            access[user] = _Access(plan, status, (campaigns, creators, features), tuple(free))
    return access
