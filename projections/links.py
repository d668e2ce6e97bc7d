"""Who owns a Stripe customer, and since when: words and claims about it, and the intervals they give.

A *word* is what one object's metadata says from some instant on; the next word of the same object
replaces it. A *claim* is a statement that nothing replaces: a Checkout session's, an operator's, an
import's. Never from an e-mail address.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

BY_OPERATOR = 4
BY_METADATA = 3
BY_REFERENCE = 2
BY_LEGACY = 1
AGAINST = 0
NOBODY = ""


class Word(Struct, frozen=True, array_like=True):
    """In force from `at`; `(since, key)` dates it among equals. Both are microseconds.

    `since` is before `at` for the word of an object that is met when it already repeats itself.
    `user` is NOBODY once the object names no user any more.
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
    """Who owns the customer from `at` on; None is no one. `key` names the event that decided it."""

    at: int
    key: str
    user: str | None


class Claims(Struct):
    """Everything ever said about one customer, a pure function of the set of its events.

    `first_at` is the first event's instant, `seen_at` the last one's at which anything was said or
    repeated: what is later than that can be added, what is not may have to be put in between.
    """

    first_at: int
    seen_at: int = 0
    words: dict[str, list[Word]] = field(default_factory=dict)
    claims: list[Word] = field(default_factory=list)

    def users(self) -> list[str]:
        """Every user who ever was named, sorted."""
        return sorted({word.user for _, word in self._all() if word.user != NOBODY})

    def owners(self) -> list[Owner]:
        """The intervals of ownership, oldest first; an instant counts with everything said in it."""
        owners: list[Owner] = []
        standing = _Standing()
        for at, group in groupby(sorted(self._all(), key=_instant), key=_instant):
            statements = list(group)
            for name, word in statements:
                standing.take(name, word)
            winner = standing.winner()
            user = winner.user if winner else None
            if user != (owners[-1].user if owners else None):
                decided = (
                    winner if winner and winner.at == at else max((w for _, w in statements), key=_moment)
                )
                owners.append(Owner(at, decided.key, user))
        return owners

    def owner(self) -> Owner | None:
        """The owner now; None when no claim stands."""
        owners = self.owners()
        return owners[-1] if owners and owners[-1].user is not None else None

    def operator_has_linked(self, user: str) -> bool:
        """Whether an operator's word for that user stands."""
        standing = _Standing()
        for name, word in sorted(self._all(), key=_instant):
            standing.take(name, word)
        return standing.has_operator_for(user)

    def last_at(self) -> int:
        """When the latest word or claim was made; microseconds."""
        return max([self.first_at, *(word.at for _, word in self._all())])

    def word_of(self, name: str, at: int) -> Word | None:
        """What the object said at an instant, that instant included."""
        before = [word for word in self.words.get(name, ()) if word.at <= at]
        return before[-1] if before else None

    def add_word(self, name: str, word: Word) -> None:
        """The object's next word."""
        self.words.setdefault(name, []).append(word)

    def add_claim(self, claim: Word) -> None:
        """The next claim in order of time. Sessions that repeat what wins already are kept as one, so
        that a thousand purchases are no thousand claims."""
        if claim.rank in (BY_METADATA, BY_REFERENCE):
            alike = [c for c in self.claims if (c.user, c.rank) == (claim.user, claim.rank)]
            if any(c.moment >= claim.moment for c in alike):
                return
            best = max(self._equals(claim), key=_moment, default=None)
            if best is not None and best in alike:
                self.claims[self.claims.index(best)] = msgspec.structs.replace(best, since=claim.since)
                return
        self.claims.append(claim)

    def _equals(self, claim: Word) -> Iterator[Word]:
        """The standing claims of the same rank as this one, and before it."""
        yield from (c for c in self.claims if c.rank == claim.rank)
        if claim.rank == BY_METADATA:
            latest = (self.word_of(name, claim.at) for name in self.words)
            yield from (word for word in latest if word is not None and word.user != NOBODY)

    def _all(self) -> Iterator[tuple[str, Word]]:
        for name, words in self.words.items():
            yield from ((name, word) for word in words)
        yield from ((NOBODY, claim) for claim in self.claims)


class _Standing:
    """What stands at one instant of a walk through words and claims."""

    def __init__(self) -> None:
        self._words: dict[str, Word] = {}
        self._claims: list[Word] = []
        self._operators: dict[tuple[str, int], Word] = {}

    def take(self, name: str, word: Word) -> None:
        if name != NOBODY:
            self._words[name] = word
        elif word.rank in (BY_OPERATOR, AGAINST):
            known = self._operators.get((word.user, word.rank), word)
            self._operators[word.user, word.rank] = max(known, word, key=_moment)
        else:
            self._claims.append(word)

    def has_operator_for(self, user: str) -> bool:
        """An operator's no is undone only by an operator's later yes."""
        yes, no = self._operators.get((user, BY_OPERATOR)), self._operators.get((user, AGAINST))
        return yes is not None and (no is None or yes.moment > no.moment)

    def winner(self) -> Word | None:
        """The strongest standing claim; of equals the latest change."""
        yes = [w for (user, rank), w in self._operators.items() if rank and self.has_operator_for(user)]
        standing = yes + [w for w in (*self._words.values(), *self._claims) if self._may_own(w.user)]
        return max(standing, key=lambda w: (w.rank, w.since, w.key, w.user), default=None)

    def _may_own(self, user: str) -> bool:
        return user != NOBODY and ((user, AGAINST) not in self._operators or self.has_operator_for(user))


def _instant(statement: tuple[str, Word]) -> int:
    return statement[1].at


def _moment(word: Word) -> tuple[int, str]:
    return word.since, word.key


def encode(claims: Claims) -> str:
    return msgspec.json.encode(claims, order="deterministic").decode()


def decode(claims: Any) -> Claims | None:  # Any: jsonb as psycopg hands it over
    """None for what an earlier release kept in another form: it is to be read again from the log."""
    if claims is None or "seen_at" not in claims:
        return None
    return msgspec.convert(claims, Claims)
