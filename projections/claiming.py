"""From a customer's events to words and claims; the order and batches of arrival make no difference.

An object changes its word only where its own snapshots, in canonical order, differ: a repeated snapshot
adds no word. Evidence in order is added; evidence that may belong between earlier events is settled again
from all events.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct

from events.domain import user as own
from projections import stripe_objects
from projections.facts import Fact, OwnFact
from projections.links import (
    AGAINST,
    BY_LEGACY,
    BY_METADATA,
    BY_OPERATOR,
    BY_REFERENCE,
    DELETED,
    ERASED,
    NO_USER,
    RESTORED,
    Claim,
    Claims,
)
from projections.order import order_instant
from projections.shapes.checkout import Checkout
from projections.shapes.customer import CustomerFact
from projections.shapes.subscription import SubscriptionFact
from projections.state import State

# Domain events that make a claim; `read_claims` reads no others of a user's stream.
OWN_CLAIMS = {
    "identity.linked": BY_OPERATOR,
    "identity.unlinked": AGAINST,
    "legacy.imported": BY_LEGACY,
    "privacy.erased": ERASED,
}
# Events in a user's stream that delete the user or revert deletions.
DELETIONS = ("clerk.user.deleted", "privacy.erased", "deletion.reverted")
NO_DELETIONS: Mapping[str, list[Claim]] = {}
FIRST_WORDS = (".created", "checkout.session.completed")


class Evidence(NamedTuple):
    """Evidence about one customer from some events: snapshots with a word, in any order, and claims."""

    first_at: int
    snapshots: list[Fact]
    claims: list[Claim]

    @property
    def seen_at(self) -> int:
        return max([0, *(fact.at for fact in self.snapshots), *(claim.at for claim in self.claims)])


class ObjectSummary(Struct, array_like=True):
    """A summary of one object's snapshots, sufficient when all name the same user. `word` is the first."""

    word: Claim
    is_firm: bool
    seen_at: int
    is_uniform: bool

    def merge(self, other: "ObjectSummary") -> None:
        """Add the summary of other snapshots of the object; order makes no difference."""
        self.is_uniform = self.is_uniform and other.is_uniform and self.word.user == other.word.user
        self.seen_at = max(self.seen_at, other.seen_at)
        if other.word.at < self.word.at:
            self.word, self.is_firm = other.word, other.is_firm
        elif other.word.at == self.word.at:
            key, since = min(self.word.key, other.word.key), min(self.word.since, other.word.since)
            self.word = Claim(self.word.at, key, since, self.word.user, BY_METADATA)
            self.is_firm = self.is_firm or other.is_firm


def object_of(fact: Fact) -> str | None:
    """The object whose metadata the event shows; None for an event that shows no metadata."""
    body = fact.body
    if not isinstance(body, SubscriptionFact | CustomerFact) or body.claimed_user is None:
        return None
    return "customer" if isinstance(body, CustomerFact) else body.id


def claims_in(fact: Fact, route_key: str) -> list[tuple[str, Claim]]:
    """(customer, claim) of a Checkout session, an operator, an import, or each customer of an erasure."""
    body = fact.body
    if isinstance(body, Checkout):
        return [(route_key, _session_claim(fact, body))] if body.claimed_user and body.customer else []
    if not isinstance(body, OwnFact) or fact.type not in OWN_CLAIMS:
        return []
    claim = _claim(fact, fact.at, route_key, OWN_CLAIMS[fact.type])
    return [(customer, claim) for customer in _named_customers(fact.type, body)]


def deletions_in(user: str, facts: Iterable[Fact]) -> list[Claim]:
    """When a user was deleted and restored, oldest first, from these events of the user's stream."""
    deletions: set[str] = set()
    reverted: set[str] = set()
    changes: list[Claim] = []
    ordered = sorted((fact for fact in facts if fact.type in DELETIONS), key=attrgetter("at"))
    for at, group in groupby(ordered, key=attrgetter("at")):
        instant = list(group)
        deletions |= {fact.id for fact in instant if fact.type != "deletion.reverted"}
        reverted |= {event_id for fact in instant for event_id in _reverted(fact)}
        rank = DELETED if deletions - reverted else RESTORED
        if rank != (changes[-1].rank if changes else RESTORED):
            changes.append(Claim(at, min(fact.key for fact in instant), at, user, rank))
    return changes


def settled(evidence: Evidence, deletions: Mapping[str, list[Claim]] = NO_DELETIONS) -> Claims:
    """Words and claims from all events, and the deletions of the users they name."""
    register = Claims(evidence.first_at, evidence.seen_at)
    state = State(user_id="", links={})
    for at, group in groupby(sorted(evidence.snapshots, key=attrgetter("at")), key=attrgetter("at")):
        ordered = order_instant(list(group), state)
        for fact in ordered:
            stripe_objects.RULES[type(fact.body)](state, fact)
        _add_words(register, at, ordered)
    _claim_in_order(register, evidence.claims)
    register.note_deletions(deletions)
    return register


def settled_from(first_at: int, glimpses: Mapping[str, ObjectSummary], claims: list[Claim]) -> Claims | None:
    """The same from summaries; None when an object's snapshots differ, so that their order matters."""
    if not all(glimpse.is_uniform for glimpse in glimpses.values()):
        return None
    seen_at = max([0, *(glimpse.seen_at for glimpse in glimpses.values()), *(claim.at for claim in claims)])
    register = Claims(first_at, seen_at)
    for name, glimpse in glimpses.items():
        if glimpse.word.user != NO_USER:
            first = glimpse.word
            since = first.at if glimpse.is_firm else first.since
            register.add_word(name, Claim(first.at, first.key, since, first.user, BY_METADATA))
    _claim_in_order(register, claims)
    return register


