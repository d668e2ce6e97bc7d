"""A fold as the database keeps it: encoded and decoded between any two events, under random ids."""

import re
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from string import ascii_letters, digits

from events.envelope import NewEvent
from projections.facts import Fact
from projections.fold import advance, present, refold
from projections.state import Folded, decode, encode

_ID = re.compile(r"\b(evt|msg|cus|sub|si|pm|card|src|in|cs|idn|user)_([A-Za-z0-9_]+)")


def with_random_ids(events: Iterable[NewEvent], seed: int) -> list[NewEvent]:
    """The same history with provider ids as providers make them: in no order that tells of their age."""
    random = Random(seed)
    names: dict[str, str] = {}

    def renamed(text: str) -> str:
        return _ID.sub(lambda match: names.setdefault(match[0], _random_id(match[1], random)), text)

    return [
        replace(
            event,
            idempotency_key=renamed(event.idempotency_key),
            route_key=renamed(event.route_key),
            aggregate_id=renamed(event.aggregate_id),
            payload=renamed(event.payload),
        )
        for event in events
    ]


def _random_id(prefix: str, random: Random) -> str:
    return f"{prefix}_{''.join(random.choices(ascii_letters + digits, k=14))}"


def reloaded(folded: Folded) -> Folded:
    """The fold as the next batch reads it; it has lost nothing, and encodes to the same bytes.

    Its dictionaries come back in reverse: no rule may rely on an order that an encoder is free to lose.
    """
    text = encode(folded)
    restored = decode(text)
    assert restored == folded
    assert encode(restored) == text
    for name in restored.settled.__struct_fields__:
        if isinstance(value := getattr(restored.settled, name), dict):
            setattr(restored.settled, name, dict(reversed(value.items())))
    return restored


def grown(user_id: str, links: dict[str, int], facts: list[Fact], sizes: Iterable[int]) -> Folded:
    """The live fold: batches of these sizes, stored and reloaded after each; a late one refolds."""
    folded = reloaded(refold(user_id, dict(links), []))
    done = 0
    for size in sizes:
        batch = facts[done : done + size]
        done += size
        present(folded)  # a look leaves no trace
        if not advance(folded, batch):
            folded = refold(user_id, dict(links), facts[:done])
        folded = reloaded(folded)
        reloaded(Folded(present(folded), []))
    return folded


def assert_grows_to_the_whole(
    user_id: str, links: dict[str, int], facts: list[Fact], sizes: Iterable[int]
) -> Folded:
    """The fold grown batch by batch is the fold of the whole history, byte for byte."""
    folded = grown(user_id, links, facts, sizes)
    whole = refold(user_id, dict(links), facts)
    assert encode(folded) == encode(whole)
    assert encode(Folded(present(folded), [])) == encode(Folded(present(whole), []))
    return folded
