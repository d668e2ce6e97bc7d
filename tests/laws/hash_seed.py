"""A digest over the rows of a made-up shop, for processes that differ in their hash seed."""

from hashlib import sha256

from demo.history import make_world
from projections.rows import as_json
from tests.laws.envelopes import envelope
from tests.projections.model import claims_of, tables_of


def digest() -> str:
    """Hex SHA-256 over rows and claims."""
    events = [envelope(delivery) for delivery in make_world(7, 25, days=120).deliveries]
    live = [event for event in events if event.livemode]
    claims = dict(sorted(claims_of(live).items()))
    return sha256(as_json([tables_of(live), claims])).hexdigest()
