"""This module reckons with working time: how much of it lies between two moments, and when a promised time is over.

Working time is one sorted list of open intervals with prefix sums, so both answers are a search in that list. Times in
hours end at the first moment at which they are used up. Times in days follow 民法典 第 201 至 203 条: the day on which
they start does not count, the last one ends with its working time, and where it is a day off with the next working
day's. A day at whose end the clock was paused does not count.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import accumulate, chain, islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kb.service.days import Year, days_of, overlaid, statutory
from kb.service.policy import MAX_YEARS, Calendar, Duration, OwnDays, Policy

Years = Callable[[int], Year]
"""What is known of a year's days, such as kb.service.days.statutory."""
NONE = timedelta(0)
FIRST, LAST = 1970, 2200
"""Years that are reckoned with."""


class Pause(NamedTuple):
    """A stretch that does not count, and why: what the case waited for, or its state. From start until before end."""

    start: datetime
    end: datetime
    reason: str


class Stretch(NamedTuple):
    """A piece of a reckoning. why: counted, closed (outside working time), or the reason of a pause.

    counts: how much of it counts: time, or whole days where days are promised.
    """

    start: datetime
    end: datetime
    why: str
    counts: timedelta


COUNTED, CLOSED = "counted", "closed"


class _Layout(NamedTuple):
    """The open intervals of some years, first to last. sums: working time before each; closings: ends of days."""

    first: int
    last: int
    starts: tuple[datetime, ...] = ()
    ends: tuple[datetime, ...] = ()
    sums: tuple[timedelta, ...] = ()
    closings: tuple[datetime, ...] = ()

    def before(self, moment: datetime) -> timedelta:
        """Working time before a moment, since the first year."""
        i = bisect_right(self.starts, moment) - 1
        return self.sums[i] + min(moment, self.ends[i]) - self.starts[i] if i >= 0 else NONE


