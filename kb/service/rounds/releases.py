"""This module is published updates: an article of kind manual that names versions says which devices it concerns.

A device is concerned when its product is one of the article's and it runs an older version, or nobody knows which. An
update is put in outside the customer's working hours, and never in a guarded time.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store, upsert
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.model import Article
from kb.model.schema import Kind, Status
from kb.search.engine import Engine
from kb.service.assets.customers import customer_of, promised
from kb.service.assets.devices import USED, Devices, Known, key_of
from kb.service.policy import Policy
from kb.service.reckoning import WorkingTime, working_time
from kb.service.rounds.census import TEXT, combinations
from kb.service.rounds.guarded import between_of
from kb.service.rounds.versions import Named, is_behind, named

MOST = 10_000
"""Devices that an update concerns, as far as they are listed."""
SHORTEST = 4
"""Letters and digits of a product that is found inside a longer name."""
LENGTH, LONGEST = timedelta(hours=2), timedelta(hours=12)
"""Of a window that is proposed, and that may be."""
HOURS = (22, 20, 0, 9, 14)
"""At which a window is proposed to begin, by local time; the first that lies outside working hours."""
NOTICE = timedelta(hours=24)
"""How long before it a window is proposed."""
WITHIN = 60
"""Days within which one is looked for."""
MAX_NOTE = 1000
LOOKED_AT = 500
"""Articles, the newest, among which updates are."""


class Concern(NamedTuple):
    """A device that an update concerns. have: the version it runs, "" when nobody knows; new: the one that is there."""

    known: Known
    software: str
    have: str
    new: str


class Window(NamedTuple):
    """When an update is put in at a customer's. id: 0 for one that is only proposed."""

    start: datetime
    end: datetime
    customer: str = ""
    note: str = ""
    by: str = ""
    id: int = 0


def publishes(article: Article) -> bool:
    """Whether an article publishes an update."""
    names = any(named(v) for v in article.versions)
    return article.kind == Kind.MANUAL and article.status == Status.PUBLISHED and bool(article.product) and names


def published(engine: Engine) -> list[Article]:
    """The newest articles that publish an update."""
    return [article for article in engine.newest(LOOKED_AT) if publishes(article)]


def concerned(store: Store, article: Article, customer: int = 0) -> list[Concern]:
    """The devices that an article's update concerns, by product and serial; of a customer, or of all."""
    new = [n for v in article.versions if (n := named(v))]
    with store.reading() as session:
        found = [c for c in combinations(session, date.min, customer=customer) if _is_meant(article.product, c.product)]
    told = {(c.product, c.text): _older(c.product, c.versions, new) for c in found}
    pairs = [pair for pair, older in told.items() if older]
    if not pairs:
        return []
    row = tables.Device
    where = tuple_(row.product, TEXT).in_(pairs) & row.state.in_(USED)
    where &= row.customer == customer if customer else row.id > 0
    out = []
    for known in Devices(store).those(where, MOST):
        out += [Concern(known, *older) for older in _older(known.row.product, known.row.versions, new)]
    return out


def _is_meant(products: Sequence[str], product: str) -> bool:
    """Whether a device's product is one of an article's: H3C S5130 means an S5130-28S, too."""
    own = key_of(product)
    return any(_inside(own, key_of(p)) or _inside(own, _model(p)) for p in products)


def _model(product: str) -> str:
    """The word of a product's name that is its model: the longest one with a digit, "" for none."""
    words = [key_of(word) for word in product.split()]
    return max((w for w in words if any(c.isdigit() for c in w)), key=len, default="")


def _inside(a: str, b: str) -> bool:
    short, long = sorted((a, b), key=len)
    return a == b or (len(short) >= SHORTEST and short in long)


def _older(product: str, versions: dict[str, str] | object, new: Sequence[Named]) -> list[tuple[str, str, str]]:
    """(software, version that it runs, new one) of what is older than an update, or not known."""
    assert isinstance(versions, dict)
    out = []
    for software, version in new:
        of_product = not software or _inside(key_of(software) or software, key_of(product))
        fits = [s for s in versions if of_product or s in software or software in s]
        if not fits:
            out.append((software, "", version))
        out += [(s, versions[s], version) for s in fits if is_behind(versions[s], version)]
    return out


