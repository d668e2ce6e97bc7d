"""What a privacy.erased event undoes: links that were claimed in payloads which are gone now.

Everything a fold kept of those payloads must go too. The user is folded again, from a log that no
longer holds them; and whatever was claimed of their customers is read again, so that the tables
say what a replay would.
"""

from collections.abc import Mapping

from events.own.user import PrivacyErased
from projections import links, log, store
from projections.facts import Own
from projections.log import AnyConnection, Routed

ERASED = "privacy.erased"


def erasures_in(found: list[Routed]) -> dict[str, set[str]]:
    """Erased user to the customers that went with them."""
    erased: dict[str, set[str]] = {}
    for event in found:
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
    store.hold_all_parts(conn)
    return store.customers_claimed_by(conn, erased).union(*erased.values())


def relink(
    conn: AnyConnection, customers: set[str], bounds: Mapping[int, int], *, live_only: bool
) -> dict[str, str | None]:
    """Customer to user after everything said of these customers was read again and written.

    The register still says who ever spoke of them, this batch included; it is locked already.
    """
    held = store.lock_customers(conn, customers)
    speakers = {user for _, said in held.values() if said is not None for user in said.users}
    found = log.events_of(conn, customers | speakers, bounds, live_only=live_only)
    claims: dict[str, links.Claims] = {}
    for event in found:
        claim = log.claim_in(event)
        about = claim.customer if claim else event.route_key if event.is_customer else None
        if about is None or about not in customers:
            continue
        said = claims.setdefault(about, links.Claims(first_at=event.fact.at))
        said.first_at = min(said.first_at, event.fact.at)
        if claim:
            said.hear(claim)
    store.write_links(conn, claims)
    store.forget_customers(conn, sorted(customers - claims.keys()))
    winners = {customer: said.winner() for customer, said in claims.items()}
    return {customer: (winner := winners.get(customer)) and winner[0] for customer in customers}


def _customers(event: Routed) -> set[str]:
    body = event.fact.body
    if not isinstance(body, Own):
        return set()
    try:
        return set(PrivacyErased.model_validate_json(body.payload).customer_ids)
    except ValueError:
        return set()  # the fold stops that user there and says why
