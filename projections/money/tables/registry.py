"""Every money table; a new one is a module beside this and one name here."""

from functools import lru_cache

from projections.money.cells import CellReader
from projections.money.declaration import MoneyTable
from projections.money.tables.credit_notes import CREDIT_NOTES
from projections.money.tables.customers import CUSTOMERS
from projections.money.tables.disputes import DISPUTES
from projections.money.tables.invoices import INVOICES
from projections.money.tables.payments import PAYMENTS
from projections.money.tables.prices import PRICES
from projections.money.tables.products import PRODUCTS
from projections.money.tables.refunds import REFUNDS
from projections.money.tables.subscriptions import SUBSCRIPTIONS

MONEY_TABLES: tuple[MoneyTable, ...] = (
    CUSTOMERS,
    PRODUCTS,
    PRICES,
    SUBSCRIPTIONS,
    INVOICES,
    PAYMENTS,
    REFUNDS,
    DISPUTES,
    CREDIT_NOTES,
)
# Reconciliation and imports append objects as the API shows them.
SNAPSHOTS = "stripe.snapshot.*"


@lru_cache(maxsize=4096)
def is_read(event_type: str) -> bool:
    """True if an event of this type may show an object that feeds a money table."""
    return event_type in _EXACT or event_type.startswith(_BEGINNINGS)


READERS = {source.object: CellReader(table, source) for table in MONEY_TABLES for source in table.sources}
BY_NAME = {table.name: table for table in MONEY_TABLES}
JOINED = tuple(table.name for table in MONEY_TABLES if table.is_joined)
CHILDREN = {children.table: children for table in MONEY_TABLES for children in table.children}
# In the order in which they are written and locked.
TABLE_NAMES = (*BY_NAME, *CHILDREN)

_PATTERNS = (SNAPSHOTS, *(event for reader in READERS.values() for event in reader.source.events))
_EXACT = frozenset(pattern for pattern in _PATTERNS if not pattern.endswith("*"))
_BEGINNINGS = tuple(pattern.removesuffix("*") for pattern in _PATTERNS if pattern.endswith("*"))
# The same as LIKE patterns: other events are read without their payload.
MONEY_PATTERNS = [
    *(beginning.replace("_", r"\_") + "%" for beginning in _BEGINNINGS),
    *(event_type.replace("_", r"\_") for event_type in _EXACT),
]
