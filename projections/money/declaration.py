"""What a money table declares: the objects that feed it, and each column's place in every shape of them.

A path is names of nested fields joined by dots; in a list a number is an element and `*` each of them. Before
a path of a child row, `^` means that it begins at the parent. Of several paths the first with a value counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from projections.money.values import CUSTOMER, ValueKind


@dataclass(frozen=True)
class ObjectSource:
    """One kind of Stripe object that feeds a table; `object` is Stripe's word for it.

    `events` are types, or beginnings of types before a star. `row` is where the object names its row. An
    object whose `status` is `final` keeps it: a later snapshot with another status changes nothing. An event
    whose type ends with `.deleted` deletes the row if `is_deletable`. Without `makes_row` the object only
    adds to a row that another kind makes. `payments` are where it names payments, whose rows it is joined to.
    """

    object: str
    events: tuple[str, ...]
    row: tuple[str, ...] = ("id",)
    status: str = "status"
    final: frozenset[str] = frozenset()
    is_deletable: bool = False
    makes_row: bool = True
    payments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, init=False)
class MoneyColumn:
    """A column, its kind, and its paths; `of` gives them for some kinds of object only."""

    name: str
    kind: ValueKind
    paths: tuple[str, ...]
    of: Mapping[str, tuple[str, ...]]

    def __init__(self, name: str, kind: ValueKind, *paths: str, **of: str | tuple[str, ...]) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "paths", paths or () if of else paths or (name,))
        object.__setattr__(self, "of", {k: (v,) if isinstance(v, str) else v for k, v in of.items()})

    def paths_in(self, kind: str) -> tuple[str, ...]:
        """The paths in one kind of object."""
        return self.of.get(kind, ()) if self.of else self.paths

    @property
    def rule(self) -> str:
        """Where the value comes from, for the documentation and the column's comment."""
        if not self.of:
            return ", else ".join(self.paths)
        return "; ".join(f"{kind}: {', else '.join(paths)}" for kind, paths in self.of.items())


@dataclass(frozen=True)
class Children:
    """Rows inside a snapshot of their parent, in a table of their own; they are those of its last snapshot.

    `parent` is the column with the parent's id. `lists` are paths to a list, a list object or one object; an
    element may be expanded or an id. `key` are paths to the child's id. A child without an id, or with the id
    of one before it, has its place in the list after a `#`.
    """

    table: str
    parent: str
    lists: tuple[str, ...]
    columns: tuple[MoneyColumn, ...]
    key: tuple[str, ...] = ("id",)
    created: tuple[str, ...] = ("created",)


@dataclass(frozen=True)
class MoneyTable:
    """One table. Of several sources the first with a value gives a column's cell.

    `is_joined` rows belong to the customer of their payment, since their own object names none.
    """

    name: str
    sources: tuple[ObjectSource, ...]
    columns: tuple[MoneyColumn, ...]
    children: tuple[Children, ...] = ()
    created: tuple[str, ...] = ("created",)
    is_joined: bool = False

    @property
    def is_merged(self) -> bool:
        """True if several objects make up one row."""
        return len(self.sources) > 1

    @property
    def has_customer(self) -> bool:
        """True if the object itself names its customer."""
        return any(column.kind is CUSTOMER for column in self.columns)
