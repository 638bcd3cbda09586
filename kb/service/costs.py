"""This module joins cases with devices, parts and articles: which family of devices costs what, which article saves
visits, which parts a fault takes.

It counts rows of cases that were reported in a time, as kb.service.figures does.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from kb.database import tables
from kb.model.casework import EventKind, PlaceKind, State
from kb.model.schema import Handling
from kb.service.figures import UNREAL, Which

VISITS = (Handling.ONSITE, Handling.PARTS)
"""Ways of handling for which somebody goes there."""


class Family(NamedTuple):
    """What the devices of a product cost. devices: how many there are; hours: the median to restoration, None where
    nothing was restored; parts: pieces that were used."""

    product: str
    devices: int
    cases: int
    hours: float | None
    parts: int


class Saved(NamedTuple):
    """What an article spares. cases: closed with it; visits: of these; usual: as many visits as so many cases of their
    areas take; spared: usual less visits."""

    article: str
    cases: int
    visits: int
    usual: float

    @property
    def spared(self) -> float:
        return self.usual - self.visits


class Used(NamedTuple):
    """Parts that a fault took. fault: the number of an article, else area and cause."""

    article: str
    area: str
    cause: str
    part: str
    name: str
    quantity: int
    cases: int


_CASE = tables.Case


def families(session: Session, which: Which) -> list[Family]:
    """By product, those with the most cases first."""
    device, of = tables.Device, tables.CaseDevice
    restored = (
        select(tables.Event.case_id, func.min(tables.Event.at).label("at"))
        .where(tables.Event.kind == EventKind.RESTORED)
        .group_by(tables.Event.case_id)
        .subquery()
    )
    columns: list[Any] = [device.product, _CASE.id, _CASE.number, _CASE.opened, restored.c.at]
    statement = (
        select(*columns)
        .distinct()
        .select_from(_CASE)
        .join(of, of.case_id == _CASE.id)
        .join(device, device.id == of.device)
        .outerjoin(restored, restored.c.case_id == _CASE.id)
    )
    found = session.execute(_of(statement, which)).all()
    used = _parts_of_cases(session, which)
    hours: dict[str, list[float]] = defaultdict(list)
    cases: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for product, _, number, opened, at in found:
        cases[product] += 1
        parts[product] += used.get(number, 0)
        if at is not None:
            hours[product].append((at - opened).total_seconds() / 3600)
    there = select(device.product, func.count()).where(device.product.in_(cases)).group_by(device.product)
    devices: dict[str, int] = dict(session.execute(there).all())
    out = [Family(p, devices.get(p, 0), n, median(hours[p]) if hours[p] else None, parts[p]) for p, n in cases.items()]
    return sorted(out, key=lambda f: (-f.cases, f.product))


def saves(session: Session, which: Which) -> list[Saved]:
    """By article, those that spare the most visits first."""
    columns: list[Any] = [_CASE.article, _CASE.area, _CASE.handling]
    statement = select(*columns, func.count().label("n")).where(_CASE.state == State.CLOSED).group_by(*columns)
    rows = session.execute(_of(statement, which)).all()
    by_area: Counter[str] = Counter()
    visits: Counter[str] = Counter()
    for _, area, handling, n in rows:
        by_area[area] += n
        visits[area] += n if handling in VISITS else 0
    cases: Counter[str] = Counter()
    own: Counter[str] = Counter()
    usual: dict[str, float] = defaultdict(float)
    for article, area, handling, n in rows:
        if article:
            cases[article] += n
            own[article] += n if handling in VISITS else 0
            usual[article] += n * visits[area] / by_area[area]
    out = [Saved(article, n, own[article], usual[article]) for article, n in cases.items()]
    return sorted(out, key=lambda s: (-s.spared, s.article))


def parts_of_faults(session: Session, which: Which) -> list[Used]:
    """By fault and part, those that took the most first."""
    move, part = tables.Move, tables.Part
    columns: list[Any] = [_CASE.article, _CASE.area, _CASE.cause, part.number, part.name]
    sums = (func.sum(move.quantity).label("n"), func.count(_CASE.id.distinct()))
    statement = _used(select(*columns, *sums)).join(part, part.id == move.part)
    grouped = _of(statement, which).group_by(*columns)
    found: dict[tuple[str, str, str, str], Used] = {}
    for article, area, cause, number, name, n, cases in session.execute(grouped):
        key = (article, "", "", number) if article else ("", area, cause, number)
        before = found.get(key, Used(key[0], key[1], key[2], number, name, 0, 0))
        found[key] = before._replace(quantity=before.quantity + n, cases=before.cases + cases)
    return sorted(found.values(), key=lambda u: (-u.quantity, u.article, u.area, u.cause, u.part))


def restored_at(session: Session, cases: Sequence[int]) -> dict[int, datetime]:
    """When each of some cases was last restored."""
    event = tables.Event
    statement = select(event.case_id, func.max(event.at)).where(event.case_id.in_(cases))
    rows = session.execute(statement.where(event.kind == EventKind.RESTORED).group_by(event.case_id))
    return dict(rows.all())


def _parts_of_cases(session: Session, which: Which) -> dict[str, int]:
    """Number of a case -> pieces that were used for it."""
    columns: list[Any] = [_CASE.number, func.sum(tables.Move.quantity)]
    statement = _of(_used(select(*columns)), which).group_by(_CASE.number)
    return dict(session.execute(statement).all())


def _used(statement: Select[Any]) -> Select[Any]:
    """Joined with the moves by which parts were used for cases."""
    move, place = tables.Move, tables.Place
    return (
        statement.select_from(move)
        .join(_CASE, _CASE.number == move.case)
        .join(place, place.id == move.target)
        .where(place.kind == PlaceKind.CUSTOMER)
    )


def _of(statement: Select[Any], which: Which) -> Select[Any]:
    statement = statement.where(_CASE.opened >= which.since, _CASE.opened < which.until, _CASE.outcome.not_in(UNREAL))
    return statement.where(_CASE.customer == which.customer) if which.customer else statement
