"""This module answers what a case says of its articles: which solved it, and which were said to and did not."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from kb.model import VERDICTS
from kb.model.casework import EventKind, Outcome, State
from kb.service.events import Event, effective
from kb.service.states import phases

_SOLVED = (EventKind.RESTORED, EventKind.LINKED, EventKind.WRITTEN)
_TAKEN_BACK = (EventKind.REJECTED, EventKind.REOPENED)


def verdicts(log: Sequence[Event]) -> dict[str, str]:
    """The verdict of a case on each article that it ever named as the solution: article -> one of VERDICTS, or "".

    Credit can be lost: what the customer rejects, or what is opened again, did not help. What was named by mistake,
    and replaced, says nothing.
    """
    out = {str(e.data["article"]): "" for e in log if e.kind in _SOLVED and e.data.get("article")}
    current = ""
    for event in effective(log):
        named = str(event.data.get("article", "")) if event.kind in _SOLVED else ""
        if named:
            out |= {current: ""} if current not in ("", named) else {}
            out[named], current = VERDICTS[0], named
        elif event.kind in _TAKEN_BACK and current:
            out[current], current = VERDICTS[1], ""
    return out


class Solved(NamedTuple):
    """What an article did. cases: that it solved; of its last ones: last: when the newest was closed, restored: the
    median time from the report to the restoration, confirmed: how many customers confirmed, of how many closed.
    """

    cases: int
    last: datetime | None
    restored: timedelta | None
    confirmed: int
    closed: int


def solved(cases: int, logs: Sequence[Sequence[Event]], now: datetime) -> Solved:
    """The figures of an article. cases: how many it solved; logs: of the last ones."""
    lives = [life for log in logs if (life := phases(effective(log), now))]
    ended = [life[-1] for life in lives if life[-1].state is State.CLOSED]
    times = [
        next((p.start for p in life if p.state is State.RESTORED), life[-1].start) - life[0].start for life in lives
    ]
    return Solved(
        cases,
        max((phase.start for phase in ended), default=None),
        timedelta(seconds=median(t.total_seconds() for t in times)) if times else None,
        sum(phase.outcome is Outcome.CONFIRMED for phase in ended),
        len(ended),
    )
