"""This module counts: cases by their class, promises kept, what customers said, what nobody wrote down.

It counts rows of snapshots (kb.service.snapshot) and of clocks (kb.service.ledger), never logs: a year of a large desk
takes a second.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, select, true
from sqlalchemy.orm import Session

from kb.database import tables
from kb.model.casework import Outcome, State
from kb.service.clocks import Kept
from kb.service.ledger import MET, MISSED, RUNNING

CLASSES = ("channel", "area", "cause", "handling", "priority", "state")
"""Columns of a case that it is counted by."""
UNREAL = (Outcome.CANCELLED, Outcome.MERGED)
"""Outcomes of what was no case of its own."""


class Which(NamedTuple):
    """The cases that are counted: reported from a moment on, until another, of a customer ("": of all)."""

    since: datetime
    until: datetime
    customer: str = ""


class Scores(NamedTuple):
    """What customers gave: how many answered, of how many that could have, and the sum of it."""

    answered: int
    of: int
    total: int

    @property
    def mean(self) -> float | None:
        return self.total / self.answered if self.answered else None


class Part(NamedTuple):
    """Figures of a customer's cases of one month. month: its place among those asked for. kept: of all promises."""

    customer: str
    month: int
    cases: int
    kept: Kept
    confirmed: int
    scores: Scores


@dataclass(frozen=True)
class Figures:
    """Figures of some cases. by: class -> value -> cases; promises: by name, never without their denominator.

    provisional: restored in time, but for the time being. outcomes: of the closed ones, what was confirmed apart from
    silence. known, new: closed with an article that was there, and with one that was written for it. gaps: closed
    without an article, by area: what the base lacks.
    """

    cases: int
    by: dict[str, dict[str, int]]
    promises: dict[str, Kept]
    provisional: int
    outcomes: dict[str, int]
    scores: Scores
    known: int = 0
    new: int = 0
    gaps: dict[str, int] = field(default_factory=dict)


_CASE, _CLOCK = tables.Case, tables.CaseClock
Counted = type[tables.Case] | type[tables.CaseClock]
_REAL = _CASE.outcome.not_in(UNREAL)
_CLOSED = _CASE.state == State.CLOSED
_HAS_ARTICLE = _CASE.article != ""


def figures(session: Session, which: Which, now: datetime) -> Figures:
    """The figures of these cases. Cancelled and merged ones are counted as such, and nowhere else."""
    state: list[Any] = [_CASE.outcome, _CASE.state, _CASE.area, _HAS_ARTICLE.label("has")]
    counts = (func.count().label("n"), func.count(_CASE.score), func.coalesce(func.sum(_CASE.score), 0))
    found = session.execute(_of(select(*state, *counts), which).group_by(*state)).all()
    real = [row for row in found if row.outcome not in UNREAL]
    closed = [row for row in real if row.state == State.CLOSED]
    solved = sum(row.n for row in closed if row.has)
    by = {"state": _counted((r.state, r.n) for r in real), "area": _counted((r.area, r.n) for r in real)}
    by |= _by(session, which, "channel", "priority") | _by(session, which, "cause", "handling")
    new = _new(session, which)
    return Figures(
        cases=sum(row.n for row in real),
        by={name: by[name] for name in CLASSES},
        promises=_promises(session, which, now),
        provisional=_provisional(session, which),
        outcomes=_counted((row.outcome, row.n) for row in found if row.state == State.CLOSED),
        scores=Scores(sum(r[-2] for r in closed), sum(r.n for r in closed), sum(r[-1] for r in closed)),
        known=solved - new,
        new=new,
        gaps=_counted((row.area, row.n) for row in closed if not row.has),
    )


def _by(session: Session, which: Which, *names: str) -> dict[str, dict[str, int]]:
    """Cases by the values of each of these columns. Two are grouped as quickly as one; all of them would not be."""
    columns = [getattr(_CASE, name) for name in names]
    statement = _of(select(*columns, func.count().label("n")), which).where(_REAL).group_by(*columns)
    found = session.execute(statement).all()
    return {name: _counted((getattr(row, name), row.n) for row in found) for name in names}


def missed(session: Session, which: Which, now: datetime, most: int) -> list[str]:
    """The numbers of cases with a promise that was not kept or is late, those that were due last first."""
    last = func.max(_CLOCK.due).label("last")
    columns: list[Any] = [_CLOCK.case_id, last]
    late = _of(select(*columns), which, _CLOCK).where(_is_missed(now)).group_by(_CLOCK.case_id)
    few = late.order_by(last.desc(), _CLOCK.case_id).limit(most).subquery()
    statement = select(_CASE.number).join(few, few.c.case_id == _CASE.id).order_by(few.c.last.desc(), _CASE.id)
    return list(session.scalars(statement))


