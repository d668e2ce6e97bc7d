"""The timeline chart of a user: bands for status, trial and plan over time, events as marks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from queries.timeline import Step

WIDTH = 1000
LEFT, RIGHT = 64, 8
BAND_TOP, BAND_HEIGHT, BAND_GAP = 6, 22, 6
LANE_HEIGHT = 24  # a lane's name on a phone is between the marks of two lanes
MAX_MARKS = 500
MAX_TICKS = 9
LABEL_FROM = 6.2  # pixels a character needs before a band can carry its word

BANDS = (("status", "subscription_status"), ("trial", "trial_status"), ("plan", "current_plan"))
LANES = ("stripe", "clerk", "tenure")
EMPTY = {"subscription_status": "none", "trial_status": "pending"}


@dataclass(frozen=True, slots=True)
class ChartSpan:
    """A value and the period in which it was in force."""

    x: float
    width: float
    value: str
    began_at: datetime
    ended_at: datetime
    label: str


@dataclass(frozen=True, slots=True)
class Band:
    name: str
    y: float
    spans: list[ChartSpan]


@dataclass(frozen=True, slots=True)
class ChartMark:
    """One event on its source's lane."""

    x: float
    y: float
    lane: str
    event_id: str
    event_type: str
    occurred_at: datetime
    arrived_late: bool
    changed: int


@dataclass(frozen=True, slots=True)
class Life:
    """`ticks` are (x, text); `asked_x` is the place of the marked instant, if it is inside."""

    bands: list[Band]
    lanes: list[tuple[str, float]]
    marks: list[ChartMark]
    ticks: list[tuple[float, str]]
    height: float
    asked_x: float | None
    left_out: int
    began_at: datetime
    ends_at: datetime
    width: int = WIDTH
    left: int = LEFT


def life(steps: Sequence[Step], *, until: datetime, marked_at: datetime | None = None) -> Life | None:
    """The chart up to `until`, with a line at `marked_at`; None when there are no events."""
    if not steps:
        return None
    began = min(step.occurred_at for step in steps)
    latest = max(step.occurred_at for step in steps)
    ends = max(until, latest, began + timedelta(hours=1))
    scale = _Scale(began, ends)
    bands = [
        Band(name, BAND_TOP + index * (BAND_HEIGHT + BAND_GAP), _spans(steps, column, scale))
        for index, (name, column) in enumerate(BANDS)
    ]
    top = BAND_TOP + len(BANDS) * (BAND_HEIGHT + BAND_GAP) + 4
    lanes = [(name, top + index * LANE_HEIGHT + LANE_HEIGHT / 2) for index, name in enumerate(LANES)]
    shown = steps[-MAX_MARKS:]
    return Life(
        bands=bands,
        lanes=lanes,
        marks=[_mark(step, dict(lanes), scale) for step in shown],
        ticks=_ticks(scale),
        height=top + len(LANES) * LANE_HEIGHT + 24,
        asked_x=scale.x(marked_at) if marked_at is not None and began <= marked_at <= ends else None,
        left_out=len(steps) - len(shown),
        began_at=began,
        ends_at=ends,
    )


class _Scale:
    def __init__(self, began: datetime, ends: datetime) -> None:
        self.began, self.ends = began, ends

    def x(self, at: datetime) -> float:
        share = (at - self.began) / (self.ends - self.began)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * share, 2)


def _spans(steps: Sequence[Step], column: str, scale: _Scale) -> list[ChartSpan]:
    turns = [
        (max(step.occurred_at, scale.began), str(change.new))
        for step in steps
        for change in step.changes
        if change.column == column
    ]
    ends = [at for at, _ in turns[1:]] + [scale.ends]
    spans = []
    for (at, value), end in zip(turns, ends, strict=True):
        x, width = scale.x(at), max(0.0, scale.x(end) - scale.x(at))
        if width < 0.05 or value in ("None", EMPTY.get(column)):
            continue
        spans.append(ChartSpan(x, round(max(width, 1.0), 2), value, at, end, _fitting(value, width)))
    return spans


def _fitting(value: str, width: float) -> str:
    return value if len(value) * LABEL_FROM + 8 <= width else ""


def _mark(step: Step, lanes: dict[str, float], scale: _Scale) -> ChartMark:
    fact = step.entry.fact
    return ChartMark(
        x=scale.x(step.occurred_at),
        y=lanes.get(fact.source, lanes[LANES[-1]]),
        lane=fact.source,
        event_id=fact.id,
        event_type=fact.type,
        occurred_at=step.occurred_at,
        arrived_late=step.arrived_late,
        changed=len(step.changes),
    )


def _ticks(scale: _Scale) -> list[tuple[float, str]]:
    """Round instants, at most nine of them."""
    length = scale.ends - scale.began
    step, form = next((choice for choice in _STEPS if length / choice[0] <= MAX_TICKS), _STEPS[-1])
    first = scale.began.replace(minute=0, second=0, microsecond=0)
    if step >= timedelta(days=1):
        first = first.replace(hour=0)
    ticks = []
    at = first
    while at <= scale.ends:
        if at >= scale.began:
            ticks.append((scale.x(at), at.strftime(form)))
        at += step
    return ticks


_STEPS = (
    (timedelta(hours=1), "%d %b %H:%M"),
    (timedelta(hours=6), "%d %b %H:%M"),
    (timedelta(days=1), "%d %b"),
    (timedelta(days=7), "%d %b"),
    (timedelta(days=14), "%d %b"),
    (timedelta(days=30), "%d %b %y"),
    (timedelta(days=91), "%b %Y"),
    (timedelta(days=365), "%Y"),
    (timedelta(days=3650), "%Y"),
)
