"""What a privacy.erased event undoes: links that were claimed in payloads that are erased now.

Everything that a fold kept from those payloads must be removed too. The user is folded again, from a log
without the payloads, and the claims on the user's customers are read again (`relinking`), so that the
tables equal those of a replay.
"""

from collections.abc import Mapping

from events.domain.user import PrivacyErased
from events.statements import AnyConnection
from projections import store
from projections.facts import OwnFact
from projections.log_reader import Routed

ERASED = "privacy.erased"


def erasures_in(events: list[Routed]) -> dict[str, set[str]]:
    """Erased user to the customers erased with them."""
    erased: dict[str, set[str]] = {}
    for event in events:
        if event.is_user and event.fact.type == ERASED:
            erased.setdefault(event.route_key, set()).update(_customers(event))
    return erased


def touched_customers(conn: AnyConnection, erased: Mapping[str, set[str]]) -> set[str]:
    """Customers whose claims may have lost their payload.

    Waits for running batches: one may have read a payload before it was erased. Later batches can't begin
    until this transaction ends.
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
        return set()  # the fold quarantines the user there with the reason
