"""This module is the clocks of a case: how it stands with each promised time, computed from the whole log.

Nothing about a clock is stored. Whatever changes later, priority, policy, a pause or a late note, every figure is right
again, because it is a function of the log, the policy, the calendar and the moment at which it is asked.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any, NamedTuple

from kb.model.casework import ClockState, EventKind, Outcome, State, Work
from kb.service.days import statutory
from kb.service.events import Event, effective, moment
from kb.service.policy import ALWAYS, ANSWERED, Duration, Policy, Promise
from kb.service.reckoning import NONE, Pause, Stretch, WorkingTime, Years, working_time
from kb.service.states import Phase, emergencies, facts, phases, priority

PROMISED, UPDATE, DAILY = "promised", "update", "daily"
"""Names of the clocks that come from events: a time said to the customer, and the rhythm of an emergency."""

_ALWAYS = WorkingTime(ALWAYS, statutory)
_KEEPS_A_WORD = (EventKind.RESTORED, EventKind.ARRIVED)
"""What keeps a time said to the customer, beside another word to him."""


@dataclass(frozen=True)
class Clock:
    """One promised time. All moments in UTC.

    name: of the promise; work: the piece of work it is about, 0 for the case. started: what it counts from; due: when
    it is over, as far as is known now (None: not within ten years); stopped: when it was kept. state: see ClockState.
    spent, left: of the time promised, working time or whole days; left is below zero when it is late.
    warn: the moment after which it is told. assumed: the date rests on a year that nobody has announced.
    provisional: it was stopped by restoring for the time being. said: what the customer was told.
    ended: when the case or the work came to rest without it. pauses, until: what the reckoning is made of.
    """

    name: str
    work: int
    started: datetime
    due: datetime | None
    stopped: datetime | None
    state: ClockState
    within: Duration | None
    spent: timedelta = NONE
    left: timedelta = NONE
    warn: datetime | None = None
    assumed: bool = False
    provisional: bool = False
    target: float = 0.0
    said: str = ""
    ended: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    time: WorkingTime = field(default=_ALWAYS, repr=False, compare=False)

    @property
    def ticking(self) -> bool:
        """Whether somebody has to do something until it is due."""
        return self.state in (ClockState.RUNNING, ClockState.OUTSIDE, ClockState.LATE)

    @property
    def failed(self) -> bool:
        """Whether the promise was not kept, or is late by now."""
        return self.state in (ClockState.MISSED, ClockState.LATE)

    @property
    def reckoning(self) -> list[Stretch]:
        """The stretches that the due time is the sum of, from the start to it; in order and without a gap."""
        if self.due is None or self.due <= self.started:
            return []
        if self.within is None:
            return [Stretch(self.started, self.due, "counted", self.due - self.started)]
        return self.time.stretches(self.started, self.due, self.within, self.pauses)


class Kept(NamedTuple):
    """How many promises of those whose time has come were kept. late: still running, and already late."""

    met: int
    missed: int
    late: int

    @property
    def of(self) -> int:
        return self.met + self.missed + self.late

    @property
    def share(self) -> float | None:
        """met / (met + missed + late); None where none has come due: never without its denominator."""
        return self.met / self.of if self.of else None


def kept(clocks: Iterable[Clock]) -> Kept:
    """The figures of these clocks. Those that still run in time, and those not needed, are no part of them."""
    states = [clock.state for clock in clocks]
    return Kept(*(states.count(s) for s in (ClockState.MET, ClockState.MISSED, ClockState.LATE)))


def clocks(
    events: Iterable[Event], policy: Policy, years: Years = statutory, now: datetime | None = None
) -> list[Clock]:
    """The clocks of a case at a moment, in the order of their due times. Never raises.

    events: the log, in any order. years: what is known of the days of a year. now: this moment, by default.
    """
    now = now or datetime.now(UTC)
    log = [e for e in effective(events) if e.at <= now]
    life = phases(log, now)
    if not life:
        return []
    known = facts(log)
    level = priority(known, policy)
    found: list[Clock] = []
    for promise in policy.set_of(str(known.get("promises", ""))).values():
        within = promise.duration(level)
        if within is not None:
            time = working_time(policy, _calendar(promise, known, policy), years)
            found += (_clock(promise, within, time, log, life, work, now) for work in _works(promise, log))
    found += _said(log, life, now)
    found += _rhythm(policy, log, life, now)
    return sorted(found, key=lambda c: (c.due or datetime.max.replace(tzinfo=UTC), c.name, c.work))


def _calendar(promise: Promise, known: Mapping[str, Any], policy: Policy) -> str:
    """The time that counts: what is promised in working hours counts in those of the customer, where there are some."""
    own = str(known.get("calendar", ""))
    around_the_clock = policy.calendars[promise.calendar].week == ALWAYS.week
    return promise.calendar if own not in policy.calendars or around_the_clock else own


# --- promises ----------------------------------------------------------------------------------


def _works(promise: Promise, log: Sequence[Event]) -> Iterator[int]:
    """The pieces of work that have such a clock: 0 for the case itself."""
    if promise.of:
        planned = [e for e in log if e.kind == EventKind.WORK_PLANNED and e.data.get("of") == promise.of]
    else:
        planned = [e for e in log if e.kind == EventKind.REPORTED][:1]
    yield from (e.work for e in planned if _reached(log, promise.start, promise.of, e.work))


def _reached(log: Sequence[Event], milestone: str, of: str, work: int) -> list[Event]:
    """The events by which something was begun or kept, in order."""
    if milestone == ANSWERED:
        return [e for e in log if e.answers]
    own = of and milestone in _OF_WORK
    return [e for e in log if e.kind == milestone and (not own or e.work == work)]


_OF_WORK = frozenset(
    k.value
    for k in (
        EventKind.WORK_PLANNED, EventKind.LEFT, EventKind.ARRIVED, EventKind.ACTED, EventKind.FINISHED,
        EventKind.RECEIVED, EventKind.REPAIRED, EventKind.SENT, EventKind.EXCHANGED, EventKind.DROPPED,
    )
)  # fmt: skip
"""What belongs to one piece of work."""


def _clock(
    promise: Promise,
    within: Duration,
    time: WorkingTime,
    log: Sequence[Event],
    life: Sequence[Phase],
    work: int,
    now: datetime,
) -> Clock:
    start = _reached(log, promise.start, promise.of, work)[0].at
    stop, provisional = _stop(promise, log, life, work, start)
    ended = None if stop else _rest(promise, log, life, work)
    rested = stop or ended
    pauses = _pauses(promise, life, start, rested, now)
    due = time.end(start, within, pauses)
    spent = time.spent(start, rested or now, within, pauses)
    return Clock(
        promise.name,
        work,
        start,
        due,
        stop,
        _state(due, stop, ended, bool(pauses and _reason(promise, life[-1])), time, now),
        within,
        spent,
        within.length - spent,
        time.end(start, _part(within, promise.warn), pauses),
        due is not None and time.assumed(start, due),
        provisional,
        promise.target,
        ended=ended,
        pauses=pauses,
        time=time,
    )


def _stop(
    promise: Promise, log: Sequence[Event], life: Sequence[Phase], work: int, start: datetime
) -> tuple[datetime | None, bool]:
    """When a promise was kept, and whether for the time being. What was rejected, or opened again, kept none."""
    if promise.stop in _RESTS:
        rest = list(takewhile(lambda p: p.state in (State.RESTORED, State.CLOSED), reversed(life)))
        kept = [p for p in reversed(rest) if _RESTS[promise.stop](p)]
        return (kept[0].start, kept[0].provisional) if kept else (None, False)
    found = _reached(log, promise.stop, promise.of, work)
    return next((e.at for e in found if e.at >= start), None), False


_RESTS: dict[str, Callable[[Phase], bool]] = {
    EventKind.RESTORED: lambda phase: phase.state is State.RESTORED,
    EventKind.CONFIRMED: lambda phase: phase.outcome is Outcome.CONFIRMED,
    EventKind.CLOSED: lambda phase: phase.outcome in (Outcome.CONFIRMED, Outcome.UNCONFIRMED),
}
"""Milestones that are states: they are reached for as long as the case stays there."""


def _rests(promise: Promise, phase: Phase) -> bool:
    """Whether a phase has no need of a promise.

    Of a repaired device the customer waits for it, and so does one whose fault was only got round wait for the visit.
    """
    if phase.outcome in (Outcome.CANCELLED, Outcome.MERGED):
        return True
    if promise.of in (Work.REPAIR, Work.EXCHANGE):
        return False
    return phase.state is State.CLOSED or (phase.state is State.RESTORED and not (promise.of and phase.provisional))


def _rest(promise: Promise, log: Sequence[Event], life: Sequence[Phase], work: int) -> datetime | None:
    """When the need of a promise ended: with the phases at the end of the case's life, or when the work was dropped."""
    rest = list(takewhile(lambda p: _rests(promise, p), reversed(life)))
    out = rest[-1].start if rest else None
    if promise.of:
        dropped = [e.at for e in log if e.kind == EventKind.DROPPED and e.work == work]
        out = min([*dropped, *([out] if out else [])], default=None)
    return out


