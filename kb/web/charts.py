"""This module answers: where do the marks of a chart stand? Templates draw them as SVG in the colours of the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 12, 28
"""Room for the axes."""
MAX_LABELS = 9
"""Weeks that are named below the axis."""


@dataclass(frozen=True)
class Tick:
    """A line across, or a name below: at: its place; label: what stands there."""

    at: float
    label: str


@dataclass(frozen=True)
class Bar:
    """One value of one week. x, y, width, height: of its rectangle."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """A chart over weeks: its scale, their names, and where values stand."""

    most: float
    weeks: tuple[date, ...]
    percent: bool = False

    @property
    def rows(self) -> list[Tick]:
        """Five lines from nothing to the most."""
        steps = (0, 1, 2, 3, 4)
        shown = [f"{25 * s}%" if self.percent else f"{self.most * s / 4:g}" for s in steps]
        return [Tick(self._y(self.most * s / 4), label) for s, label in zip(steps, shown, strict=True)]

    @property
    def columns(self) -> list[Tick]:
        every = -(-len(self.weeks) // MAX_LABELS)
        named = [(i, week) for i, week in enumerate(self.weeks) if (len(self.weeks) - 1 - i) % every == 0]
        return [Tick(self._x(i + 0.5), f"{week.month}-{week.day:02d}") for i, week in named]

    def bars(self, values: Sequence[float]) -> list[Bar]:
        wide = self._x(1) - self._x(0)
        return [
            Bar(
                round(self._x(i) + wide * 0.15, 1),
                self._y(value),
                round(wide * 0.7, 1),
                round(self._y(0) - self._y(value), 1),
            )
            for i, value in enumerate(values)
        ]

    def points(self, values: Sequence[float | None]) -> list[tuple[float, float]]:
        """Where the values of a line stand; weeks without one are passed over."""
        return [(self._x(i + 0.5), self._y(v)) for i, v in enumerate(values) if v is not None]

    def _x(self, week: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * week / max(len(self.weeks), 1), 1)

    def _y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.most, 1)


def counts(weeks: Sequence[date], values: Sequence[int]) -> Chart:
    """A chart of counts, whose scale ends with a round number."""
    most = max(values, default=0)
    steps = (mantissa * 10**power for power in range(12) for mantissa in (1, 2, 5))
    return Chart(4.0 * next(step for step in steps if 4 * step >= most), tuple(weeks))


def shares(weeks: Sequence[date]) -> Chart:
    """A chart of shares, from nothing to all."""
    return Chart(1.0, tuple(weeks), percent=True)
