"""The runs: each contestant in turn, in another order each time, so that the machine's noise hits all alike."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain

import psycopg

from bench.load_client import LoadResult, knock, signed_request
from bench.peers.contestant import Contestant
from bench.peers.errors import NotAccepted, NotStored
from bench.peers.other_load import watch_others
from bench.peers.postgres import checkpoint
from bench.peers.stripe_events import CUSTOMERS, KINDS, Kind, PeerEvent, events
from queries.pluralize import counted

CONNECTIONS = (1, 16, 64)
WARM_UP_S = 0.5
WARM_UP_EVENTS = 3 * CUSTOMERS  # of each kind: every customer is linked, and every program compiled
MAX_RATE = {1: 4_000}  # events prepared per second of a run; a run whose events end stops earlier
MAX_RATE_OF_MANY = 10_000


@dataclass(frozen=True)
class Scenario:
    """What is sent, and over how many connections."""

    kind: Kind
    connections: int

    def text(self) -> str:
        """Such as `subscriptions, 16 connections`."""
        return f"{self.kind}s, {counted(self.connections, 'connection', 'connections')}"


SCENARIOS = tuple(Scenario(kind, connections) for kind in KINDS for connections in CONNECTIONS)


@dataclass(frozen=True)
class PeerRun:
    """One run of one contestant.

    `caught_up_s`: from the last response to tables that show every event. `others_cores`: what other programs
    used of the machine meanwhile.
    """

    contestant: str
    scenario: Scenario
    events: int
    events_per_s: float
    p50_ms: float
    p99_ms: float
    caught_up_s: float | None
    others_cores: float


class EventSupply:
    """Events of all runs in order of time: no event is sent to a contestant twice."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, kind: Kind, many: int) -> list[PeerEvent]:
        first, self._next = self._next, self._next + many
        return list(events(kind, first=first, many=many))


def rounds(
    contestants: Sequence[Contestant],
    scenarios: Sequence[Scenario],
    *,
    runs: int,
    seconds: float,
    report: Callable[[PeerRun], None],
) -> list[PeerRun]:
    """Every run. Raises: NotAccepted, NotStored, NotProjected."""
    supply, measured = EventSupply(), []
    warm_up = list(chain.from_iterable(supply.take(kind, WARM_UP_EVENTS) for kind in KINDS))
    for contestant in contestants:
        run(contestant, Scenario("subscription", 16), warm_up, seconds=60.0)
    for scenario in scenarios:
        rate = MAX_RATE.get(scenario.connections, MAX_RATE_OF_MANY)
        for number in range(runs):
            sent = supply.take(scenario.kind, int(rate * (seconds + WARM_UP_S)))
            for contestant in rotated(contestants, number):
                measured.append(run(contestant, scenario, sent, seconds=seconds))
                report(measured[-1])
    return measured


def rotated(contestants: Sequence[Contestant], number: int) -> list[Contestant]:
    """The contestants from another one on each time."""
    first = number % len(contestants)
    return [*contestants[first:], *contestants[:first]]


def run(contestant: Contestant, scenario: Scenario, sent: Sequence[PeerEvent], *, seconds: float) -> PeerRun:
    """One run and its check: each event that was answered with 200 must be stored."""
    requests = iter([signed_request(contestant.path, event.body) for event in sent])
    running = contestant.projector() if contestant.projector else nullcontext(_nothing)
    with psycopg.connect(contestant.database_url, autocommit=True) as conn, running as await_tables:
        before = _load(contestant, requests, scenario, WARM_UP_S)
        await_tables()
        checkpoint(conn)
        others = watch_others()
        result = _load(contestant, requests, scenario, seconds)
        others_cores = others()
        ended = time.perf_counter()
        await_tables()
        caught_up_s = time.perf_counter() - ended if contestant.projector else None
        accepted = before.acked + result.acked
        if missing := contestant.missing(conn, sent[:accepted]):
            raise NotStored(contestant.name, accepted, missing)
    return PeerRun(
        contestant.name,
        scenario,
        result.acked,
        result.rate,
        result.percentile(0.5),
        result.percentile(0.99),
        caught_up_s,
        others_cores,
    )


def _load(
    contestant: Contestant, requests: Iterator[bytes], scenario: Scenario, seconds: float
) -> LoadResult:
    result = knock(contestant.port, requests, connections=scenario.connections, seconds=seconds)
    if set(result.statuses) - {"200"}:
        raise NotAccepted(contestant.name, result.statuses)
    return result


def progress(run: PeerRun) -> None:
    """One line on standard error."""
    lag = "" if run.caught_up_s is None else f", caught up in {run.caught_up_s:.2f} s"
    figures = f"{run.events_per_s:,.0f}/s{lag}, other programs {run.others_cores:.1f} cores"
    print(f"{run.scenario.text()}: {run.contestant}: {figures}", file=sys.stderr, flush=True)


def _nothing() -> None:
    pass
