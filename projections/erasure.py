"""What a privacy.erased event undoes: links that were claimed in payloads which are gone now.

Everything a fold kept of those payloads must go too. The user is folded again, from a log that no
longer holds them; and whatever was claimed of their customers is read again (`relinking`), so that
the tables say what a replay would.
"""

from collections.abc import Mapping

from events.domain.user import PrivacyErased
from projections import store
from projections.facts import OwnFact
from projections.log_reader import AnyConnection, Routed

ERASED = "privacy.erased"


def erasures_in(events: list[Routed]) -> dict[str, set[str]]:
    """Erased user to the customers that went with them."""
    erased: dict[str, set[str]] = {}
    for event in events:
        if event.is_user and event.fact.type == ERASED:
            erased.setdefault(event.route_key, set()).update(_customers(event))
    return erased


def touched_customers(conn: AnyConnection, erased: Mapping[str, set[str]]) -> set[str]:
    """Customers whose claims may have lost their payload.

    Waits for batches that run now: one may have read a payload before it went. Later ones can't
    begin until this transaction ends.
    """
    if not erased:
        return set()
    store.lock_all_parts(conn)
    return store.customers_claimed_by(conn, erased).union(*erased.values())


def _customers(event: Routed) -> set[str]:
    body = event.fact.body
    if not isinstance(body, OwnFact):
        return set()
    try:
        return set(PrivacyErased.model_validate_json(body.payload).customer_ids)
    except ValueError:
        return set()  # the fold stops that user there and says why