def extended(register: Claims, evidence: Evidence) -> bool:
    """Add evidence that is later than the register. False when all has to be settled again: some of it may
    belong in between, or snapshots of one instant differ. The register must not be used then."""
    register.first_at = min(register.first_at, evidence.first_at)
    late = [fact for fact in evidence.snapshots if fact.at <= register.seen_at]
    if any(claim.at <= register.seen_at for claim in evidence.claims):
        return False
    if not all(_repeats_known(register, fact) for fact in late):
        return False
    new = sorted((f for f in evidence.snapshots if f.at > register.seen_at), key=attrgetter("at"))
    for at, group in groupby(new, key=attrgetter("at")):
        snapshots = list(group)
        if not all(
            len(object_snapshots) == 1 or _are_alike(object_snapshots)
            for object_snapshots in _by_object(snapshots).values()
        ):
            return False
        _add_words(register, at, snapshots)
    _claim_in_order(register, evidence.claims)
    register.seen_at = max(register.seen_at, evidence.seen_at)
    return True


def glimpse_of(fact: Fact) -> ObjectSummary:
    """The summary of one snapshot."""
    word = Claim(fact.at, fact.key, _since(fact), _word(fact), BY_METADATA)
    return ObjectSummary(word, _is_first_word(fact), fact.at, _are_alike([fact]))


def _add_words(register: Claims, at: int, snapshots: Iterable[Fact]) -> None:
    """Add each object's word at the end of an instant, if it differs from the previous one."""
    for name, object_snapshots in _by_object(snapshots).items():
        word = _next_word(register.word_of(name, at), at, object_snapshots)
        if word is not None:
            register.add_word(name, word)


def _next_word(previous: Claim | None, at: int, snapshots: list[Fact]) -> Claim | None:
    user, entered = _word(snapshots[-1]), _word_before(snapshots[0])
    if previous is None:
        if user == NO_USER:
            return None
    elif user == previous.user and entered in (None, user):
        return None
    key = min(fact.key for fact in snapshots if _word(fact) == user)
    is_first = previous is not None or any(_is_first_word(fact) for fact in snapshots)
    return Claim(at, key, at if is_first else min(_since(fact) for fact in snapshots), user, BY_METADATA)


def _repeats_known(register: Claims, fact: Fact) -> bool:
    """Whether the snapshot repeats the word that its object had before and at that instant."""
    name = object_of(fact)
    if name is None or name not in register.words:
        return _word(fact) == NO_USER
    previous = register.word_of(name, fact.at)
    return (
        previous is not None and previous.at < fact.at and previous.user == _word(fact) and _are_alike([fact])
    )


def _are_alike(snapshots: list[Fact]) -> bool:
    """Whether the snapshots, and their previous versions, all name the same user."""
    words = {_word(fact) for fact in snapshots} | {_word_before(fact) for fact in snapshots}
    return len(words - {None}) == 1


def _is_first_word(fact: Fact) -> bool:
    """Whether the event itself shows that it set the object's word."""
    return fact.type.endswith(FIRST_WORDS) or _word_before(fact) not in (None, _word(fact))


def _since(fact: Fact) -> int:
    """The earliest instant at which the object may have had its word: its creation."""
    created = getattr(fact.body, "created", 0) * 1_000_000
    return min(created or fact.at, fact.at)


def _by_object(snapshots: Iterable[Fact]) -> dict[str, list[Fact]]:
    by_object: dict[str, list[Fact]] = {}
    for fact in snapshots:
        if (name := object_of(fact)) is not None:
            by_object.setdefault(name, []).append(fact)
    return by_object


def _word(fact: Fact) -> str:
    return getattr(fact.body, "claimed_user", None) or NO_USER


def _word_before(fact: Fact) -> str | None:
    return getattr(fact.before, "claimed_user", None)


def _session_claim(fact: Fact, body: Checkout) -> Claim:
    """A session claims when it is completed; a later event of it dates from the session's creation."""
    since = fact.at if fact.type.endswith(FIRST_WORDS) else _since(fact)
    return _claim(
        fact, since, body.claimed_user or NO_USER, BY_METADATA if body.claim_is_metadata else BY_REFERENCE
    )


def _claim(fact: Fact, since: int, user: str, rank: int) -> Claim:
    return Claim(fact.at, fact.key, since, user, rank)


def _claim_in_order(register: Claims, claims: Iterable[Claim]) -> None:
    for claim in sorted(claims, key=attrgetter("at", "since", "key", "user", "rank")):
        register.add_claim(claim)


def _named_customers(event_type: str, body: OwnFact) -> Iterable[str]:
    try:
        if event_type == "privacy.erased":
            return own.PrivacyErased.model_validate_json(body.payload).customer_ids
        if event_type != "legacy.imported":
            return (own.IdentityLinked.model_validate_json(body.payload).customer_id,)
        customer = own.LegacyImported.model_validate_json(body.payload).stripe_customer_id
        return () if customer is None else (customer,)
    except ValueError:
        return ()


def _reverted(fact: Fact) -> Iterable[str]:
    """Ids of the deletions that an event reverts; none if it can't be read."""
    if fact.type != "deletion.reverted" or not isinstance(fact.body, OwnFact):
        return ()
    try:
        return [
            str(event_id)
            for event_id in own.DeletionReverted.model_validate_json(fact.body.payload).event_ids
        ]
    except ValueError:
        return ()
