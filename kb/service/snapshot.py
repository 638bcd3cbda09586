"""This module is what a list knows of a case: a snapshot, computed from its log like everything else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from kb.model.casework import ClockState, EventKind, Impact, Outcome, State, Urgency
from kb.service import works
from kb.service.clocks import clocks
from kb.service.days import statutory
from kb.service.events import Event, effective
from kb.service.ledger import Row, rows
from kb.service.policy import Policy
from kb.service.reckoning import Years
from kb.service.states import emergencies, facts, phases, priority

MAX_TITLE = 80
MAX_NAME = 300
"""Characters of a column."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A case as its last event left it; the columns of kb.database.tables.Case mean the same."""

    number: str
    version: int
    kind: str
    channel: str
    opened: datetime
    customer: str
    site: str
    contact: str
    title: str
    area: str
    cause: str
    handling: str
    urgency: str
    impact: str
    priority: str
    state: str
    waits_for: str
    until: datetime | None
    owner: str
    team: str
    emergency: bool
    parent: str
    merged_into: str
    follows: str
    policy: str
    next_due: datetime | None
    next_clock: str
    closed: datetime | None
    outcome: str
    article: str
    unwritten: str
    score: int | None
    opened_by: str

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do: closed, and what was learnt is linked, written, or not worth it."""
        ended = self.outcome in (Outcome.CANCELLED, Outcome.MERGED)
        return self.state == State.CLOSED and (ended or bool(self.article or self.unwritten))

    def at(self, now: datetime) -> "Snapshot":
        """The same at a later moment: a wait whose end has come is over."""
        if self.state == State.WAITING and self.until is not None and self.until <= now:
            return replace(self, state=State.OPEN, waits_for="", until=None)
        return self


class Standing(NamedTuple):
    """All that is kept of a case beside its log: its snapshot, and a row for each of its clocks and pieces of work,
    unless it was none."""

    now: Snapshot
    promises: list[Row]
    works: list[works.Row]


def standing(number: str, events: Sequence[Event], policy: Policy, years: Years = statutory) -> Standing:
    """What a log says of a case at the moment at which its last event was written. events: at least the report."""
    now = max(e.noted for e in events)
    log = effective(events)
    known = facts(log)
    life = phases(log, now)
    last = life[-1]
    reported = next(e for e in log if e.kind == EventKind.REPORTED)
    # A wait whose end is known is counted in already: from then on the clock that it stopped ticks again.
    waking = last.until is not None
    found = clocks(events, policy, years, now)
    ticking = [c for c in found if c.due is not None and (c.ticking or (waking and c.state is ClockState.PAUSED))]
    names = ("customer", "site", "contact", "owner", "team", "parent", "follows", "article", "unwritten")
    told = Snapshot(
        number=number,
        version=len(events),
        kind=str(known.get("kind", "fault")),
        channel=str(known.get("channel", "")),
        opened=reported.at,
        title=str(known.get("title", ""))[:MAX_NAME] or _first_line(reported.text),
        area=str(known.get("area", "")),
        cause=str(known.get("cause", "")),
        handling=str(known.get("handling", "")),
        urgency=str(known.get("urgency", Urgency.NORMAL)),
        impact=str(known.get("impact", Impact.ONE)),
        priority=priority(known, policy),
        state=str(last.state),
        waits_for=last.waits_for,
        until=last.until,
        emergency=any(end is None for _, end in emergencies(log)),
        merged_into=next((str(e.data["into"]) for e in reversed(log) if e.kind == EventKind.MERGED), ""),
        policy=policy.digest,
        next_due=ticking[0].due if ticking else None,
        next_clock=ticking[0].name if ticking else "",
        closed=last.start if last.state is State.CLOSED else None,
        outcome=str(last.outcome or ""),
        score=known.get("score"),
        opened_by=reported.by,
        **{name: str(known.get(name, ""))[:MAX_NAME] for name in names},
    )
    real = last.outcome not in (Outcome.CANCELLED, Outcome.MERGED)
    return Standing(
        told,
        rows(found if real else (), waking, told.opened, told.customer),
        works.rows(works.pieces(log, life), last, told.opened, told.customer),
    )


def _first_line(text: str) -> str:
    line = next((" ".join(line.split()) for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= MAX_TITLE else line[: MAX_TITLE - 1] + "…"