class Windows:
    """The windows of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store, policy: Policy) -> None:
        self._store, self._policy = store, policy

    def of(self, article: str) -> list[Window]:
        """Those of an update, the first to begin first."""
        row = tables.UpdateWindow
        statement = (
            select(row, tables.Customer.name)
            .join(tables.Customer, tables.Customer.id == row.customer)
            .where(row.article == article)
            .order_by(row.start)
        )
        with self._store.reading() as session:
            return [Window(w.start, w.end, name, w.note, w.by, w.id) for w, name in session.execute(statement)]

    def proposed(self, customer: str, now: datetime, most: int = 3) -> list[Window]:
        """The next windows outside a customer's working hours, and outside guarded times. Raises InputError."""
        with self._store.reading() as session:
            hours, name = self._hours(session, customer, now)
            day = (now + NOTICE).astimezone(self._policy.zone).date()
            busy = between_of(session, now, now + timedelta(days=WITHIN + 2), name)
        out: list[Window] = []
        for n in range(WITHIN):
            starts = (self._at(day + timedelta(days=n), hour) for hour in HOURS)
            start = next((s for s in starts if s >= now + NOTICE and _is_free(hours, s, s + LENGTH)), None)
            if start is None or any(g.start < start + LENGTH and g.end > start for g in busy):
                continue
            out.append(Window(start, start + LENGTH, name))
            if len(out) == most:
                break
        return out

    def agree(
        self, article: str, customer: str, start: datetime, end: datetime, by: str, note: str, now: datetime
    ) -> None:
        """Keep the window of an update at a customer's. Raises InputError with the reason and what would do."""
        if not now < start < end <= start + LONGEST or len(note) > MAX_NOTE:
            raise InputError(
                say("窗口应在将来，先开始后结束，最长 {n} 小时",
                    "a window should lie ahead, begin before it ends, and last {n} hours at most",
                    n=LONGEST // timedelta(hours=1))
            )  # fmt: skip
        with self._store.reading() as session:
            hours, name = self._hours(session, customer, now)
            guards = between_of(session, start, end, name)
        if guards:
            raise InputError(guards[0].told(self._policy.zone) + say("：期间不升级", ": no update is put in then"))
        if not _is_free(hours, start, end):
            first = next(iter(self.proposed(customer, now, 1)), None)
            zone = self._policy.zone
            instead = "–" if first is None else f"{first.start.astimezone(zone):%m-%d %H:%M}"
            raise InputError(
                say("这段时间在“{who}”的工作时间里；升级放在工作时间之外，如 {instead}",
                    "this lies in the working hours of '{who}'; updates are put in outside of them, as at {instead}",
                    who=name, instead=instead)
            )  # fmt: skip
        with self._store.session() as session:
            owner = customer_of(session, name)
            values = {"article": article, "customer": owner.id, "start": start, "end": end, "note": note.strip()}
            upsert(session, tables.UpdateWindow, ("article", "customer"), **values, by=by)

    def remove(self, number: int) -> None:
        """Raises NotFoundError."""
        row = tables.UpdateWindow
        with self._store.session() as session:
            if session.scalar(delete(row).where(row.id == number).returning(row.id)) is None:
                raise NotFoundError(say("没有第 {n} 号窗口", "there is no window {n}", n=number))

    def _hours(self, session: Session, customer: str, now: datetime) -> tuple[WorkingTime, str]:
        """When a customer works, and its name: by its contract or its own calendar; who is served around the clock has
        office hours all the same. Raises InputError."""
        owner = customer_of(session, customer)
        calendars = self._policy.calendars
        own = promised(session, owner, None, now.date()).get("calendar", "")
        usual = [own, self._policy.close.calendar, *calendars]
        name = next((n for n in usual if n in calendars and not _is_always(calendars[n].week)), usual[-1])
        return working_time(self._policy, name), owner.name

    def _at(self, day: date, hour: int) -> datetime:
        return datetime.combine(day, time(hour), self._policy.zone).astimezone(UTC)


def _is_always(week: Sequence[Sequence[tuple[int, int]]]) -> bool:
    return all(sum(b - a for a, b in day) >= 86400 for day in week)


def _is_free(hours: WorkingTime, start: datetime, end: datetime) -> bool:
    """Whether nobody works from start to end; where all hours are working hours, none is better than another."""
    return _is_always(hours.calendar.week) or not hours.between(start, end)
