"""Canonical order: by instant, and within one instant by cause, never by arrival.

Stripe's timestamps are whole seconds and one operation emits several events in a second. A snapshot with
its `previous_attributes` restored is the snapshot before it, so the events of one object form a trail
through its snapshots. Where no trail decides: created before updated before deleted, then type, then the
provider's id; `alternatives` yields the other orders that the snapshots allow.
"""

from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
from itertools import islice

from projections.facts import Body, Fact
from projections.state import State
from projections.stripe_objects import known_before
from projections.trail import stories

Rank = tuple[int, str, str, str]
Name = tuple[str, str]

LAST = (".deleted", ".detached")
MAX_ALTERNATIVES = 24


def rank(fact: Fact) -> Rank:
    """The order of a fact within its instant, by type and id."""
    phase = 0 if fact.type.endswith(".created") else 2 if fact.type.endswith(LAST) else 1
    return phase, fact.type, fact.key, fact.id


def order_instant(facts: list[Fact], state: State) -> list[Fact]:
    """The facts of one instant in canonical order; `state` is everything before it."""
    if len(facts) < 2:
        return facts
    return _merged([next(_paths(queue, before)) for queue, before in _queues(facts, state)])


def alternatives(facts: list[Fact], state: State) -> Iterator[list[Fact]]:
    """Other orders that the snapshots of an instant allow, each with another fact last.

    Domain events are not moved: their instants are in microseconds.
    """
    queues = _queues(facts, state)
    paths = [list(islice(_paths(queue, before), MAX_ALTERNATIVES)) for queue, before in queues]
    canonical = [path[0] for path in paths]
    others = (
        _merged([*canonical[:index], *canonical[index + 1 :]]) + path
        for index, possible in enumerate(paths)
        if possible[0][0].source != "tenure"
        for path in possible
    )
    yield from islice(others, MAX_ALTERNATIVES)


def _queues(facts: Sequence[Fact], state: State) -> list[tuple[list[Fact], Body | None]]:
    """The facts of each object by rank, and its snapshot before the instant; a fact without one is alone."""
    queues: dict[Name, list[Fact]] = {}
    for fact in sorted(facts, key=rank):
        queues.setdefault(_object_of(fact), []).append(fact)
    return [(queue, known_before(state, queue[0].body)) for queue in queues.values()]


def _object_of(fact: Fact) -> Name:
    object_id = getattr(fact.body, "id", None)
    return (type(fact.body).__name__, object_id) if object_id else ("", fact.id)


def _merged(queues: list[list[Fact]]) -> list[Fact]:
    """One list that keeps each queue's order and takes the lowest head first."""
    heads = [(rank(queue[0]), index, 0) for index, queue in enumerate(queues)]
    heapify(heads)
    merged: list[Fact] = []
    while heads:
        _, index, at = heappop(heads)
        queue = queues[index]
        merged.append(queue[at])
        if at + 1 < len(queue):
            heappush(heads, (rank(queue[at + 1]), index, at + 1))
    return merged


def _paths(ranked: list[Fact], before: Body | None) -> Iterator[list[Fact]]:
    """Orders of one object's facts along its snapshots, the canonical one first."""
    if len(ranked) == 1:
        yield ranked
        return
    first = [fact for fact in ranked if rank(fact)[0] == 0]
    last = [fact for fact in ranked if rank(fact)[0] == 2]
    start = first[-1].body if first else before
    for between in _between([fact for fact in ranked if rank(fact)[0] == 1], start):
        yield first + between + last


def _between(ranked: list[Fact], start: Body | None) -> Iterator[list[Fact]]:
    changes = [fact for fact in ranked if fact.before is not None and fact.before != fact.body]
    still = [fact for fact in ranked if fact.before is None or fact.before == fact.body]
    canonical: list[Fact] | None = None
    for steps, twins in stories(changes, start) if changes else [([], [])]:
        pinned, loose = _pinned(steps, sorted([*still, *twins], key=rank), start)
        order = _merged([queue for queue in (pinned, loose) if queue])
        yield order
        if canonical is None:
            canonical, unplaced = order, loose
    assert canonical is not None  # there is always a story
    for fact in unplaced:
        if fact is not canonical[-1]:
            yield [other for other in canonical if other is not fact] + [fact]


def _pinned(steps: list[Fact], others: list[Fact], start: Body | None) -> tuple[list[Fact], list[Fact]]:
    """The steps, each followed by the facts that show its resulting snapshot; and the facts that show none.

    A fact that shows a snapshot of the trail changes nothing where the trail first reaches it.
    """
    showing: dict[Body | None, list[Fact]] = {start: []}
    for step in steps:
        showing[step.body] = []
    if steps:
        showing.setdefault(steps[0].before, [])
    loose: list[Fact] = []
    for fact in others:
        showing.get(fact.body, loose).append(fact)
    pinned = showing.pop(start)
    if steps:
        pinned += showing.pop(steps[0].before, [])
    for step in steps:
        pinned += [step, *showing.pop(step.body, [])]
    return pinned, loose
