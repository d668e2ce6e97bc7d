"""The user tables, and their declarations by column, event type and body."""

from collections.abc import Iterator

from projections.tables import billing, legacy, subscriptions, system_data, usage, users
from projections.tables.table import Column, Rule, Table

# In the order in which their rows are written: the others refer to users.
TABLES: dict[str, Table] = {
    table.name: table
    for table in (users.TABLE, subscriptions.TABLE, billing.TABLE, usage.TABLE, system_data.TABLE)
}
COLUMNS: dict[str, Column] = {
    name: column for table in TABLES.values() for name, column in table.declared().items()
}
TABLE_OF = {column: table.name for table in TABLES.values() for column in table.columns}


def _touching(table: Table) -> Iterator[type | str]:
    yield from (*table.rules, *table.body_rules, *table.reads, *legacy.RULES)


RULES: dict[str, tuple[Rule, ...]] = {}
BODY_RULES: dict[type, tuple[Rule, ...]] = {}
# The tables that an event can change, by its body or its type.
TOUCHED: dict[type | str, tuple[str, ...]] = {}
for _table in TABLES.values():
    for _type, _rule in _table.rules.items():
        RULES[_type] = (*RULES.get(_type, ()), _rule)
    for _body, _rule in _table.body_rules.items():
        BODY_RULES[_body] = (*BODY_RULES.get(_body, ()), _rule)
    for _cause in dict.fromkeys(_touching(_table)):
        TOUCHED[_cause] = (*TOUCHED.get(_cause, ()), _table.name)
RULES |= {event_type: (rule,) for event_type, rule in legacy.RULES.items()}
