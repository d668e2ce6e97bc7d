"""Which columns an event changed: the rows as last shown, against the rows as they are now."""

from typing import Any, NamedTuple

from projections.catalog import Catalog
from projections.rows import TABLES, Row, cells_of
from projections.state import Core, State


class ColumnChange(NamedTuple):
    """One column before and after an event."""

    table: str
    column: str
    old: Any  # Any: a column's value
    new: Any  # Any: a column's value


class LastShown:
    """What the rows showed last: only a table whose core or catalog changed is looked at again."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        self._catalog = catalog or Catalog()
        self._cores: dict[str, Core] = {}
        self._cells: dict[str, Row] = {}

    def under(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._cores.clear()

    def changes(self, state: State) -> list[ColumnChange]:
        """What differs from the last time; a row that is gone reads as nulls."""
        found: list[ColumnChange] = []
        for table in TABLES:
            core = state.cores.get(table)
            if core is self._cores.get(table) and (core is not None or table not in self._cells):
                continue
            old = self._cells.get(table, {})
            new = dict.fromkeys(old) if core is None else cells_of(table, core, self._catalog)[0]
            found += [
                ColumnChange(table, name, old.get(name), cell)
                for name, cell in new.items()
                if cell != old.get(name)
            ]
            self._keep(table, core, new)
        return found

    def _keep(self, table: str, core: Core | None, cells: Row) -> None:
        if core is None:
            self._cores.pop(table, None)
            del self._cells[table]
        else:
            self._cores[table], self._cells[table] = core, cells
