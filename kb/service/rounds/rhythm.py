"""This module reckons the days on which rounds of a plan are due: the first one, and each so many days or months on.

A month that lacks the day has it on its last one; the next months have it again.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from kb.model.casework import Every

LONGEST: dict[str, int] = {Every.DAYS: 3660, Every.WEEKS: 520, Every.MONTHS: 120}
"""Of a rhythm: ten years."""


class Rhythm(NamedTuple):
    """starts: the first day; ends: the last one that may be, None for no end."""

    every: int
    unit: str
    starts: date
    ends: date | None = None

    def day(self, n: int) -> date:
        """The day of round n, from 0."""
        if self.unit == Every.MONTHS:
            return months_after(self.starts, n * self.every)
        return self.starts + timedelta(days=n * self.every * (7 if self.unit == Every.WEEKS else 1))

    def count(self, until: date) -> int:
        """How many days there are up to one."""
        last = until if self.ends is None else min(until, self.ends)
        if last < self.starts:
            return 0
        if self.unit != Every.MONTHS:
            return (last - self.starts).days // (self.every * (7 if self.unit == Every.WEEKS else 1)) + 1
        months = (last.year - self.starts.year) * 12 + last.month - self.starts.month
        n = months // self.every
        return n if self.day(n) > last else n + 1

    def days(self, until: date, since: date | None = None) -> Iterator[date]:
        """The days up to one, from another."""
        first = 0 if since is None else self.count(since - timedelta(days=1))
        return (self.day(n) for n in range(first, self.count(until)))

    def has(self, day: date) -> bool:
        n = self.count(day)
        return n > 0 and self.day(n - 1) == day

    def after(self, day: date) -> date:
        """How long a rhythm lasts, from a day."""
        return Rhythm(self.every, self.unit, day).day(1)


def months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
