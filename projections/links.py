"""Which user owns a Stripe customer, and since when: words and claims, and the resulting intervals.

A *word* is the user that one object's metadata names from some instant on; the next word of the same
object replaces it. A *claim* is never replaced: it comes from a Checkout session, an operator, an import
or an erasure, and never from an e-mail address. A *deletion* of an account weakens its claims.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

BY_OPERATOR = 4
BY_METADATA = 3
BY_REFERENCE = 2
BY_LEGACY = 1
AGAINST = 0
ERASED = -1
DELETED = -2
RESTORED = -3
NO_USER = ""

SECOND = 1_000_000  # Stripe's clock has whole seconds


class Claim(Struct, frozen=True, array_like=True):
    """In force from `at`; `(since, key)` dates it among equals. Both are microseconds.

    `since` is before `at` when the object's first event in the log only repeats an earlier word.
    `user` is NO_USER once the object no longer names a user.
    """

    at: int
    key: str
    since: int
    user: str
    rank: int

    @property
    def moment(self) -> tuple[int, str]:
        return self.since, self.key


class Owner(NamedTuple):
    """The owner of the customer from `at` on; None for no owner. `key` is that of the deciding event."""

    at: int
    key: str
    user: str | None


class Claims(Struct):
    """All words and claims about one customer, a pure function of the set of its events.

    `first_at` is the instant of the first event, `seen_at` that of the last event with a word or a claim:
    later evidence can be added, earlier evidence may belong in between.
    `deletions` are of the users named here: each time they were deleted or restored, oldest first.
    """

    first_at: int
    seen_at: int = 0
    words: dict[str, list[Claim]] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    deletions: dict[str, list[Claim]] = field(default_factory=dict)

    def users(self) -> list[str]:
        """All users ever named, sorted."""
        return sorted({word.user for _, word in self._said() if word.user != NO_USER})

    def owners(self) -> list[Owner]:
        """The intervals of ownership, oldest first; words and claims of one instant count together."""
        owners: list[Owner] = []
        standing = _Standing()
        for at, group in groupby(sorted(self._all(), key=_instant), key=_instant):
            statements = list(group)
            for name, word in statements:
                standing.take(name, word)
            winner = standing.winner(_keeper(owners, at))
            user = winner.user if winner else None
            if user != (owners[-1].user if owners else None):
                decided = (
                    winner if winner and winner.at == at else max((w for _, w in statements), key=_moment)
                )
                owners.append(Owner(at, decided.key, user))
        return owners

    def owner(self) -> Owner | None:
        """The current owner; None when no claim stands."""
        owners = self.owners()
        return owners[-1] if owners and owners[-1].user is not None else None

    def owner_has_left(self) -> bool:
        """Whether the customer has no owner now, and the last one was deleted or erased."""
        owners = self.owners()
        if owners and owners[-1].user is not None:
            return False
        ended_at = owners[-1].at if owners else self.first_at
        if any(claim.rank == ERASED and claim.at >= ended_at for claim in self.claims):
            return True
        return bool(owners) and self._end().is_deleted(owners[-2].user)

    def operator_has_linked(self, user: str) -> bool:
        """Whether an operator's link to that user stands, and the user was not deleted since."""
        return self._end().has_operator_for(user)

    def _end(self) -> _Standing:
        standing = _Standing()
        for name, word in sorted(self._all(), key=_instant):
            standing.take(name, word)
        return standing

    def last_at(self) -> int:
        """When the latest word or claim was made; microseconds."""
        return max([self.first_at, *(word.at for _, word in self._all())])

    def word_of(self, name: str, at: int) -> Claim | None:
        """The object's word at an instant, that instant included."""
        before = [word for word in self.words.get(name, ()) if word.at <= at]
        return before[-1] if before else None

    def add_word(self, name: str, word: Claim) -> None:
        """Add the object's next word."""
        self.words.setdefault(name, []).append(word)

    def note_deletions(self, deletions: Mapping[str, list[Claim]]) -> None:
        """Set the deletions of these users; users not named here are ignored."""
        named = self.users()
        self.deletions |= {user: words for user, words in deletions.items() if user in named}
        self.deletions = {user: words for user, words in sorted(self.deletions.items()) if words}

    def add_claim(self, claim: Claim) -> None:
        """Add the next claim in order of time. Sessions of one user with no other user named between them
        are merged, so that a thousand purchases do not make a thousand claims."""
        if claim.rank in (BY_METADATA, BY_REFERENCE):
            alike = [c for c in self.claims if (c.user, c.rank) == (claim.user, claim.rank)]
            last = max(alike, key=_moment, default=None)
            if last is not None and last.moment >= claim.moment:
                return
            if last is not None and not any(
                last.moment < w.moment < claim.moment for w in self._rivals(claim)
            ):
                self.claims[self.claims.index(last)] = msgspec.structs.replace(last, since=claim.since)
                return
        self.claims.append(claim)

    def _rivals(self, claim: Claim) -> Iterator[Claim]:
        """Words and claims that name another user, up to the claim's instant."""
        yield from (w for _, w in self._said() if w.at <= claim.at and w.user not in (claim.user, NO_USER))

    def _said(self) -> Iterator[tuple[str, Claim]]:
        for name, words in self.words.items():
            yield from ((name, word) for word in words)
        yield from ((NO_USER, claim) for claim in self.claims)

    def _all(self) -> Iterator[tuple[str, Claim]]:
        yield from self._said()
        for words in self.deletions.values():
            yield from ((NO_USER, word) for word in words)


