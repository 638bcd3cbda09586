"""This module is the census of versions: which device runs which, which one is wanted, who is behind.

It is asked each half year anew: a device counts as asked when somebody looked at its versions since the half began.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Text, case, cast, delete, func, select, true, tuple_
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from kb.database import tables
from kb.database.connection import Store, upsert
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.service.assets.devices import USED, Devices, Known, key_of
from kb.service.assets.ledger import Ledger
from kb.service.assets.table import Column, Entry, Wrong
from kb.service.rounds.versions import is_behind

COLUMNS = (
    Column("serial", ("序列号", "设备序列号", "sn", "s/n", "serialnumber", "serialno")),
    Column("product", ("产品", "型号", "设备型号", "产品型号", "model")),
    Column("software", ("软件", "软件名称", "固件", "firmware", "component")),
    Column("version", ("版本", "版本号", "软件版本", "固件版本", "当前版本", "currentversion")),
    Column("versions", ("各软件版本", "全部版本", "allversions"), "pairs"),
    Column("asked", ("普查日期", "日期", "date", "day"), "day"),
)  # fmt: skip
"""What a table of versions may tell: a software and its version, or several (软件=1.2；固件=3)."""
NEEDED = ("serial",)
MAX_NAME, MAX_SOFTWARE = 60, 30
"""Characters of the name of a software or a version; software of a device."""
UNNAMED = "软件"
"""The software of a version that is given without one."""


class Wanted(NamedTuple):
    product: str
    software: str
    version: str


@dataclass
class Line:
    """One software of one product. counts: version -> devices; wanted: "" where none is said; behind, unknown: devices
    whose version is older, or not known; asked: whose versions were looked at in this half year, of all."""

    product: str
    software: str
    counts: Counter[str] = field(default_factory=Counter)
    wanted: str = ""
    unknown: int = 0
    asked: int = 0
    devices: int = 0

    @property
    def behind(self) -> int:
        return sum(n for version, n in self.counts.items() if self.wanted and is_behind(version, self.wanted))


class Behind(NamedTuple):
    """A device that does not run the version that is wanted; have: "" when it is not known."""

    known: Known
    software: str
    have: str
    wanted: str


class Runs(NamedTuple):
    """What a device runs of one software, beside what is wanted of it."""

    software: str
    have: str
    wanted: str

    @property
    def behind(self) -> bool:
        return bool(self.wanted) and _behind(self.have, self.wanted)


class Combination(NamedTuple):
    """Devices of a product that run the same versions. text: those as they are kept."""

    product: str
    text: str
    versions: Mapping[str, str]
    devices: int
    asked: int


class Census:
    """The versions of one database's devices. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def lines(self, today: date, product: str = "", customer: int = 0) -> list[Line]:
        """Software by product, that which most are behind with first."""
        with self._store.reading() as session:
            found = combinations(session, half_of(today), product, customer)
            return _lines(found, _wanted(session))

    def behind(
        self, product: str = "", software: str = "", customer: int = 0, most: int = 50, skip: int = 0
    ) -> list[Behind]:
        """Devices that are behind, or of which nobody knows; of a product, a software, a customer."""
        return self.behind_of(product, software, customer, most, skip)[0]

    def behind_of(
        self, product: str = "", software: str = "", customer: int = 0, most: int = 50, skip: int = 0
    ) -> tuple[list[Behind], int]:
        """Some of these, and of how many devices all are."""
        with self._store.reading() as session:
            wanted = [w for w in _wanted(session) if software in ("", w.software)]
            found = combinations(session, date.min, product, customer)
        is_late = Late(wanted)
        late = [c for c in found if is_late(c)]
        if not late:
            return [], 0
        row = tables.Device
        pairs = [(c.product, c.text) for c in late]
        where = tuple_(row.product, TEXT).in_(pairs) & row.state.in_(USED)
        where &= row.customer == customer if customer else true()
        some = [
            Behind(known, w.software, known.row.versions.get(w.software, ""), w.version)
            for known in Devices(self._store).those(where, most, skip)
            for w in best(wanted, known.row.product)
            if _behind(known.row.versions.get(w.software, ""), w.version)
        ]
        return some, sum(c.devices for c in late)

    def devices(self, product: str = "", customer: int = 0, most: int = 20_000) -> list[tuple[Known, list[Wanted]]]:
        """All devices that are used, each with what is wanted of it."""
        row, wanted = tables.Device, self.wanted()
        where: ColumnElement[bool] = row.state.in_(USED)
        where &= row.customer == customer if customer else true()
        where &= row.product == product if product else true()
        found = Devices(self._store).those(where, most)
        by_product = {product: best(wanted, product) for product in {k.row.product for k in found}}
        return [(known, by_product[known.row.product]) for known in found]

    def wanted(self) -> list[Wanted]:
        with self._store.reading() as session:
            return _wanted(session)

    def want(self, product: str, software: str, version: str, today: date) -> None:
        """Say which version devices of a product should run; without one, that none is wanted any more.

        Raises InputError, NotFoundError.
        """
        product, version = " ".join(product.split()), " ".join(version.split())
        software = " ".join(software.split()) or UNNAMED
        if not product or max(map(len, (product, software, version))) > MAX_NAME:
            raise InputError(
                say("应写产品、软件和版本，各最多 {n} 字", "give product, software and version, of {n} characters",
                    n=MAX_NAME)
            )  # fmt: skip
        row = tables.WantedVersion
        with self._store.session() as session:
            if version:
                values = {"product": product, "software": software, "version": version, "since": today}
                upsert(session, row, ("product", "software"), **values)
                return
            same = (row.product == product) & (row.software == software)
            if session.scalar(delete(row).where(same).returning(row.id)) is None:
                raise NotFoundError(say("{p} 的 {s} 没有期望版本", "no version of {s} is wanted of {p}", p=product,
                                        s=software))  # fmt: skip

    def tell(self, device: str, versions: Mapping[str, str], today: date) -> Known:
        """Write down which versions a device runs. Raises InputError, NotFoundError."""
        known, told = Devices(self._store).find(device), _checked(versions)
        with self._store.session() as session:
            note(session, known.row.id, told, today)
        return known


