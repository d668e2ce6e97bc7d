"""Canonical order: by instant, and within one instant by cause, never by arrival.

Stripe's clock ticks in seconds and one operation emits several events in a second. A snapshot with
its `previous_attributes` put back is the snapshot before it, so the events of one object form a
path through its snapshots. What no path decides: created before updated before deleted, then type,
then the provider's id.
"""

from collections import Counter
from heapq import heapify, heappop, heappush

from projections.facts import Body, Customer, Fact, PaymentMethod, Subscription
from projections.state import State

Rank = tuple[int, str, str, str]

LAST = (".deleted", ".detached")


def rank(fact: Fact) -> Rank:
    """Where a fact stands in its instant as far as its type and id can tell."""
    phase = 0 if fact.type.endswith(".created") else 2 if fact.type.endswith(LAST) else 1
    return phase, fact.type, fact.key, fact.id


def order_instant(facts: list[Fact], state: State) -> list[Fact]:
    """The facts of one instant in canonical order; `state` is everything before it."""
    if len(facts) < 2:
        return facts
    ranked = sorted(facts, key=rank)
    queues: dict[tuple[str, str], list[Fact]] = {}
    for fact in ranked:
        queues.setdefault(_object_of(fact), []).append(fact)
    if len(queues) == len(ranked):
        return ranked
    ordered = [
        _path(queue, _held(name, state)) if len(queue) > 1 else queue for name, queue in queues.items()
    ]
    return _merged(ordered)


def _object_of(fact: Fact) -> tuple[str, str]:
    """Facts of one object must follow its path; all others stand alone."""
    body = fact.body
    if isinstance(body, Subscription | Customer | PaymentMethod):
        return type(body).__name__, body.id
    return "", fact.id


def _held(name: tuple[str, str], state: State) -> Body | None:
    kind, object_id = name
    if kind == "Subscription":
        return state.subscriptions.get(object_id)
    if kind == "Customer":
        return state.customers.get(object_id)
    return state.payment_methods.get(object_id)


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


def _path(ranked: list[Fact], held: Body | None) -> list[Fact]:
    """Facts of one object along the path of its snapshots."""
    first = [fact for fact in ranked if rank(fact)[0] == 0]
    last = [fact for fact in ranked if rank(fact)[0] == 2]
    between = [fact for fact in ranked if rank(fact)[0] == 1]
    start = first[-1].body if first else held
    return first + _trail(between, start) + last


def _trail(facts: list[Fact], start: Body | None) -> list[Fact]:
    """An Eulerian trail over (before, after) edges from `start`; what it can't reach follows by rank.

    Which of several trails is taken does not matter: all end in the same snapshot.
    """
    edges = [fact for fact in facts if fact.before is not None]
    if len(facts) < 2 or not edges:
        return facts
    trail: list[Fact] = []
    left = edges
    at = start
    while left:
        walked = _walk(left, at if any(edge.before == at for edge in left) else _natural_start(left))
        trail += walked
        taken = {fact.id for fact in walked}
        left = [edge for edge in left if edge.id not in taken]
        at = trail[-1].body
    without = [fact for fact in facts if fact.before is None]
    return _woven(trail, without)


def _natural_start(edges: list[Fact]) -> Body | None:
    """The snapshot never reached, else left more often than reached; of a closed round, the lowest edge's.

    A second Event object for one change doubles an edge, so the balance alone would mislead.
    """
    reached = {edge.body for edge in edges if edge.body != edge.before}
    for edge in edges:
        if edge.before not in reached:
            return edge.before
    balance = Counter(edge.before for edge in edges)
    balance.subtract(Counter(edge.body for edge in edges))
    return next((edge.before for edge in edges if balance[edge.before] > 0), edges[0].before)


def _walk(edges: list[Fact], start: Body | None) -> list[Fact]:
    """Hierholzer's walk from `start`: every edge reachable, each once, in a row where a row exists."""
    leaving: dict[Body | None, list[Fact]] = {}
    for edge in reversed(edges):
        leaving.setdefault(edge.before, []).append(edge)
    stack: list[Fact] = []
    walked: list[Fact] = []
    at = start
    while True:
        if leaving.get(at):
            stack.append(leaving[at].pop())
            at = stack[-1].body
        elif stack:
            walked.append(stack.pop())
            at = walked[-1].before
        else:
            return walked[::-1]


def _woven(trail: list[Fact], without: list[Fact]) -> list[Fact]:
    """Facts without a previous snapshot go between the steps by rank; the steps keep their order."""
    if not without:
        return trail
    return _merged([trail, without]) if trail else without
