"""This module answers which backups stay: the newest of each of the last days, weeks and months."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

STAMP = "%Y%m%dT%H%M%SZ"


class Keep(NamedTuple):
    """Of how many days, weeks and months that have a backup the newest stays."""

    daily: int
    weekly: int
    monthly: int


def file_name(name: str, moment: datetime, suffix: str) -> str:
    """The name of a backup: guzhi-20261129T031500Z.age."""
    return f"{name}-{moment.astimezone(UTC).strftime(STAMP)}{suffix}"


def ours(folder: Path, name: str) -> dict[Path, datetime]:
    """The backups of that name in a folder, and when they were made; nothing else that lies there."""
    pattern = re.compile(re.escape(name) + r"-(\d{8}T\d{6}Z)\.age(?:\.tar)?")
    found = {}
    for path in folder.iterdir():
        if (match := pattern.fullmatch(path.name)) and path.is_file() and not path.is_symlink():
            try:
                found[path] = datetime.strptime(match[1], STAMP).replace(tzinfo=UTC)
            except ValueError:  # no moment there is
                continue
    return found


def staying(moments: Iterable[datetime], keep: Keep) -> set[datetime]:
    """Those that stay; the newest always does."""
    ordered = sorted(moments, reverse=True)
    spans: tuple[tuple[int, Callable[[date], object]], ...] = (
        (keep.daily, lambda day: day),
        (keep.weekly, lambda day: day.isocalendar()[:2]),
        (keep.monthly, lambda day: (day.year, day.month)),
    )
    stay = set(ordered[:1])
    for count, span_of in spans:
        newest: dict[object, datetime] = {}
        for moment in ordered:
            newest.setdefault(span_of(moment.date()), moment)
        stay.update(sorted(newest.values(), reverse=True)[:count])
    return stay


def rotate(folder: Path, name: str, keep: Keep) -> list[Path]:
    """Delete the backups of that name that need not stay; they are returned. Raises OSError."""
    there = ours(folder, name)
    stay = staying(there.values(), keep)
    gone = sorted(path for path, moment in there.items() if moment not in stay)
    for path in gone:
        path.unlink()
    return gone