class _Standing:
    """The words and claims in force at one instant, while all are applied in order."""

    def __init__(self) -> None:
        self._words: dict[str, Claim] = {}
        self._claims: list[Claim] = []
        self._operators: dict[tuple[str, int], Claim] = {}
        self._latest: dict[str, Claim] = {}
        self._deleted_at: dict[str, int] = {}

    def take(self, name: str, word: Claim) -> None:
        if word.rank == DELETED:
            self._deleted_at[word.user] = word.at
        elif word.rank == RESTORED:
            self._deleted_at.pop(word.user, None)
        elif word.rank == AGAINST:
            self._note_operator(word)
        elif word.rank != ERASED:
            self._latest[word.user] = max(self._latest.get(word.user, word), word, key=_moment)
            if name != NO_USER:
                self._words[name] = word
            elif word.rank == BY_OPERATOR:
                self._note_operator(word)
            else:
                self._claims.append(word)

    def has_operator_for(self, user: str) -> bool:
        """Only an operator's later link undoes an operator's unlink; a deletion weakens earlier links."""
        yes = self._operators.get((user, BY_OPERATOR))
        return yes is not None and self._is_undenied(yes) and not self._has_lapsed(yes)

    def is_deleted(self, user: str | None) -> bool:
        return user in self._deleted_at

    def winner(self, owner: str | None) -> Claim | None:
        """The strongest claim in force, of equals the latest change; those of deleted users come last.

        A deleted owner keeps the customer until a claim for another user is newer than all claims for the
        owner, or an operator links or unlinks it.
        """
        standing = list(self._standing())
        live = [word for word in standing if not self._has_lapsed(word)]
        if owner in self._deleted_at and self._may_own(owner) and all(w.user != owner for w in live):
            last = self._latest[owner]
            live = [word for word in live if word.moment > last.moment] or [last]
        return max(live or standing, key=lambda w: (w.rank, w.since, w.key, w.user), default=None)

    def _standing(self) -> Iterator[Claim]:
        yield from (w for w in self._operators.values() if w.rank == BY_OPERATOR and self._is_undenied(w))
        yield from (w for w in (*self._words.values(), *self._claims) if self._may_own(w.user))

    def _has_lapsed(self, word: Claim) -> bool:
        """Whether its user was deleted; an operator may link a user who was deleted before."""
        deleted_at = self._deleted_at.get(word.user)
        return deleted_at is not None and (word.rank != BY_OPERATOR or word.at <= deleted_at)

    def _may_own(self, user: str) -> bool:
        if user == NO_USER or (user, AGAINST) not in self._operators:
            return user != NO_USER
        yes = self._operators.get((user, BY_OPERATOR))
        return yes is not None and self._is_undenied(yes)

    def _is_undenied(self, yes: Claim) -> bool:
        no = self._operators.get((yes.user, AGAINST))
        return no is None or yes.moment > no.moment

    def _note_operator(self, word: Claim) -> None:
        previous = self._operators.get((word.user, word.rank), word)
        self._operators[word.user, word.rank] = max(previous, word, key=_moment)


def _keeper(owners: list[Owner], at: int) -> str | None:
    """The owner, or the one that lost the customer within the second: Stripe's instants are whole seconds,
    so its event may come after a deletion in the same second."""
    if not owners:
        return None
    lost = owners[-1].user is None and at - owners[-1].at < SECOND
    return owners[-2].user if lost else owners[-1].user


def _instant(statement: tuple[str, Claim]) -> int:
    return statement[1].at


def _moment(word: Claim) -> tuple[int, str]:
    return word.since, word.key


def encode(claims: Claims) -> str:
    return msgspec.json.encode(claims, order="deterministic").decode()


def decode(claims: Any) -> Claims | None:  # Any: jsonb as psycopg hands it over
    """None for a form that an earlier release stored: the claims must be read again from the log."""
    if claims is None or "seen_at" not in claims:
        return None
    return msgspec.convert(claims, Claims)