def _pauses(
    promise: Promise, life: Sequence[Phase], start: datetime, rested: datetime | None, now: datetime
) -> tuple[Pause, ...]:
    """What does not count, from the start of a clock until it rested; one that lasts reaches to its known end."""
    out: list[Pause] = []
    for phase in life:
        begins, ends = max(start, phase.start), phase.end or phase.until or now
        if rested is not None:
            ends = min(ends, rested)
        reason = _reason(promise, phase)
        if not reason or begins >= ends:
            continue
        if out and out[-1].end == begins and out[-1].reason == reason:
            begins = out.pop().start
        out.append(Pause(begins, ends, reason))
    return tuple(out)


def _reason(promise: Promise, phase: Phase) -> str:
    """Why a phase does not count for a promise, "" when it does."""
    if _rests(promise, phase):
        return str(phase.state)
    return phase.waits_for if phase.waits_for in promise.pauses else ""


def _state(
    due: datetime | None,
    stop: datetime | None,
    ended: datetime | None,
    paused: bool,
    time: WorkingTime,
    now: datetime,
) -> ClockState:
    at = stop or ended
    if at is not None:
        in_time = ClockState.MET if stop else ClockState.NOT_NEEDED
        return in_time if due is None or at <= due else ClockState.MISSED
    if due is not None and now > due:
        return ClockState.LATE
    if paused:
        return ClockState.PAUSED
    return ClockState.RUNNING if time.open_at(now) else ClockState.OUTSIDE


