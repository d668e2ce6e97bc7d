"""Prices that users pay but no plan names: their users have the wrong plan until one is published."""

from typing import NamedTuple

import msgspec
from psycopg.rows import tuple_row

from events.statements import AnyConnection, statement
from projections import store
from projections.catalog import Catalog
from projections.fold import present
from projections.state import decode
from projections.tables.subscriptions import Subscription, hints_in

MAX_USERS = 1000


class UnknownPrice(NamedTuple):
    """A price (empty: a subscription without one), its lookup key, and users who have it."""

    price_id: str
    lookup_key: str | None
    users: list[str]


def price_fix(price_id: str | None) -> str:
    """What maps the price to a plan; a subscription without a price names its plan itself."""
    if price_id:
        return f"put {price_id} into a plan's stripe_price_id_… and run tenure plans publish FILE"
    return "name the plan in the subscription's metadata (plan_key) at Stripe"


def unknown_prices(conn: AnyConnection) -> list[UnknownPrice]:
    """The prices behind `billing_sync_status = error`, by id, among the first thousand users."""
    catalog = _catalog(conn)
    with conn.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(statement("queries", "users_in_error"), {"limit": MAX_USERS}).fetchall()
    prices: dict[str, UnknownPrice] = {}
    for user, state in rows:
        source = Subscription(*present(decode(state)).cores["user_subscriptions"]).current_plan
        if isinstance(source, str):
            continue
        hints = hints_in(source)
        if catalog.first_known(hints) is not None:
            continue
        price_id, lookup_key = hints[0].price_id or "", hints[0].lookup_key
        prices.setdefault(price_id, UnknownPrice(price_id, lookup_key, [])).users.append(user)
    return [prices[price] for price in sorted(prices)]


def _catalog(conn: AnyConnection) -> Catalog:
    stored = store.read_catalog(conn)
    return Catalog() if stored is None else msgspec.json.decode(stored[1], type=Catalog)
