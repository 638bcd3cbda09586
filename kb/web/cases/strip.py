"""This module is the strip of clocks on a case's page: each a bar with the time left, and how it was reckoned."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from kb.labels import label
from kb.language import say
from kb.model.casework import ClockState
from kb.service.clocks import Clock
from kb.service.telling import clock_name, in_days, length

LOOKED_AHEAD = timedelta(days=15)
"""How far it is looked for the hour at which a clock goes on."""
_RANK = (ClockState.LATE, ClockState.RUNNING, ClockState.OUTSIDE, ClockState.PAUSED, ClockState.MISSED, ClockState.MET)


class Bar(NamedTuple):
    """One clock as it is shown. part: of the time that is used, 0 to 100; left: how it stands, in words."""

    clock: Clock
    name: str
    state: str
    part: int
    left: str


def strip(clocks: Sequence[Clock], now: datetime | None = None) -> list[Bar]:
    """The clocks, the most urgent first; those that nobody needs any more are left out."""
    now = now or datetime.now(UTC)
    needed = [c for c in clocks if c.state is not ClockState.NOT_NEEDED]
    ranked = sorted(needed, key=lambda c: (_RANK.index(c.state), c.due or datetime.max.replace(tzinfo=UTC)))
    return [Bar(c, _name(c), label("clock", c.state), _part(c), _left(c, now)) for c in ranked]


def _name(clock: Clock) -> str:
    return clock_name(clock.name) + (f" #{clock.work}" if clock.work else "")


def _part(clock: Clock) -> int:
    whole = clock.spent + clock.left
    return max(0, min(100, round(100 * clock.spent / whole))) if whole else 100


def _left(clock: Clock, now: datetime) -> str:
    told = length(abs(clock.left), in_days(clock))
    if clock.state is ClockState.LATE:
        return say("超时 {t}", "{t} late", t=told)
    if clock.stopped is not None or clock.ended is not None:
        return label("clock", clock.state)
    if clock.state is ClockState.PAUSED:
        return say("暂停，还剩 {t}", "paused, {t} left", t=told)
    if clock.state is ClockState.OUTSIDE:
        start = next((a for a, _ in clock.time.intervals(now, now + LOOKED_AHEAD)), None)
        if start is not None:
            zone = clock.time.calendar.zone
            return say(
                "非服务时间，{when} 继续，还剩 {t}",
                "outside hours, goes on {when}, {t} left",
                when=_local(start, zone),
                t=told,
            )
    return say("还剩 {t}", "{t} left", t=told)


def _local(when: datetime, zone: str) -> str:
    from zoneinfo import ZoneInfo

    return f"{when.astimezone(ZoneInfo(zone)):%m-%d %H:%M}"
