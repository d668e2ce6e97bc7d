"""The possible orders of changes of one object.

A change leads from one snapshot to another, so the changes of an instant form a trail that takes each
once. Two Event objects for one change (twins) double an edge. The story with the fewest twins comes
first; stories that end in another snapshot follow. The work is bounded for any number of changes.
"""

from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import NamedTuple

from msgspec.json import Encoder

from projections.facts import Body, Fact

MAX_VISITS = 20_000
"""Edges visited in search of stories: some milliseconds."""
MAX_ENDS = 8

Edge = tuple[int, int]
_ENCODER = Encoder()
Counts = tuple[int, ...]


class ChangeChain(NamedTuple):
    """Changes in order, and the twins omitted from it."""

    steps: list[Fact]
    twins: list[Fact]


def stories(changes: Sequence[Fact], start: Body | None) -> Iterator[ChangeChain]:
    """Each with another end, the most plausible first; at least one. `changes` come by rank."""
    graph = Graph(changes, start)
    ends: set[int] = set()
    for counts in graph.counts():
        for begin in graph.beginnings(counts):
            end = graph.end(counts, begin)
            if end is not None and end not in ends:
                ends.add(end)
                yield graph.story(counts, [begin])
                if len(ends) == MAX_ENDS:
                    return
    if not ends:
        yield from graph.broken()


class Graph:
    """Snapshots by number, and the changes between two of them; both in the order of their content.

    So of equally plausible stories the content of the snapshots chooses, never the ids of events.
    """

    def __init__(self, changes: Sequence[Fact], start: Body | None) -> None:
        bodies = {fact.before for fact in changes} | {fact.body for fact in changes}
        self._numbers = {body: number for number, body in enumerate(sorted(bodies, key=_ENCODER.encode))}
        facts: dict[Edge, list[Fact]] = {}
        for fact in changes:
            facts.setdefault((self._numbers[fact.before], self._numbers[fact.body]), []).append(fact)
        self._facts = dict(sorted(facts.items()))
        self._edges = list(self._facts)
        self._start = self._numbers.get(start)
        self._connected = self._is_connected()

    def _is_connected(self) -> bool:
        parents = list(range(len(self._numbers)))

        def root(node: int) -> int:
            while parents[node] != node:
                parents[node] = parents[parents[node]]
                node = parents[node]
            return node

        for before, after in self._edges:
            parents[root(before)] = root(after)
        return len({root(node) for node in parents}) == 1

    def counts(self) -> Iterator[Counts]:
        """How often each change happened, at least once; first as if there were no twins."""
        if not self._connected:
            return
        most = [len(facts) for facts in self._facts.values()]
        limit = max(MAX_VISITS // len(most), 1)
        yield tuple(most)
        doubled = [number for number, count in enumerate(most) if count > 1]
        omissions = islice(product(*(range(most[number]) for number in doubled)), 1, limit)
        for left_out in sorted(omissions, key=sum):
            counts = most.copy()
            for number, times in zip(doubled, left_out, strict=True):
                counts[number] -= times
            yield tuple(counts)

    def _surplus(self, counts: Counts) -> list[int]:
        """For each snapshot, the changes that leave it minus those that reach it."""
        surplus = [0] * len(self._numbers)
        for (before, after), count in zip(self._edges, counts, strict=True):
            surplus[before] += count
            surplus[after] -= count
        return surplus

    def beginnings(self, counts: Counts) -> list[int]:
        """The snapshot before the instant, else those with a surplus; any snapshot of a cycle."""
        if self._start is not None:
            return [self._start]
        surplus = self._surplus(counts)
        left_oftener = [node for node, count in enumerate(surplus) if count > 0]
        return left_oftener[:MAX_ENDS] or list(range(len(surplus)))[:MAX_ENDS]

    def end(self, counts: Counts, begin: int) -> int | None:
        """Where a trail from `begin` ends; None when no trail takes every change."""
        surplus = self._surplus(counts)
        surplus[begin] -= 1
        ends = [node for node, count in enumerate(surplus) if count]
        return ends[0] if len(ends) == 1 and surplus[ends[0]] == -1 else None

    def broken(self) -> Iterator[ChangeChain]:
        """Stories when no trail joins all changes, since one is missing: as many in a row as possible."""
        reached = {after for _, after in self._edges}
        departed = {before for before, _ in self._edges}
        sources = [node for node in range(len(self._numbers)) if node not in reached]
        starts = [] if self._start is None else [self._start]
        story = self.story((1,) * len(self._edges), [*starts, *sources, *range(len(self._numbers))])
        yield story
        for last in [fact for fact in story.steps[:-1] if self._numbers[fact.body] not in departed][
            :MAX_ENDS
        ]:
            yield ChangeChain([fact for fact in story.steps if fact is not last] + [last], story.twins)

    def story(self, counts: Counts, begins: Sequence[int]) -> ChangeChain:
        leaving: dict[int, list[tuple[int, Fact]]] = {}
        twins: list[Fact] = []
        for (before, after), count in zip(reversed(self._edges), reversed(counts), strict=True):
            facts = self._facts[before, after]
            leaving.setdefault(before, []).extend((after, fact) for fact in reversed(facts[:count]))
            twins += facts[count:]
        return ChangeChain([fact for begin in begins for fact in _walk(leaving, begin)], twins)


def _walk(leaving: dict[int, list[tuple[int, Fact]]], begin: int) -> list[Fact]:
    """Hierholzer's walk: every remaining reachable change once, as one trail where a trail exists."""
    stack: list[tuple[int, Fact | None]] = [(begin, None)]
    walked: list[Fact] = []
    while stack:
        node, fact = stack[-1]
        if leaving.get(node):
            stack.append(leaving[node].pop())
        else:
            stack.pop()
            if fact is not None:
                walked.append(fact)
    return walked[::-1]
