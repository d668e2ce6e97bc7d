"""What a module of a user table declares: the columns, the row of a state, the rules, and what changes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, get_type_hints

from msgspec import Struct
from msgspec.structs import astuple

from projections.catalog import Catalog
from projections.facts import Fact
from projections.state import Core, State

Rule = Callable[[State, Fact], None]


class Column(NamedTuple):
    """What `Annotated` adds to a row's field: the rule for its value, as `explain` shows it.

    An instant is microseconds since the epoch. The catalog, not only events, decides a priced column.
    """

    rule: str
    is_instant: bool = False
    is_priced: bool = False


@dataclass(frozen=True)
class Table:
    """A table with one row per user. Its module declares one, and `registry` lists it.

    `row` is a struct with the columns that are the table's own. `core` gives the row of a state, except
    where the catalog decides a column: then `priced` gives the row of the struct `stored`, and the instant
    at which the catalog last changed it. New columns stand last and have a default: states stored by older
    code are read too.
    """

    name: str
    row: type[Struct]
    core: Callable[[State], Struct]
    rules: Mapping[str, Rule] = field(default_factory=dict)  # by event type
    body_rules: Mapping[type, Rule] = field(default_factory=dict)  # by body; these instead of those by type
    # bodies and event types that change the row through another table's rule or a snapshot
    reads: tuple[type | str, ...] = ()
    stored: type[Struct] | None = None
    priced: Callable[[Any, Catalog], tuple[Struct, int]] | None = None  # Any: a `stored`
    # Every provider event changes the row.
    counts_webhooks: bool = False
    # The state keeps when each cell changed: the row changes with most events.
    keeps_cell_times: bool = False

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return self.row.__struct_fields__

    def read(self, cells: Core) -> Struct:
        """The struct of stored cells."""
        struct = self.stored or self.row
        return struct(**dict(zip(struct.__struct_fields__, cells, strict=False)))

    def finished(self, cells: Core, catalog: Catalog) -> tuple[Sequence[Any], int]:  # Any: a column's value
        """The row's cells under a catalog, and when the catalog last changed them (microseconds)."""
        if self.priced is not None:
            row, at = self.priced(self.read(cells), catalog)
            return astuple(row), at
        return cells if len(cells) == len(self.columns) else astuple(self.read(cells)), 0

    def cells(self, state: State) -> Core:
        """The cells of `core`, as the state stores them."""
        return [*astuple(self.core(state))]

    def declared(self) -> dict[str, Column]:
        """The columns that `explain` explains."""
        hints = get_type_hints(self.row, include_extras=True)
        return {
            name: column
            for name in self.columns
            for column in getattr(hints[name], "__metadata__", ())
            if isinstance(column, Column)
        }
