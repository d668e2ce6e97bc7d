"""Medians of the runs, their ratios to stripe-sync-engine, and the goals of the endpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.peers import sync_engine, tenure
from bench.peers.rounds import PeerRun, Scenario
from bench.peers.stripe_events import Kind
from bench.report import Cell, spread

COLUMNS = (
    "events",
    "connections",
    "contestant",
    "stored/s",
    "p50 ms",
    "p99 ms",
    "caught up in s",
    "× sync-engine",
)
GOAL_COLUMNS = ("goal", "required", "measured", "met")
MAX_CATCH_UP_S = 1.0


@dataclass(frozen=True)
class Goal:
    """A contestant's median rate in one scenario as a multiple of stripe-sync-engine's better configuration."""

    contestant: str
    kind: Kind
    connections: int
    at_least: float

    @property
    def scenario(self) -> Scenario:
        return Scenario(self.kind, self.connections)

    def text(self) -> str:
        """What it is about, in one line."""
        return f"{self.contestant}, {self.scenario.text()}"


class PeerSummary:
    """Figures of all runs, by scenario and contestant."""

    def __init__(self, runs: Sequence[PeerRun]) -> None:
        self._runs = runs

    def rows(self) -> list[tuple[Cell, ...]]:
        """One row per scenario and contestant, as `COLUMNS`, in the order of their first runs."""
        keys = dict.fromkeys((run.scenario, run.contestant) for run in self._runs)
        return [self._row(*key) for key in keys]

    def ratio(self, scenario: Scenario, contestant: str) -> float | None:
        """Median rate over the better median of stripe-sync-engine; None if one of them did not run."""
        runs, best = self._of(scenario, contestant), self._best(scenario)
        return median(run.events_per_s for run in runs) / best if runs and best else None

    def goals(self) -> list[tuple[Cell, ...]]:
        """One row per goal, as `GOAL_COLUMNS`; none if a contestant it needs did not run."""
        rows = [*map(self._goal, GOALS), *map(self._latency_goal, (tenure.ALONE, tenure.PROJECTED))]
        return [row for row in rows if row is not None]

    def _goal(self, goal: Goal) -> tuple[Cell, ...] | None:
        ratio = self.ratio(goal.scenario, goal.contestant)
        if ratio is None:
            return None
        late_s = self._catch_up_s(goal.scenario, goal.contestant)
        is_met = ratio >= goal.at_least and (late_s is None or late_s <= MAX_CATCH_UP_S)
        return (goal.text(), f"{goal.at_least:g} ×", f"{ratio:.2f} ×", "yes" if is_met else "no")

    def _latency_goal(self, contestant: str) -> tuple[Cell, ...] | None:
        scenario = Scenario("subscription", 16)
        ours = self._of(scenario, contestant)
        theirs = [self._p99_ms(scenario, name) for name in sync_engine.NAMES if self._of(scenario, name)]
        if not (ours and theirs):
            return None
        p99_ms, limit_ms = self._p99_ms(scenario, contestant), min(theirs)
        what = f"{contestant}, p99 of {scenario.text()}"
        return (what, f"below {limit_ms:.1f} ms", f"{p99_ms:.1f} ms", "yes" if p99_ms < limit_ms else "no")

    def _row(self, scenario: Scenario, contestant: str) -> tuple[Cell, ...]:
        runs, ratio = self._of(scenario, contestant), self.ratio(scenario, contestant)
        late_s = self._catch_up_s(scenario, contestant)
        return (
            scenario.text(),
            contestant,
            spread([run.events_per_s for run in runs]),
            f"{median(run.p50_ms for run in runs):.1f}",
            f"{self._p99_ms(scenario, contestant):.1f}",
            "–" if late_s is None else f"{late_s:.2f}",
            "–" if ratio is None else f"{ratio:.2f}",
        )

    def _of(self, scenario: Scenario, contestant: str) -> list[PeerRun]:
        return [run for run in self._runs if (run.scenario, run.contestant) == (scenario, contestant)]

    def _best(self, scenario: Scenario) -> float | None:
        rates = [
            median(run.events_per_s for run in runs)
            for name in sync_engine.NAMES
            if (runs := self._of(scenario, name))
        ]
        return max(rates, default=None)

    def _p99_ms(self, scenario: Scenario, contestant: str) -> float:
        return median(run.p99_ms for run in self._of(scenario, contestant))

    def _catch_up_s(self, scenario: Scenario, contestant: str) -> float | None:
        """The longest of the runs; None if its tables are kept inside the request, or not at all."""
        waits = [run.caught_up_s for run in self._of(scenario, contestant) if run.caught_up_s is not None]
        return max(waits, default=None)


GOALS = (
    Goal(tenure.PROJECTED, "subscription", 16, 3),
    Goal(tenure.PROJECTED, "invoice", 16, 2),
    Goal(tenure.ALONE, "subscription", 16, 4),
    Goal(tenure.ALONE, "subscription", 64, 5),
    Goal(tenure.ALONE, "subscription", 1, 2),
)
