"""Rights of each role on each object: make the database match migrations/rights.toml.

`REVOKE … FROM PUBLIC` does not affect roles that a database's default privileges name.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import class_row, tuple_row

from database.errors import RightsDiffer
from database.migration_files import DIRECTORY
from database.pool import Connection
from events.statements import statement

NAME = "rights.toml"
OUTSIDERS = ("PUBLIC", "anon", "authenticated")
SHARED_SCHEMA = "public"

_PRIVILEGE = re.compile(r"([A-Z]+)(?: \(([a-z0-9_, ]+)\))?(?:, |$)")

Privilege = tuple[str, str | None]  # with the column, where it is a right on one column
Grants = Mapping[str, frozenset[Privilege]]  # by role
Listed = Mapping[tuple[str, str], Grants]  # by kind and name: ("table", "events")


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One right of a role on an object; without a grantee, only the object."""

    kind: str
    schema: str
    name: str
    object: str
    column: str | None
    owner: str
    must_switch: bool
    grantee: str | None
    privilege: str | None
    grantable: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RightChange:
    """A GRANT or REVOKE that brings one role's rights on one object to those listed."""

    verb: str
    privileges: tuple[str, ...]
    name: str
    object: str
    role: str
    owner: str
    must_switch: bool

    def __str__(self) -> str:
        has = "lacks" if self.verb == "GRANT" else "has"
        return f"{self.role} {has} {', '.join(self.privileges)} on {self.name}"

    def statement(self) -> sql.Composed:
        """The statement, to be executed by the object's owner."""
        form = {
            "GRANT": "GRANT {} ON {} TO {}",
            "REVOKE": "REVOKE {} ON {} FROM {} CASCADE",
            "REVOKE GRANT OPTION FOR": "REVOKE GRANT OPTION FOR {} ON {} FROM {} CASCADE",
        }[self.verb]
        role = sql.SQL("PUBLIC") if self.role == "PUBLIC" else sql.Identifier(self.role)
        # Privileges and the object's name come from the server's catalogs or match _PRIVILEGE.
        return sql.SQL(form).format(sql.SQL(", ".join(self.privileges)), sql.SQL(self.object), role)


def listed(directory: Path = DIRECTORY) -> Listed | None:
    """The rights on objects that a directory's migrations create; None if it has no list."""
    path = directory / NAME
    if not path.exists():
        return None
    return {
        (section.removesuffix("s"), name): {role: _privileges(text) for role, text in roles.items()}
        for section, objects in tomllib.loads(path.read_text(encoding="utf-8")).items()
        for name, roles in objects.items()
    }


def differences(conn: Connection, rights: Listed) -> list[RightChange]:
    """The changes after which the database has the listed rights and no others."""
    granted = _rights(conn, rights)
    with conn.cursor(row_factory=tuple_row) as cursor:
        here = {name for (name,) in cursor.execute("SELECT rolname FROM pg_roles")}
    changes: list[RightChange] = []
    for _, several in groupby(granted, attrgetter("kind", "object")):
        changes += _changes(list(several), rights, here)
    return changes


def enforce(conn: Connection, rights: Listed) -> list[RightChange]:
    """Apply the changes in the caller's transaction and return them. Raises: RightsDiffer."""
    changes = _ours(differences(conn, rights))
    for change in sorted(changes, key=attrgetter("verb"), reverse=True):
        _run(conn, change)
    if remaining := _ours(differences(conn, rights)) if changes else []:
        raise RightsDiffer(str(remaining[0]), remaining[0].owner)
    return changes


def memberships(conn: Connection, rights: Listed) -> list[tuple[str, str]]:
    """(member, role) of each restricted role that has more rights as a member of another role."""
    ours = sorted({role for roles in rights.values() for role in roles})
    values = {"members": [*OUTSIDERS, *ours], "roles": ours}
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(statement("database", "rights_members"), values).fetchall()


def summary(changes: Iterable[RightChange]) -> Iterator[str]:
    """One line per role whose rights were changed, with the first objects."""
    by_role: dict[str, list[RightChange]] = defaultdict(list)
    for change in changes:
        by_role[f"{change.verb} {change.role}"].append(change)
    for several in by_role.values():
        verb = "granted to" if several[0].verb == "GRANT" else "revoked from"
        first = [f"{', '.join(change.privileges)} on {change.name}" for change in several[:3]]
        more = f" and on {len(several) - 3} more" if len(several) > 3 else ""
        yield f"rights: {verb} {several[0].role}: {'; '.join(first)}{more}"


def _ours(changes: list[RightChange]) -> list[RightChange]:
    """Without the shared schema if it belongs to another login: only `tenure doctor` reports that."""
    return [change for change in changes if not (change.must_switch and change.name == SHARED_SCHEMA)]


def _changes(granted: list[Right], rights: Listed, here: set[str]) -> Iterator[RightChange]:
    """Changes for one object; unlisted ones belong to the platform, except for replay's schemas."""
    one = granted[0]
    listed_here = rights.get((one.kind, one.name))
    if listed_here is None:
        if one.schema == SHARED_SCHEMA:
            return
        listed_here = {}
    has: dict[str, set[Privilege]] = defaultdict(set)
    passes_on: dict[str, set[Privilege]] = defaultdict(set)
    for right in granted:
        if right.grantee is not None and right.privilege is not None:
            has[right.grantee].add((right.privilege, right.column))
            if right.grantable:
                passes_on[right.grantee].add((right.privilege, right.column))
    for role in sorted(has.keys() | listed_here.keys() & here):
        expected = listed_here.get(role, frozenset())
        for verb, privileges in (
            ("GRANT", expected - has[role]),
            ("REVOKE", {one for one in has[role] - expected if not _is_shared(granted[0], role, one)}),
            ("REVOKE GRANT OPTION FOR", passes_on[role] & expected),
        ):
            if privileges:
                yield RightChange(
                    verb=verb,
                    privileges=tuple(sorted(map(_text, privileges))),
                    name=one.name,
                    object=one.object,
                    role=role,
                    owner=one.owner,
                    must_switch=one.must_switch,
                )


def _is_shared(on: Right, role: str, privilege: Privilege) -> bool:
    """Whether the right is on the shared schema, where only outsiders must not have CREATE."""
    if on.kind != "schema" or on.name != SHARED_SCHEMA:
        return False
    return role not in OUTSIDERS or privilege != ("CREATE", None)


def _run(conn: Connection, change: RightChange) -> None:
    try:
        with conn.transaction():
            if change.must_switch:
                conn.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(change.owner)))
            conn.execute(change.statement())
            if change.must_switch:
                conn.execute("RESET ROLE")
    except psycopg.errors.InsufficientPrivilege:
        raise RightsDiffer(str(change), change.owner) from None


def _rights(conn: Connection, rights: Listed) -> list[Right]:
    schemas = [name for kind, name in rights if kind == "schema"]
    with conn.cursor(row_factory=class_row(Right)) as cursor:
        return cursor.execute(statement("database", "rights"), {"schemas": schemas}).fetchall()


def _privileges(text: str) -> frozenset[Privilege]:
    """`SELECT, UPDATE (a, b)` as {(SELECT, None), (UPDATE, a), (UPDATE, b)}."""
    privileges: set[Privilege] = set()
    for privilege, columns in _PRIVILEGE.findall(text):
        privileges |= (
            {(privilege, column) for column in columns.split(", ")} if columns else {(privilege, None)}
        )
    return frozenset(privileges)


def _text(privilege: Privilege) -> str:
    name, column = privilege
    return name if column is None else f"{name} ({column})"