def unwritten(session: Session, which: Which, most: int) -> Sequence[tuple[str, str, str, str]]:
    """(number, title, area, why not) of closed cases without an article, the newest first."""
    columns: list[Any] = [_CASE.number, _CASE.title, _CASE.area, _CASE.unwritten]
    statement = _of(select(*columns), which).where(_CLOSED, _REAL, ~_HAS_ARTICLE)
    statement = statement.order_by(_CASE.opened.desc()).limit(most)
    return [(row.number, row.title, row.area, row.unwritten) for row in session.execute(statement)]


def parts(
    session: Session, which: Which, months: Sequence[datetime], now: datetime, most: int | None = None
) -> list[Part]:
    """The figures by customer and month, those with the most cases first. months: the moments at which they begin.

    most: customers that are wanted, all by default.
    """
    counts = (func.count(), func.sum(_one(_CLOSED & (_CASE.outcome == Outcome.CONFIRMED))), func.sum(_one(_CLOSED)),
              func.count(_CASE.score), func.coalesce(func.sum(_CASE.score), 0))  # fmt: skip
    grouped: list[Any] = [_CASE.customer, _month(_CASE, months)]
    promised: list[Any] = [_CLOCK.customer, _month(_CLOCK, months)]
    of_cases = _of(select(*grouped, *counts), which).where(_REAL).group_by(*grouped)
    of_clocks = _of(select(*promised, *_kept(now)), which, _CLOCK).group_by(*promised)
    if most is not None:
        names = _largest(session, which, most)
        of_cases, of_clocks = of_cases.where(_CASE.customer.in_(names)), of_clocks.where(_CLOCK.customer.in_(names))
    cases, kept = session.execute(of_cases).all(), session.execute(of_clocks).all()
    promises = {(name, at): Kept(*states) for name, at, *states in kept}
    out = [
        Part(name, at, n, promises.get((name, at), Kept(0, 0, 0)), confirmed, Scores(answered, closed, total))
        for name, at, n, confirmed, closed, answered, total in cases
    ]
    totals: Counter[str] = Counter()
    for part in out:
        totals[part.customer] += part.cases
    return sorted(out, key=lambda part: (-totals[part.customer], part.customer, -part.month))


def _largest(session: Session, which: Which, most: int) -> list[str]:
    """The customers with the most cases."""
    real = _of(select(_CASE.customer), which).where(_REAL).group_by(_CASE.customer)
    return list(session.scalars(real.order_by(func.count().desc(), _CASE.customer).limit(most)))


def customers(session: Session, most: int) -> list[str]:
    """The customers that reported last."""
    last = func.max(_CASE.id)
    statement = select(_CASE.customer).where(_CASE.customer != "").group_by(_CASE.customer).order_by(last.desc())
    return list(session.scalars(statement.limit(most)))


# --- pieces of statements ------------------------------------------------------------------------


def _of(statement: Select[Any], which: Which, table: Counted = _CASE) -> Select[Any]:
    statement = statement.where(table.opened >= which.since, table.opened < which.until)
    return statement.where(table.customer == which.customer) if which.customer else statement


def _promises(session: Session, which: Which, now: datetime) -> dict[str, Kept]:
    columns: list[Any] = [_CLOCK.name, *_kept(now)]
    statement = _of(select(*columns), which, _CLOCK).group_by(_CLOCK.name).order_by(_CLOCK.name)
    return {name: Kept(*states) for name, *states in session.execute(statement)}


def _kept(now: datetime) -> tuple[ColumnElement[int], ...]:
    """(met, missed, late) of clocks."""
    states = (_CLOCK.state == MET, _CLOCK.state == MISSED, _is_late(now))
    return tuple(func.coalesce(func.sum(_one(state)), 0) for state in states)


def _is_late(now: datetime) -> ColumnElement[bool]:
    return and_(_CLOCK.state == RUNNING, _CLOCK.due < now)


def _is_missed(now: datetime) -> ColumnElement[bool]:
    return (_CLOCK.state == MISSED) | _is_late(now)


def _provisional(session: Session, which: Which) -> int:
    kept = (_CLOCK.state == MET) & _CLOCK.provisional
    return session.scalar(_of(select(func.count()), which, _CLOCK).where(kept)) or 0


def _new(session: Session, which: Which) -> int:
    """Closed cases whose article was written for them."""
    written = select(tables.Event.case_id).where(tables.WRITTEN).distinct().subquery()
    statement = _of(select(func.count()).join_from(written, _CASE, written.c.case_id == _CASE.id), which)
    return session.scalar(statement.where(_CLOSED, _REAL, _HAS_ARTICLE)) or 0


def _one(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _month(table: Counted, months: Sequence[datetime]) -> ColumnElement[int]:
    """The place of the month in which a case was reported."""
    return case(*((table.opened < start, i) for i, start in enumerate(months[1:])), (true(), len(months) - 1))


def _counted(values: Iterable[tuple[str, int]]) -> dict[str, int]:
    """How often each value is there, the most frequent first; "" is what nobody said."""
    counts: Counter[str] = Counter()
    for value, n in values:
        counts[value] += n
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
