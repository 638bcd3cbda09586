"""This module is duty: who is on call for a team, when nobody is, and when two are.

A shift is a row of a roster, typed or read from a table. A team without a name is everybody's.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select

from kb.articles.importing import cells, sheets
from kb.database import tables
from kb.database.connection import Store, upsert
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.service.fields import read_moment

MAX_NAME = 100
LONGEST = timedelta(days=31)
"""Of a shift; a longer one is a mistake."""
MOST = 10_000
"""Shifts of a file."""


class Shift(NamedTuple):
    """One stretch of duty, in UTC, its end excluded. person: a login, or a name. id: 0 for one that is not kept yet."""

    team: str
    start: datetime
    end: datetime
    person: str
    phone: str = ""
    note: str = ""
    id: int = 0

    @property
    def told(self) -> str:
        """Who it is, and how to reach them."""
        team = f"{self.team}{say('：', ': ')}" if self.team else ""
        return f"{team}{self.person} {self.phone}".strip()


class Stretch(NamedTuple):
    """A stretch of time in which nobody, or more than one, is on duty for a team."""

    team: str
    start: datetime
    end: datetime
    people: tuple[str, ...] = ()


class Roster:
    """The shifts of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def between(self, start: datetime, end: datetime, team: str | None = None) -> list[Shift]:
        """Shifts of a stretch of time, first those that begin first. team: None for those of all."""
        wanted = (tables.Shift.start < end) & (tables.Shift.end > start)
        if team is not None:
            wanted &= tables.Shift.team == team
        order = (tables.Shift.start, tables.Shift.team, tables.Shift.person)
        with self._store.reading() as session:
            return [_shift(row) for row in session.scalars(select(tables.Shift).where(wanted).order_by(*order))]

    def now(self, team: str = "", at: datetime | None = None) -> list[Shift]:
        """Who is on duty: for a team, else for all of them; without a name of one for whichever."""
        at = at or datetime.now(UTC)
        found = self.between(at, at + timedelta(microseconds=1))
        if not team:
            return found
        return [s for s in found if s.team == team] or [s for s in found if not s.team]

    def add(self, shifts: Iterable[Shift]) -> int:
        """Keep shifts; one of the same team, beginning and person is changed. How many. Raises InputError."""
        checked = [_checked(shift) for shift in shifts]
        with self._store.session() as session:
            for shift in checked:
                values = shift._asdict()
                del values["id"]
                upsert(session, tables.Shift, ("team", "start", "person"), **values)
        return len(checked)

    def remove(self, shift: int) -> None:
        """Raises NotFoundError."""
        with self._store.session() as session:
            gone = session.scalar(delete(tables.Shift).where(tables.Shift.id == shift).returning(tables.Shift.id))
        if gone is None:
            raise NotFoundError(say("没有第 {n} 号值班", "there is no shift {n}", n=shift))


def gaps(shifts: Sequence[Shift], start: datetime, end: datetime, teams: Iterable[str] = ()) -> list[Stretch]:
    """When nobody is on duty: of each team that has any shifts, and of those named. Everybody's count for all."""
    return [
        Stretch(team, a, b)
        for team in sorted({s.team for s in shifts} | set(teams)) or [""]
        for a, b, people in _stretches(shifts, team, start, end)
        if not people
    ]


def doubles(shifts: Sequence[Shift], start: datetime, end: datetime) -> list[Stretch]:
    """When more than one is on duty for the same team."""
    return [
        Stretch(team, a, b, people)
        for team in sorted({s.team for s in shifts})
        for a, b, people in _stretches([s for s in shifts if s.team == team], team, start, end)
        if len(people) > 1
    ]


