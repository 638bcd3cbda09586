"""This module is guarded times: nothing is changed at a customer, and so many people are on duty at any moment.

What would change something then is refused with the reason. A fault that presses is mended all the same.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, true
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.model.casework import CaseKind, EventKind, Role, WaitsFor
from kb.service.assets.customers import customer_of
from kb.service.duty import Shift, Stretch
from kb.service.events import Event, moment
from kb.service.fields import FIELDS
from kb.service.snapshot import Snapshot

LONGEST = timedelta(days=184)
MAX_PEOPLE = 50
MAX_NAME, MAX_NOTE = 100, 1000
MOST = 100


class Guard(NamedTuple):
    """A guarded time. site: "" for all of the customer's. people: how many are on duty at any moment of it."""

    id: int
    name: str
    customer: str
    site: str
    start: datetime
    end: datetime
    people: int
    note: str

    def told(self, zone: ZoneInfo) -> str:
        where = f"{self.customer} {self.site}".strip()
        span = f"{self.start.astimezone(zone):%Y-%m-%d %H:%M} – {self.end.astimezone(zone):%Y-%m-%d %H:%M}"
        return say("{where}“{name}”重保（{span}）", "{where} is guarded for '{name}' ({span})",
                   where=where, name=self.name, span=span)  # fmt: skip


class Guards:
    """The guarded times of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def between(self, start: datetime, end: datetime, customer: str = "") -> list[Guard]:
        """Those of a stretch of time, the first to begin first."""
        with self._store.reading() as session:
            return between_of(session, start, end, customer)

    def add(
        self, name: str, customer: str, site: str, start: datetime, end: datetime, people: int, note: str, by: str
    ) -> int:
        """Its id. Raises InputError that names what is wrong."""
        name, note = " ".join(name.split()), note.strip()
        if not name or len(name) > MAX_NAME or len(note) > MAX_NOTE:
            raise InputError(say("重保要有名称 (name)，最多 {n} 个字", "a guarded time needs a name, of {n} characters",
                                 n=MAX_NAME))  # fmt: skip
        if not start < end <= start + LONGEST:
            raise InputError(say("重保应先开始后结束，最长 {n} 天", "it should begin before it ends, {n} days at most",
                                 n=LONGEST.days))  # fmt: skip
        if not 0 <= people <= MAX_PEOPLE:
            raise InputError(say("值班人数 (people) 应为 0 到 {n}", "people should be 0 to {n}", n=MAX_PEOPLE))
        with self._store.session() as session:
            owner = customer_of(session, customer)
            row = tables.Guarded(name=name, customer=owner.id, site=site_of(session, owner, site), start=start, end=end,
                                 people=people, note=note, by=by)  # fmt: skip
            session.add(row)
            session.flush()
            return row.id

    def remove(self, number: int) -> None:
        """Raises NotFoundError."""
        row = tables.Guarded
        with self._store.session() as session:
            gone = session.scalar(delete(row).where(row.id == number).returning(row.id))
        if gone is None:
            raise NotFoundError(say("没有第 {n} 号重保", "there is no guarded time {n}", n=number))


def site_of(session: Session, customer: tables.Customer, site: str) -> int | None:
    """The row of a site by its name, None for none named. Raises InputError."""
    site = " ".join(site.split())
    if not site:
        return None
    row = tables.Site
    found = session.scalar(select(row.id).where(row.customer == customer.id, row.name == site))
    if found is None:
        there = session.scalars(select(row.name).where(row.customer == customer.id).order_by(row.name).limit(20))
        raise InputError(say("客户“{who}”没有地点 '{site}'（有：{there}）", "'{who}' has no site '{site}' ({there})",
                             who=customer.name, site=site[:80], there=", ".join(there)))  # fmt: skip
    return found


def thin(guard: Guard, shifts: Sequence[Shift], now: datetime) -> list[Stretch]:
    """When fewer people are on duty than a guarded time asks for, from now on."""
    start = max(guard.start, now)
    edges = sorted({start, guard.end, *(m for s in shifts for m in (s.start, s.end) if start < m < guard.end)})
    out: list[Stretch] = []
    for a, b in pairwise(edges):
        people = tuple(sorted({s.person for s in shifts if s.start <= a and s.end >= b}))
        if len(people) >= guard.people:
            continue
        if out and out[-1].end == a and out[-1].people == people:
            out[-1] = out[-1]._replace(end=b)
        else:
            out.append(Stretch("", a, b, people))
    return out


def check(session: Session, case: Snapshot, event: Event, who: Role, zone: ZoneInfo) -> None:
    """Whether an event changes, or promises to change, something in a guarded time. Raises InputError with the reason.

    A pressing fault (P1, or an emergency) is mended; anything else a lead lets pass with a reason (waived).
    """
    when = _changes(case, event)
    if when is None or not case.customer:
        return
    guard = next((g for g in between_of(session, when, when + timedelta(seconds=1), case.customer)
                  if g.site in ("", case.site)), None)  # fmt: skip
    if guard is None or (event.data.get("waived") and who in (Role.LEAD, Role.ADMIN)):
        return
    told = say("：期间不实施变更。", ": nothing is changed then. ")
    if event.kind == EventKind.APPLIED:
        told += say("必须现在做，由主管写上 {field}", "If it has to be, a lead gives {field}",
                    field=FIELDS["waived"].asked)  # fmt: skip
    else:
        told += say("请约在它之后", "Choose a time after it")
    raise InputError(guard.told(zone) + told)


def _changes(case: Snapshot, event: Event) -> datetime | None:
    """When an event changes something; None when it does not, or has to."""
    if event.kind == EventKind.APPLIED:
        pressing = case.kind != CaseKind.REQUEST and (case.emergency or case.priority == "P1")
        return None if pressing else event.at
    planned = event.kind == EventKind.WAIT and event.data.get("for") == WaitsFor.WINDOW
    planned = planned or (event.kind == EventKind.PROMISED and case.kind == CaseKind.REQUEST)
    return moment(event.data.get("until")) if planned else None


def between_of(session: Session, start: datetime, end: datetime, customer: str = "") -> list[Guard]:
    """The guarded times of a stretch of time, of a customer or of all, the first to begin first."""
    row = tables.Guarded
    wanted: Any = tables.Customer.name == customer if customer else true()
    statement = (
        select(row, tables.Customer.name, tables.Site.name)
        .join(tables.Customer, tables.Customer.id == row.customer)
        .outerjoin(tables.Site, tables.Site.id == row.site)
        .where(wanted, row.start < end, row.end > start)
        .order_by(row.start, row.id)
        .limit(MOST)
    )
    return [
        Guard(g.id, g.name, name, site or "", g.start, g.end, g.people, g.note)
        for g, name, site in session.execute(statement)
    ]
