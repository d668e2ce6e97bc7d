"""Which columns an event changed: the rows last shown, compared with the present rows."""

from typing import Any, NamedTuple

from projections.catalog import Catalog
from projections.rows import Row, cells_of
from projections.state import Core, State
from projections.tables.registry import TABLES


class ColumnChange(NamedTuple):
    """One column before and after an event."""

    table: str
    column: str
    old: Any  # Any: a column's value
    new: Any  # Any: a column's value


class LastShown:
    """The values last shown: only tables whose core or catalog changed are compared again."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        self._catalog = catalog or Catalog()
        self._cores: dict[str, Core] = {}
        self._cells: dict[str, Row] = {}

    def under(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._cores.clear()

    def changes(self, state: State) -> list[ColumnChange]:
        """The columns that differ from the last call; a deleted row reads as nulls."""
        column_changes: list[ColumnChange] = []
        for table in TABLES:
            core = state.cores.get(table)
            if core is self._cores.get(table) and (core is not None or table not in self._cells):
                continue
            old = self._cells.get(table, {})
            new = dict.fromkeys(old) if core is None else cells_of(TABLES[table], core, self._catalog)[0]
            column_changes += [
                ColumnChange(table, name, old.get(name), cell)
                for name, cell in new.items()
                if cell != old.get(name)
            ]
            self._keep(table, core, new)
        return column_changes

    def _keep(self, table: str, core: Core | None, cells: Row) -> None:
        if core is None:
            self._cores.pop(table, None)
            del self._cells[table]
        else:
            self._cores[table], self._cells[table] = core, cells