def _stretches(
    shifts: Sequence[Shift], team: str, start: datetime, end: datetime
) -> list[tuple[datetime, datetime, tuple[str, ...]]]:
    """A stretch of time in pieces in which the same people are on duty."""
    mine = [s for s in shifts if s.team in (team, "") and s.start < end and s.end > start]
    edges = sorted({start, end, *(max(s.start, start) for s in mine), *(min(s.end, end) for s in mine)})
    out: list[tuple[datetime, datetime, tuple[str, ...]]] = []
    for a, b in pairwise(edges):
        people = tuple(sorted({s.person for s in mine if s.start <= a and s.end >= b}))
        if out and out[-1][1:] == (a, people):
            out[-1] = (out[-1][0], b, people)
        else:
            out.append((a, b, people))
    return out


def _shift(row: tables.Shift) -> Shift:
    return Shift(*(getattr(row, name) for name in Shift._fields))


def _checked(shift: Shift) -> Shift:
    cleaned = {name: " ".join(getattr(shift, name).split()) for name in ("team", "person", "phone", "note")}
    if not cleaned["person"] or max(map(len, cleaned.values())) > MAX_NAME:
        raise InputError(
            say("值班要写谁 (person)，每项最多 {n} 个字符",
                "a shift needs a person, and {n} characters a field at most", n=MAX_NAME)
        )  # fmt: skip
    if not shift.start < shift.end <= shift.start + LONGEST:
        raise InputError(
            say("{who} 的值班应先开始后结束，最长 {n} 天",
                "the shift of {who} should begin before it ends, {n} days at most",
                who=cleaned["person"], n=LONGEST.days)
        )  # fmt: skip
    start, end = shift.start.astimezone(UTC), shift.end.astimezone(UTC)
    return Shift(cleaned["team"], start, end, cleaned["person"], cleaned["phone"], cleaned["note"])


# --- of tables -----------------------------------------------------------------------------------

COLUMNS: dict[str, tuple[str, ...]] = {
    "team": ("班组", "团队", "team"),
    "start": ("开始", "从", "上班", "start", "from"),
    "end": ("结束", "到", "下班", "until", "end", "to"),
    "person": ("值班人", "人员", "姓名", "值班", "person", "name"),
    "phone": ("电话", "手机", "phone"),
    "note": ("备注", "note"),
}
"""What a column of a roster may be called."""


def read(raw: bytes, name: str, zone: ZoneInfo) -> list[Shift]:
    """The shifts of a .csv or a workbook. Raises InputError, ArticleError that name the row."""
    reader = cells.read if name.lower().endswith((".csv", ".tsv")) else sheets.read
    rows, problems = reader(raw, name)
    if problems:
        raise InputError(f"{name}:{problems[0].number}: {problems[0].message}")
    if not rows or len(rows) > MOST:
        raise InputError(say("{name}：应有 1 到 {n} 行", "{name}: should have 1 to {n} rows", name=name, n=MOST))
    columns = {
        key: next((c for c in rows[0].cells if c.strip().lower() in known), "") for key, known in COLUMNS.items()
    }
    if missing := [COLUMNS[key][0] + f" ({key})" for key in ("start", "end", "person") if not columns[key]]:
        raise InputError(
            say(
                "{name}：缺少列 {columns}",
                "{name}: there is no column {columns}",
                name=name,
                columns=", ".join(missing),
            )
        )
    return [_read_row(row, columns, zone, name) for row in rows]


_DAY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]+(\d{1,2}:\d\d)")
"""As tables write it: 2026/12/1 8:30."""


def _whole_day(found: re.Match[str]) -> str:
    year, month, day, time = found.groups()
    return f"{year}-{month.zfill(2)}-{day.zfill(2)} {time.zfill(5)}"


def _read_row(row: cells.Row, columns: dict[str, str], zone: ZoneInfo, name: str) -> Shift:
    said: dict[str, Any] = {key: row.cells.get(column, "").strip() for key, column in columns.items()}
    now = datetime.now(UTC)
    try:
        for key in ("start", "end"):
            said[key] = read_moment(_DAY.sub(_whole_day, said[key]), zone, now, columns[key])
        return _checked(Shift(**said))
    except InputError as error:
        raise InputError(say("{name} 第 {n} 行：{why}", "{name}, row {n}: {why}", name=name, n=row.number, why=error))