def _part(within: Duration, share: float) -> Duration:
    """A part of a promised time, in whole minutes or days."""
    if within.counts_days:
        return Duration(max(1, int(within.count * share)), within.unit)
    return Duration(max(1, within.length * share // timedelta(minutes=1)), "min")


# --- what is said, and emergencies ----------------------------------------------------------------


def _said(log: Sequence[Event], life: Sequence[Phase], now: datetime) -> Iterator[Clock]:
    """A time said to the customer: kept by the next word to him, by arriving, or by restoring."""
    for i, event in enumerate(log):
        due = moment(event.data.get("until"))
        if event.kind != EventKind.PROMISED or due is None or due <= event.at:
            continue
        stop = next((e for e in log[i + 1 :] if e.answers or e.kind in _KEEPS_A_WORD), None)
        closed = life[-1].start if life[-1].state is State.CLOSED else None
        clock = Clock(PROMISED, event.work, event.at, due, None, ClockState.RUNNING, None, said=event.text)
        yield _fixed(clock, stop.at if stop else None, closed, now)


def _rhythm(policy: Policy, log: Sequence[Event], life: Sequence[Phase], now: datetime) -> Iterator[Clock]:
    """The clocks of emergencies, from escalation on, day and night: one until each update, one until each report."""
    for start, end in _urgent_spans(log, life):
        if policy.emergency.update is not None:
            ticks = [start, *(e.at for e in log if e.kind == EventKind.UPDATE and _within(e.at, start, end))]
            for at, after in zip(ticks, [*ticks[1:], None], strict=True):
                due = at + policy.emergency.update.length
                clock = Clock(UPDATE, 0, at, due, None, ClockState.RUNNING, policy.emergency.update)
                yield _fixed(clock, after, end, now)
        yield from _dailies(policy, [e.at for e in log if e.kind == EventKind.DAILY], start, end, now)


def _dailies(
    policy: Policy, reports: Sequence[datetime], start: datetime, end: datetime | None, now: datetime
) -> Iterator[Clock]:
    if policy.emergency.daily is None:
        return
    day = start.astimezone(policy.zone).date()
    before = start
    while before < (end or now):
        due = datetime.combine(day, policy.emergency.daily, policy.zone).astimezone(UTC)
        day += timedelta(days=1)
        if due > start:
            stop = next((at for at in reports if _within(at, before, due)), None)
            yield _fixed(Clock(DAILY, 0, before, due, None, ClockState.RUNNING, None), stop, end, now)
            before = due


def _urgent_spans(log: Sequence[Event], life: Sequence[Phase]) -> Iterator[tuple[datetime, datetime | None]]:
    """The stretches of emergencies in which the case was not at rest."""
    for start, end in emergencies(log):
        awake: list[tuple[datetime, datetime | None]] = []
        for phase in (p for p in life if p.state not in (State.RESTORED, State.CLOSED)):
            if awake and awake[-1][1] == phase.start:
                awake[-1] = (awake[-1][0], phase.end)
            else:
                awake.append((phase.start, phase.end))
        for a, b in awake:
            ends = [e for e in (b, end) if e is not None]
            if (b is None or b > start) and (end is None or a < end):
                yield max(a, start), min(ends, default=None)


def _within(at: datetime, start: datetime, end: datetime | None) -> bool:
    return start < at and (end is None or at <= end)


def _fixed(clock: Clock, stop: datetime | None, ended: datetime | None, now: datetime) -> Clock:
    """A clock whose due time is given: it has no pauses and no calendar."""
    assert clock.due is not None
    if stop is not None and ended is not None and ended < stop:
        stop = None
    at = stop or ended
    if at is not None:
        state = ClockState.MISSED if at > clock.due else ClockState.MET if stop else ClockState.NOT_NEEDED
    else:
        state = ClockState.LATE if now > clock.due else ClockState.RUNNING
    spent = (at or now) - clock.started
    whole = clock.due - clock.started
    return replace(
        clock, stopped=stop, ended=ended, state=state, spent=spent, left=whole - spent, warn=clock.due - whole / 4
    )