def note(session: Session, device: int, versions: Mapping[str, str], day: date) -> None:
    """Versions that were looked at on a day; what was not is left as it was."""
    row = session.get_one(tables.Device, device, with_for_update=True)
    row.versions, row.versions_at = {**row.versions, **versions}, day
    session.flush()


def lines_of_devices(versions: Mapping[str, str], wanted: Iterable[Wanted]) -> list[Runs]:
    """What a device runs, a line for each software, and for each that it should."""
    said = {w.software: w.version for w in wanted}
    return [Runs(s, versions.get(s, ""), said.get(s, "")) for s in sorted({*versions, *said})]


def half_of(day: date) -> date:
    """The first day of a day's half year."""
    return day.replace(month=1 if day.month < 7 else 7, day=1)


def half_name(day: date) -> str:
    half = 1 if day.month < 7 else 2
    return say("{year} 年{which}半年", "{which} half of {year}", year=day.year,
               which=say("上", "first") if half == 1 else say("下", "second"))  # fmt: skip


def matches(pattern: str, product: str) -> bool:
    """Whether a pattern means a product: the same, or its beginning before a *."""
    pattern, product = " ".join(pattern.split()).casefold(), product.casefold()
    return product.startswith(pattern[:-1]) if pattern.endswith("*") else product == pattern


def best(wanted: Iterable[Wanted], product: str) -> list[Wanted]:
    """What is wanted of a product, of each software the most exact word on it."""
    out: dict[str, Wanted] = {}
    for w in sorted((w for w in wanted if matches(w.product, product)), key=lambda w: len(w.product)):
        out[w.software] = w
    return list(out.values())


TEXT = cast(tables.Device.versions, Text)
"""The versions of a device as they are kept: devices with the same ones are alike."""


def _wanted(session: Session) -> list[Wanted]:
    row = tables.WantedVersion
    statement = select(row.product, row.software, row.version).order_by(row.product, row.software)
    return [Wanted(*values) for values in session.execute(statement)]


