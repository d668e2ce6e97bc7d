"""The cells of one Stripe object: what a money table declares of it, found by paths in its shape."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec import Struct

from events.routing import index_key
from projections.errors import Unfoldable
from projections.money.declaration import Children, MoneyColumn, MoneyTable, ObjectSource
from projections.money.shapes import EACH, PARENT, Steps, shape_of, split
from projections.money.values import CUSTOMER, INSTANT, REFERENCE, Cell, Json, read_cell

Paths = tuple[Steps, ...]


class _Column(NamedTuple):
    """A column, ready to be read; `field` is its only path if that has one step."""

    name: str
    paths: Paths
    read: Callable[[Json], Cell]
    field: str | None
    is_customer: bool


class CellReader:
    """Reads one kind of object for one table."""

    def __init__(self, table: MoneyTable, source: ObjectSource) -> None:
        self.table, self.source = table, source
        self.shape = shape_of(table, source)
        self._columns = _compiled(table.columns, source.object)
        self._created = split(table.created)
        self._row = split(source.row)
        self._status = split((source.status,))
        self._payments = [(kind, split((path,))) for kind, path in source.payments.items()]
        self._children = [_ChildReader(children) for children in table.children]
        paths = [
            *self._created, *self._row, *self._status,
            *(path for _, paths, *_ in self._columns for path in paths),
            *(path for _, paths in self._payments for path in paths),
            *(path for children in self._children for path in children.of_parent),
        ]  # fmt: skip
        # A change of another field of the object leaves its cells as they are.
        self.fields = frozenset(path[0] for path in paths)

    def cells(self, body: Json, account: str) -> list[Cell]:
        """The table's columns in order. Raises: Unfoldable."""
        return _cells(self._columns, body, body, account)

    def children(self, body: Json, account: str) -> list[list[list[Cell]]]:
        """The rows of each child table: id, created, then its columns. Raises: Unfoldable."""
        return [children.rows(body, account) for children in self._children]

    def created(self, body: Json) -> Cell:
        """When the provider made the object. Raises: Unfoldable."""
        return read_cell(INSTANT, first(self._created, body), "created")

    def row(self, body: Json) -> str | None:
        """The id of the row that the object feeds. Raises: Unfoldable."""
        return _id(self._row, body)

    def payments(self, body: Json) -> list[tuple[str, str]]:
        """ValueKind and id of each payment that the object names. Raises: Unfoldable."""
        named = ((kind, _id(paths, body)) for kind, paths in self._payments)
        return [(kind, payment) for kind, payment in named if payment is not None]

    def is_final(self, body: Json) -> bool:
        """Whether the object has a status that it keeps."""
        return first(self._status, body) in self.source.final


class _ChildReader:
    def __init__(self, children: Children) -> None:
        self._columns = _compiled(children.columns, children.table)
        self._lists = split(children.lists)
        self._key = split(children.key)
        self._created = split(children.created)
        of_parent = (path for _, paths, *_ in self._columns for path in paths if path[0] == PARENT)
        self.of_parent = [*self._lists, *(path[1:] for path in of_parent)]

    def rows(self, parent: Json, account: str) -> list[list[Cell]]:
        rows: list[list[Cell]] = []
        keys: set[str] = set()
        for number, child in enumerate(self._elements(parent)):
            base = child if isinstance(child, str) else _id(self._key, child) or ""
            key = base if base and base not in keys else f"{base}#{number}"
            keys.add(key)
            body = None if isinstance(child, str) else child
            created = read_cell(INSTANT, first(self._created, body), "created")
            rows.append([key, created, *_cells(self._columns, body, parent, account)])
        return rows

    def _elements(self, parent: Json) -> list[Json]:
        for path in self._lists:
            value = at(parent, path)
            if value is not None and not isinstance(value, list | str):
                value = value.data if isinstance(value.data, list) else [value]
            if isinstance(value, list) and value:
                return [one for one in value if getattr(one, "deleted", None) is not True]
        return []


def first(paths: Paths, body: Json, parent: Json = None) -> Json:
    """The first value that is there; None when there is none."""
    for path in paths:
        value = at(parent, path[1:]) if path[0] == PARENT else at(body, path)
        if value is not None:
            return value
    return None


def at(value: Json, path: Steps) -> Json:
    """The value at a path; None when there is none. After `*`, the list of the elements' values."""
    for number, step in enumerate(path):
        if isinstance(value, list):
            if step == EACH:
                values = (at(element, path[number + 1 :]) for element in value)
                return [one for one in values if one is not None] or None
            if not step.isdigit() or int(step) >= len(value):
                return None
            value = value[int(step)]
        else:
            value = getattr(value, step, None) if isinstance(value, Struct) else None
    return value


def _cells(columns: list[_Column], body: Json, parent: Json, account: str) -> list[Cell]:
    cells: list[Cell] = []
    for name, paths, read, field, is_customer in columns:
        # Most columns are a field of the object itself.
        value = getattr(body, field, None) if field is not None else first(paths, body, parent)
        if value is None:
            cells.append(None)
            continue
        try:
            cell = read(value)
        except ValueError as problem:
            raise Unfoldable(name, str(problem)) from None
        if is_customer and isinstance(cell, str):
            cell = index_key(f"{account}/{cell}" if account else cell)
        cells.append(cell)
    return cells


def _id(paths: Paths, body: Json) -> str | None:
    value = read_cell(REFERENCE, first(paths, body), ".".join(paths[0]))
    return None if value is None else str(value)


def _compiled(columns: Iterable[MoneyColumn], kind: str) -> list[_Column]:
    compiled: list[_Column] = []
    for column in columns:
        paths = split(column.paths_in(kind))
        is_own = len(paths) == 1 and len(paths[0]) == 1
        field = paths[0][0] if is_own else None
        compiled.append(_Column(column.name, paths, column.kind.read, field, column.kind is CUSTOMER))
    return compiled