class WorkingTime:
    """The working time of one calendar. Years are laid out when they are first asked for; threads may share it."""

    def __init__(self, calendar: Calendar, years: Years) -> None:
        self.calendar, self._years = calendar, years
        self._zone = ZoneInfo(calendar.zone)
        self._layout = _Layout(LAST, FIRST)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from start to end, none when end is first."""
        layout = self._covering(start, end)
        return layout.before(end) - layout.before(start) if start < end else NONE

    def open_at(self, moment: datetime) -> bool:
        layout = self._covering(moment, moment)
        i = bisect_right(layout.starts, moment) - 1
        return i >= 0 and moment < layout.ends[i]

    def intervals(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open intervals from start to end, cut there."""
        layout = self._covering(start, end)
        for i in range(bisect_right(layout.ends, start), bisect_left(layout.starts, end)):
            yield max(start, layout.starts[i]), min(end, layout.ends[i])

    def end(self, start: datetime, within: Duration, pauses: Sequence[Pause] = ()) -> datetime | None:
        """When a time that starts is over, with pauses. None when it is not within the years that a promise can last.

        pauses: in order, without overlap.
        """
        if within.counts_days:
            return self._end_of_days(start, within, pauses)
        left, after = within.length, start
        for pause in pauses:
            if pause.end <= after:
                continue
            ran = self.between(after, pause.start)
            if ran >= left:
                break
            left -= ran
            after = pause.end
        return self._after(after, left)

    def spent(self, start: datetime, end: datetime, within: Duration, pauses: Sequence[Pause] = ()) -> timedelta:
        """How much of such a time is used up at a moment: working time, or whole days."""
        if within.counts_days:
            ends = self._day_ends(start, end, within)
            return timedelta(days=sum(not _paused(closing, pauses) for closing in ends))
        return sum((self.between(a, b) for a, b in _running(start, end, pauses)), NONE)

    def stretches(self, start: datetime, end: datetime, within: Duration, pauses: Sequence[Pause]) -> list[Stretch]:
        """The reckoning: what counts and what does not from start to end, in order and without a gap."""
        if within.counts_days:
            return self._day_stretches(start, end, within, pauses)
        out: list[Stretch] = []
        at = start
        for pause in (*(p for p in pauses if start < p.end and p.start < end), Pause(end, end, "")):
            for a, b in self.intervals(at, max(at, pause.start)):
                out += [Stretch(at, a, CLOSED, NONE)] if at < a else []
                out.append(Stretch(a, b, COUNTED, b - a))
                at = b
            if at < pause.start:
                out.append(Stretch(at, pause.start, CLOSED, NONE))
            at = max(at, pause.start)
            if at < min(end, pause.end):
                out.append(Stretch(at, min(end, pause.end), pause.reason, NONE))
                at = min(end, pause.end)
        return out

    def assumed(self, start: datetime, end: datetime) -> bool:
        """Whether any year from start to end is one that nobody has announced."""
        first, last = self._year(start), self._year(end)
        return self.calendar.holidays and not all(self._years(y).announced for y in range(first, last + 1))

    # --- days ---

    def _end_of_days(self, start: datetime, within: Duration, pauses: Sequence[Pause]) -> datetime | None:
        horizon = start + timedelta(days=366 * MAX_YEARS)
        counted = (c for c in self._day_ends(start, horizon, within) if not _paused(c, pauses))
        last = next(islice(counted, within.count - 1, None), None)
        if last is None or within.unit == "workdays":
            return last
        closings = self._closings(self._midnight(last - timedelta(seconds=1)), horizon)
        return next((c for c in closings if not _paused(c, pauses)), None)

    def _day_ends(self, start: datetime, end: datetime, within: Duration) -> Iterator[datetime]:
        """The ends of the days behind that of the start, up to a moment: of working days, or of all."""
        day = start.astimezone(self._zone).date() + timedelta(days=1)
        if within.unit == "workdays":
            yield from self._closings(self._local(day, 0), end)
            return
        while (closing := self._local(day + timedelta(days=1), 0)) <= end:
            yield closing
            day += timedelta(days=1)

    def _closings(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """The ends of working days behind start, up to end. Years are laid out no sooner than they are reached."""
        for year in range(self._year(start), self._year(end) + 1):
            layout = self._covering_years(year, year)
            first = max(start, self._local(date(year, 1, 1), 0))
            last = min(end, self._local(date(year + 1, 1, 1), 0))
            yield from layout.closings[bisect_right(layout.closings, first) : bisect_right(layout.closings, last)]

    def _day_stretches(
        self, start: datetime, end: datetime, within: Duration, pauses: Sequence[Pause]
    ) -> list[Stretch]:
        """One stretch for each run of days that count, and for each that do not."""
        out: list[Stretch] = []
        at = start
        day = (end - timedelta(seconds=1)).astimezone(self._zone).date()
        last = end if within.unit == "workdays" else self._local(day, 86400)
        for closing in self._day_ends(start, last, within):
            why = next((p.reason for p in pauses if p.start < closing <= p.end), COUNTED)
            days = timedelta(days=int(why == COUNTED))
            closing = min(closing, end)
            if out and out[-1].why == why:
                out[-1] = out[-1]._replace(end=closing, counts=out[-1].counts + days)
            else:
                out.append(Stretch(at, closing, why, days))
            at = closing
        return [*out, Stretch(at, end, CLOSED, NONE)] if at < end else out

    # --- intervals ---

    def _after(self, start: datetime, amount: timedelta) -> datetime | None:
        """The first moment at which that much working time has passed since a start."""
        year = self._year(start)
        for last in range(year, year + MAX_YEARS + 2):
            layout = self._covering_years(year, last)
            wanted = layout.before(start) + amount
            i = bisect_left(layout.sums, wanted) - 1
            if i >= 0 and (end := layout.starts[i] + (wanted - layout.sums[i])) <= layout.ends[i]:
                return end
        return None

    def _covering(self, start: datetime, end: datetime) -> _Layout:
        return self._covering_years(self._year(min(start, end)), self._year(max(start, end)))

    def _covering_years(self, first: int, last: int) -> _Layout:
        """The layout of these years and what was laid out before; none beyond FIRST and LAST."""
        layout = self._layout
        first, last = max(FIRST, min(first, layout.first)), min(LAST, max(last, layout.last))
        if first < layout.first or last > layout.last:
            layout = self._layout = self._lay_out(first, last)
        return layout

    def _lay_out(self, first: int, last: int) -> _Layout:
        starts: list[datetime] = []
        ends: list[datetime] = []
        closings: list[datetime] = []
        for day, hours in chain.from_iterable(map(self.worked, range(first, last + 1))):
            for a, b in hours:
                start, end = self._local(day, a), self._local(day, b)
                if ends and start <= ends[-1]:  # day and night
                    ends[-1] = end
                else:
                    starts.append(start)
                    ends.append(end)
            closings.append(ends[-1])
        lengths = (end - start for start, end in zip(starts, ends, strict=True))
        sums = accumulate(lengths, initial=NONE)
        return _Layout(first, last, tuple(starts), tuple(ends), tuple(sums)[:-1], tuple(closings))

    def worked(self, year: int) -> Iterator[tuple[date, tuple[tuple[int, int], ...]]]:
        """The working days of a year with their hours."""
        known = self._years(year)
        for day in days_of(year):
            hours = self.calendar.week[day.weekday()]
            if self.calendar.holidays and day in known.opened:
                hours = hours or self.calendar.usual
            elif self.calendar.holidays and day in known.closed:
                hours = ()
            if hours:
                yield day, hours

    def _local(self, day: date, seconds: int) -> datetime:
        """A local time of a day in UTC; 86400 seconds are the next midnight."""
        return (datetime.combine(day, time(), self._zone) + timedelta(seconds=seconds)).astimezone(UTC)

    def _midnight(self, moment: datetime) -> datetime:
        """The local midnight with which a moment's day began."""
        return self._local(moment.astimezone(self._zone).date(), 0)

    def _year(self, moment: datetime) -> int:
        return moment.astimezone(self._zone).year


def _running(start: datetime, end: datetime, pauses: Sequence[Pause]) -> Iterator[tuple[datetime, datetime]]:
    """What lies between the pauses."""
    at = start
    for pause in pauses:
        if at < min(pause.start, end):
            yield at, min(pause.start, end)
        at = max(at, pause.end)
    if at < end:
        yield at, end


def _paused(closing: datetime, pauses: Sequence[Pause]) -> bool:
    """Whether the clock stood still at the end of a day's working time."""
    return any(p.start < closing <= p.end for p in pauses)


@lru_cache(maxsize=64)
def years_of(own_days: tuple[OwnDays, ...], years: Years) -> Years:
    """What is known of the years, with a policy's own days over it."""
    own = {days.year: days for days in own_days}

    @cache
    def year(number: int) -> Year:
        days = own.get(number)
        known = years(number)
        return known if days is None else overlaid(known, days.closed, days.opened, days.announced)

    return year


@lru_cache(maxsize=64)
def _laid_out(calendar: Calendar, years: Years) -> WorkingTime:
    return WorkingTime(calendar, years)


def working_time(policy: Policy, calendar: str, years: Years = statutory) -> WorkingTime:
    """The working time of a policy's calendar. It is kept, as laying it out costs some milliseconds."""
    return _laid_out(policy.calendars[calendar], years_of(policy.days, years))
