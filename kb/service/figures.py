"""This module counts: cases by their class, promises kept, what customers said, what nobody wrote down."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kb.model.casework import ClockState, EventKind, Outcome, State
from kb.service.clocks import Clock, Kept, kept
from kb.service.snapshot import Snapshot

CLASSES = ("channel", "area", "cause", "handling", "priority", "state")
"""Columns of a case that it is counted by."""


class Miss(NamedTuple):
    """A promise that was not kept; the clock has its reckoning."""

    number: str
    clock: Clock


class Scores(NamedTuple):
    """What customers gave: how many answered, of how many that could have, and the sum of it."""

    answered: int
    of: int
    total: int

    @property
    def mean(self) -> float | None:
        return self.total / self.answered if self.answered else None


@dataclass(frozen=True)
class Figures:
    """Figures of some cases. by: class -> value -> cases; promises: by name, never without their denominator.

    provisional: restored in time, but for the time being. outcomes: of the closed ones, what was confirmed apart from
    silence. known, new: closed with an article that was there, and with one that was written for it. gaps: closed
    without an article, by area: what the base lacks.
    """

    cases: int
    by: dict[str, dict[str, int]]
    promises: dict[str, Kept]
    provisional: int
    misses: tuple[Miss, ...]
    outcomes: dict[str, int]
    scores: Scores
    known: int = 0
    new: int = 0
    gaps: dict[str, int] = field(default_factory=dict)


class Counted(NamedTuple):
    """A case as it is counted: as it is now, its clocks, and the kinds of its events."""

    now: Snapshot
    clocks: Sequence[Clock]
    kinds: frozenset[EventKind]


def figures(cases: Iterable[Counted]) -> Figures:
    """The figures of these cases. Cancelled and merged ones are counted as such, and nowhere else."""
    every = list(cases)
    real = [c for c in every if c.now.outcome not in (Outcome.CANCELLED, Outcome.MERGED)]
    clocks = [(c.now.number, clock) for c in real for clock in c.clocks]
    closed = [c for c in real if c.now.state == State.CLOSED]
    scores = [c.now.score for c in closed if c.now.score is not None]
    written = sum(EventKind.WRITTEN in c.kinds for c in closed if c.now.article)
    return Figures(
        cases=len(real),
        by={name: _counted(getattr(c.now, name) for c in real) for name in CLASSES},
        promises={name: kept(c for _, c in clocks if c.name == name) for name in sorted({c.name for _, c in clocks})},
        provisional=sum(clock.provisional and clock.state is ClockState.MET for _, clock in clocks),
        misses=tuple(Miss(n, c) for n, c in clocks if c.state in (ClockState.MISSED, ClockState.LATE)),
        outcomes=_counted(c.now.outcome for c in every if c.now.state == State.CLOSED),
        scores=Scores(len(scores), len(closed), sum(scores)),
        known=sum(bool(c.now.article) for c in closed) - written,
        new=written,
        gaps=_counted(c.now.area for c in closed if not c.now.article),
    )


def _counted(values: Iterable[str]) -> dict[str, int]:
    """How often each value is there, the most frequent first; "" is what nobody said."""
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))
