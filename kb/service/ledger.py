"""This module is what figures know of a case's promises: a row for each clock, written with the event that moved it.

Like the snapshot it follows from the log, and is proved with it.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from kb.model.casework import ClockState
from kb.service.clocks import Clock

MET, MISSED, RUNNING = "met", "missed", "running"
_STATES = {
    ClockState.MET: MET,
    ClockState.MISSED: MISSED,
    **dict.fromkeys((ClockState.RUNNING, ClockState.OUTSIDE, ClockState.LATE, ClockState.PAUSED), RUNNING),
}


class Row(NamedTuple):
    """One clock; the columns of kb.database.tables.CaseClock mean the same."""

    name: str
    place: int
    state: str
    due: datetime | None
    provisional: bool
    opened: datetime
    customer: str


def rows(clocks: Iterable[Clock], waking: bool, opened: datetime, customer: str) -> list[Row]:
    """The rows of a case's clocks at its last event, in the order of their names. waking: the wait of the case has an
    end, so that what it stopped becomes late by itself.
    """
    places: Counter[str] = Counter()
    out = []
    for clock in clocks:
        state = _STATES.get(clock.state)
        if state is None:
            continue
        places[clock.name] += 1
        stopped = clock.state is ClockState.PAUSED and not waking
        due = None if state == RUNNING and stopped else clock.due
        out.append(Row(clock.name, places[clock.name], state, due, clock.provisional, opened, customer))
    return sorted(out, key=lambda row: (row.name, row.place))
