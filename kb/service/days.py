"""This module answers which days of a year are off or worked by statute in mainland China.

The announcements of the State Council, with the weekends that are worked in exchange (调休), come with the package
chinesecalendar. A year that nobody has announced yet is assumed: weekends, and the feasts whose day is known before;
whoever shows a date of such a year says that it is provisional.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache


@dataclass(frozen=True)
class Year:
    """What is special about a year. closed: feasts, weekends among them too; opened: weekends that are worked.

    announced: whether it is so; False when it is assumed.
    """

    closed: frozenset[date]
    opened: frozenset[date]
    announced: bool


def days_of(year: int) -> Iterable[date]:
    """All days of a year, in order."""
    first = date(year, 1, 1)
    return (first + timedelta(n) for n in range((date(year, 12, 31) - first).days + 1))


@lru_cache(maxsize=64)
def statutory(year: int) -> Year:
    """The days of a year as announced, or as far as they are known before. Never raises."""
    import chinese_calendar

    try:
        told = [(day, *chinese_calendar.get_holiday_detail(day)) for day in days_of(year)]
    except NotImplementedError:
        fixed = frozenset(date(year, month, day) for month, day in _FIXED)
        return Year(fixed, frozenset(), announced=False)
    # Of an ordinary weekend it names no feast: calendars say themselves whether that is worked.
    return Year(
        frozenset(day for day, off, feast in told if off and feast),
        frozenset(day for day, off, feast in told if not off and feast),
        announced=True,
    )


_FIXED = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))
"""Month and day of the statutory feasts that go by the Gregorian calendar, as of 2025 (国务院令第 795 号).

Those of the lunar calendar are not computed."""


def overlaid(year: Year, closed: Iterable[date], opened: Iterable[date], announced: bool) -> Year:
    """A year with a firm's own days over it, which win. announced: whether they are the announcement itself."""
    closed, opened = frozenset(closed), frozenset(opened)
    if announced and not year.announced:
        return Year(closed, opened, announced=True)
    return Year((year.closed - opened) | closed, (year.opened - closed) | opened, year.announced)
