"""Whose a Stripe customer is: claims found in events, and the rule that picks among them.

A claim register only ever keeps the strongest word for and against each user, so it comes out the
same in whatever order the claims come in. Never from an e-mail address.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field

from events.own import user as own
from projections.facts import Checkout, Customer, Fact, Own, Subscription

BY_OPERATOR = 4
BY_METADATA = 3
BY_REFERENCE = 2
BY_LEGACY = 1
Moment = tuple[int, str]


class Claim(Struct, frozen=True):
    """One event's word about a customer. `rank` 0 is an operator's word against the link."""

    customer: str
    user_id: str
    rank: int
    moment: Moment


class Standing(Struct):
    """What was ever said about one customer and one user. Moments are (microseconds, event key)."""

    rank: int = 0
    first: Moment = (0, "")
    last: Moment = (0, "")
    against: Moment | None = None

    def hear(self, claim: Claim) -> None:
        """Take a claim in; order and repetition make no difference."""
        if claim.rank == 0:
            self.against = max(self.against or claim.moment, claim.moment)
        elif claim.rank > self.rank:
            self.rank, self.first, self.last = claim.rank, claim.moment, claim.moment
        elif claim.rank == self.rank:
            self.first, self.last = min(self.first, claim.moment), max(self.last, claim.moment)

    def holds(self) -> bool:
        """Whether the link stands: an operator's no is undone only by an operator's later yes."""
        if self.rank == 0:
            return False
        return self.against is None or (self.rank == BY_OPERATOR and self.last > self.against)


class Claims(Struct):
    """Everything said about one customer. `first_at` is its first event, microseconds."""

    first_at: int
    users: dict[str, Standing] = field(default_factory=dict)

    def hear(self, claim: Claim) -> None:
        self.users.setdefault(claim.user_id, Standing()).hear(claim)

    def winner(self) -> tuple[str, int] | None:
        """(user, linked since): the strongest standing claim; of equals the latest said."""
        standing = [(s.rank, s.last, user) for user, s in self.users.items() if s.holds()]
        if not standing:
            return None
        rank, last, user = max(standing)
        return user, (last if rank == BY_OPERATOR else self.users[user].first)[0]

    def last_at(self) -> int:
        """When something was last said; microseconds."""
        said = [moment[0] for s in self.users.values() for moment in (s.last, s.against or s.last)]
        return max([self.first_at, *said])


def claim_in(fact: Fact, route_key: str) -> Claim | None:
    """The claim an event makes, if it makes one."""
    body, moment = fact.body, (fact.at, fact.key)
    if isinstance(body, Own):
        return _operators_claim(fact, body, route_key)
    if isinstance(body, Subscription | Customer) and body.claimed_user:
        return Claim(route_key, body.claimed_user, BY_METADATA, moment)
    if isinstance(body, Checkout) and body.claimed_user and body.customer:
        return Claim(
            route_key,
            body.claimed_user,
            BY_METADATA if body.claim_is_metadata else BY_REFERENCE,
            moment,
        )
    return None


def _operators_claim(fact: Fact, body: Own, user_id: str) -> Claim | None:
    rank = {"identity.linked": BY_OPERATOR, "identity.unlinked": 0}.get(fact.type)
    try:
        if fact.type == "legacy.imported":
            rank, customer = (
                BY_LEGACY,
                own.LegacyImported.model_validate_json(body.payload).stripe_customer_id,
            )
        elif rank is not None:
            customer = own.IdentityLinked.model_validate_json(body.payload).customer_id
    except ValueError:
        return None
    if rank is None or customer is None:
        return None
    return Claim(customer, user_id, rank, (fact.at, fact.key))


def encode(claims: Claims) -> str:
    return msgspec.json.encode(claims, order="deterministic").decode()


def decode(claims: Any) -> Claims:  # Any: jsonb as psycopg hands it over
    return msgspec.convert(claims, Claims)
