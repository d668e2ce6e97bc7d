"""Charts as shapes for a server-rendered SVG, and as numbers for the script that may replace it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 720, 180
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 8, 22


@dataclass(frozen=True, slots=True)
class Layer:
    """One name's shape: points of a polygon, or bars of (x, y, width, height)."""

    name: str
    points: str
    bars: list[tuple[float, float, float, float]]
    total: int
    last: int


@dataclass(frozen=True, slots=True)
class Chart:
    """`y_ticks` and `x_ticks` are (place, text). `numbers` is what the script draws."""

    layers: list[Layer]
    y_ticks: list[tuple[float, str]]
    x_ticks: list[tuple[float, str]]
    numbers: dict[str, Any]  # Any: JSON
    width: int = WIDTH
    height: int = HEIGHT


def areas(counts: Mapping[str, Sequence[int]], *, labels: Sequence[str], at: Sequence[float]) -> Chart:
    """Layers stacked in the order given; `at` is the x of each value for the script, in seconds."""
    return _stacked(counts, labels, at, kind="areas")


def bars(counts: Mapping[str, Sequence[int]], *, labels: Sequence[str], at: Sequence[float]) -> Chart:
    """Bars stacked in the order given."""
    return _stacked(counts, labels, at, kind="bars")


def _stacked(
    counts: Mapping[str, Sequence[int]], labels: Sequence[str], at: Sequence[float], *, kind: str
) -> Chart:
    top = _round_up(max((sum(values) for values in zip(*counts.values(), strict=True)), default=0))
    floor = [0] * len(labels)
    layers = []
    for name, values in counts.items():
        ceiling = [low + value for low, value in zip(floor, values, strict=True)]
        points = _points(floor, ceiling, top) if kind == "areas" else ""
        boxes = _bars(floor, ceiling, top) if kind == "bars" else []
        layers.append(Layer(name, points, boxes, sum(values), values[-1] if values else 0))
        floor = ceiling
    numbers = {
        "kind": kind,
        "at": list(at),
        "series": [{"name": name, "values": list(values)} for name, values in counts.items()],
    }
    return Chart(layers, _y_ticks(top), _x_ticks(labels), numbers)


def _x(index: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (index / max(1, count - 1))


def _y(value: int, top: int) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)


def _points(floor: list[int], ceiling: list[int], top: int) -> str:
    count = len(floor)
    up = [f"{_x(i, count):.1f},{_y(value, top)}" for i, value in enumerate(ceiling)]
    down = [f"{_x(i, count):.1f},{_y(floor[i], top)}" for i in range(count - 1, -1, -1)]
    return " ".join(up + down)


def _bars(floor: list[int], ceiling: list[int], top: int) -> list[tuple[float, float, float, float]]:
    step = (WIDTH - LEFT - RIGHT) / max(1, len(floor))
    return [
        (
            round(LEFT + step * i + step * 0.1, 1),
            _y(high, top),
            round(step * 0.8, 1),
            _y(low, top) - _y(high, top),
        )
        for i, (low, high) in enumerate(zip(floor, ceiling, strict=True))
        if high > low
    ]


def _round_up(value: int) -> int:
    """The next 1, 2 or 5 times a power of ten, at least 4."""
    size = 1
    while True:
        for step in (4, 5, 10, 20):
            if value <= step * size:
                return step * size
        size *= 10


def _y_ticks(top: int) -> list[tuple[float, str]]:
    steps = 4 if top % 4 == 0 else 5
    values = [top * i // steps for i in range(steps + 1)]
    return [(_y(value, top), f"{value:,}".replace(",", "\u202f")) for value in values]


def _x_ticks(labels: Sequence[str]) -> list[tuple[float, str]]:
    if not labels:
        return []
    every = max(1, -(-len(labels) // 7))
    return [(_x(i, len(labels)), labels[i]) for i in range(0, len(labels), every)]