def combinations(session: Session, since: date, product: str = "", customer: int = 0) -> list[Combination]:
    """The devices that are used, by product and versions: there are far fewer of these. since: when asking began."""
    row = tables.Device
    asked = func.sum(case((row.versions_at >= since, 1), else_=0))
    statement = select(row.product, TEXT, func.count(), asked).where(row.state.in_(USED))
    if product:
        statement = statement.where(row.product == product)
    if customer:
        statement = statement.where(row.customer == customer)
    grouped = statement.group_by(row.product, TEXT)
    return [Combination(name, text, json.loads(text), n, known) for name, text, n, known in session.execute(grouped)]


def _behind(have: str, wanted: str) -> bool:
    return not have or is_behind(have, wanted)


class Late:
    """Whether devices of a combination are behind, or not known; what is wanted of each product is found once."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        self._wanted = wanted
        self._best: dict[str, list[Wanted]] = {}

    def __call__(self, found: Combination) -> bool:
        if found.product not in self._best:
            self._best[found.product] = best(self._wanted, found.product)
        return any(_behind(found.versions.get(w.software, ""), w.version) for w in self._best[found.product])


def _lines(found: Sequence[Combination], wanted: Sequence[Wanted]) -> list[Line]:
    out: dict[tuple[str, str], Line] = {}
    named: dict[str, set[str]] = {}
    for c in found:
        named.setdefault(c.product, set()).update(c.versions)
    for product, software in named.items():
        for w in best(wanted, product):
            software.add(w.software)
            out[product, w.software] = Line(product, w.software, wanted=w.version)
        for name in software:
            out.setdefault((product, name), Line(product, name))
    for c in found:
        for name in named[c.product]:
            line = out[c.product, name]
            line.devices += c.devices
            line.asked += c.asked
            if have := c.versions.get(name, ""):
                line.counts[have] += c.devices
            else:
                line.unknown += c.devices
    return sorted(out.values(), key=lambda line: (-line.behind, not line.wanted, line.product, line.software))


def _checked(versions: Mapping[str, str]) -> dict[str, str]:
    told = {" ".join(name.split()) or UNNAMED: " ".join(v.split()) for name, v in versions.items() if v.strip()}
    if not told or len(told) > MAX_SOFTWARE or max(map(len, (*told, *told.values()))) > MAX_NAME:
        raise InputError(
            say("应写 1 到 {n} 个软件的版本，各最多 {most} 字", "give 1 to {n} versions, of {most} characters each",
                n=MAX_SOFTWARE, most=MAX_NAME)
        )  # fmt: skip
    return told


# --- imports -----------------------------------------------------------------------------------


class Writer:
    """Writes rows of a table of versions. day: of those that name none, as ISO."""

    def __init__(self, ledger: Ledger, day: str) -> None:
        self._ledger, self._day = ledger, day
        self._devices: dict[str, list[Any]] = {}

    def write(self, entry: Entry) -> None:
        """Raises table.Wrong."""
        values = entry.values
        device = self._device(str(values.get("serial", "")), str(values.get("product", "")))
        told = dict(values.get("versions", {}))
        if "version" in values:
            told[values.get("software", UNNAMED)] = values["version"]
        try:
            told = _checked(told)
        except InputError as error:
            raise Wrong(str(error)) from None
        new = {**device.versions, **told}
        asked = values.get("asked", self._day)
        self._ledger.put(tables.Device, {"product": device.product, "key": device.key},
                         {"versions": new, "versions_at": asked})  # fmt: skip

    def _device(self, serial: str, product: str) -> Any:
        if not self._devices:
            for row in self._ledger.session.scalars(select(tables.Device)):
                self._devices.setdefault(row.key, []).append(row)
        found = [d for d in self._devices.get(key_of(serial), ()) if product in ("", d.product)]
        if len(found) != 1:
            told = (
                say("没有设备", "there is no device")
                if not found
                else say("有几台设备，写上产品：", "there are several, say the product:")
            )
            raise Wrong(f"{told} {product} {serial}".replace("  ", " "))
        return found[0]
