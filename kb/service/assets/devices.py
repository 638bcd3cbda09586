"""This module is devices: which one is meant, what happened to it, whether a new one is due, and what an exchange does.

A device is known by its product and serial. Its dates are days: of acceptance, of the end of warranty and maintenance.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, literal, or_, select, true
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from kb.database import tables
from kb.database.connection import Store
from kb.errors import NotFoundError
from kb.language import say
from kb.model.casework import DeviceState, EventKind, Outcome
from kb.service.assets.customers import named as customer_named
from kb.service.assets.ledger import Ledger
from kb.service.assets.table import Column, Entry, Wrong, choice
from kb.service.events import Event, effective
from kb.service.policy import Replacing
from kb.text.tokens import fold

MOST = 200
"""Rows of a list."""
MAX_SCAN = 200
"""Characters of a text in which a serial is looked for inside a piece, as in a maker's barcode."""
MAX_READ = 5000
LEAST = 5
"""Letters and digits of a serial that is found inside a longer piece."""
COLUMNS = (
    Column("serial", ("序列号", "设备序列号", "sn", "s/n", "serialnumber", "serialno")),
    Column("product", ("产品", "型号", "设备型号", "产品型号", "model")),
    Column("name", ("设备名称", "名称", "主机名", "hostname", "devicename")),
    Column("customer", ("客户", "客户名称", "单位", "用户单位", "company")),
    Column("site", ("地点", "站点", "机房", "网点", "location")),
    Column("contract", ("合同", "合同号", "合同编号", "contractnumber")),
    Column("accepted", ("终验日期", "验收日期", "终验", "验收", "acceptance", "accepteddate"), "day"),
    Column("warranty_until", ("质保到期", "保修到期", "质保期至", "保修期至", "质保截止", "warrantyend",
                              "endofwarranty"), "day"),
    Column("maintained_until", ("维保到期", "维保期至", "维保截止", "maintenanceuntil", "maintenanceend"), "day"),
    Column("versions", ("版本", "软件版本", "固件版本", "version"), "pairs"),
    choice("state", ("状态", "设备状态", "status"), "device", DeviceState),
    Column("note", ("备注", "说明", "notes", "remark"), "lines"),
)  # fmt: skip
NEEDED = ("serial", "product")
USED = (DeviceState.IN_USE, DeviceState.SPARE, DeviceState.IN_REPAIR)
"""Devices that are there, and looked after."""


def key_of(serial: str) -> str:
    """Letters and digits of a serial, by which it is found however it is written."""
    return re.sub(r"[^A-Z0-9]", "", fold(serial).text.upper())


def checked_key(serial: str) -> str:
    """The key of a serial. Raises Wrong when it is none."""
    key = key_of(serial)
    if len(key) < 3:
        raise Wrong(say("序列号 '{s}' 至少要有三个字母或数字", "the serial '{s}' needs three letters or digits",
                        s=serial))  # fmt: skip
    return key


def check_dates(values: Mapping[str, Any]) -> None:
    """Whether a device's warranty ends after its acceptance; days as ISO text. Raises Wrong."""
    if values.get("accepted") and (values.get("warranty_until") or "9999") < values["accepted"]:
        raise Wrong(say("质保到期在终验之前", "the warranty ends before the acceptance"))


class Known(NamedTuple):
    """A device with the names of what it belongs to."""

    row: tables.Device
    customer: str
    site: str
    contract: str

    @property
    def label(self) -> str:
        """What it is named by in a case: its product and serial."""
        return f"{self.row.product} {self.row.serial}"


class Due(NamedTuple):
    """Whether a new device is due. faults: how many of the cause count; now: it is due, else it is at the next one."""

    faults: int
    now: bool
    next: bool


class History(NamedTuple):
    """A device's cases, the newest first, with those of the devices that it took the place of, and that took its."""

    before: list[Known]
    after: list[Known]
    cases: list[tables.Case]


class Beside(NamedTuple):
    """A device of a case. earlier: its other cases, the newest first."""

    known: Known
    due: Due
    earlier: list[tables.Case]


class Devices:
    """The devices of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self, text: str = "", customer: int = 0, most: int = MOST, skip: int = 0) -> list[Known]:
        """Devices by product and serial. text: stands in serial, product or name, or is scanned."""
        row = tables.Device
        with self._store.reading() as session:
            wanted: ColumnElement[bool] = row.customer == customer if customer else true()
            if text := text.strip():
                like = [c.contains(text, autoescape=True) for c in (row.product, row.name)]
                key = key_of(text)
                wanted &= or_(*like, *([row.key.contains(key, autoescape=True)] if key else []))
            found = _known(session, wanted, (row.product, row.serial), most, skip)
            if not found and text and (one := in_text(session, text)) is not None and not skip:
                return [one]
            return found

    def those(self, wanted: ColumnElement[bool], most: int = MOST, skip: int = 0) -> list[Known]:
        """Devices that a condition holds for, by product and serial."""
        with self._store.reading() as session:
            return _known(session, wanted, (tables.Device.product, tables.Device.serial), most, skip)

    def ending(self, day: date, days: int, most: int = MOST) -> list[Known]:
        """Devices in use whose warranty or maintenance ends within days from a day, the first to end first."""
        row = tables.Device
        until = day + timedelta(days=days)
        ends = row.warranty_until.between(day, until) | row.maintained_until.between(day, until)
        order = (row.warranty_until.nulls_last(), row.maintained_until, row.id)
        with self._store.reading() as session:
            return _known(session, ends & row.state.in_(USED), order, most)

    def find(self, name: str) -> Known:
        """A device by its id, else by a text that holds its serial. Raises NotFoundError."""
        with self._store.reading() as session:
            row = tables.Device
            by_id = name.isascii() and name.isdigit() and len(name) < 10
            found = _known(session, row.id == int(name), (row.id,), 1) if by_id else []
            one = found[0] if found else in_text(session, name)
            if one is None:
                raise NotFoundError(say("没有设备 {name}", "there is no device {name}", name=name[:80]))
            return one

    def in_text(self, text: str) -> Known | None:
        """The one device whose serial stands in a text, None when there is none, or more than one."""
        with self._store.reading() as session:
            return in_text(session, text)

    def of_case(self, number: str) -> list[Known]:
        """The devices that a case is about."""
        with self._store.reading() as session:
            of = (
                select(tables.CaseDevice.device)
                .join(tables.Case, tables.Case.id == tables.CaseDevice.case_id)
                .where(tables.Case.number == number)
            )
            return _known(session, tables.Device.id.in_(of), (tables.Device.id,))

    def beside(self, number: str, rule: Replacing, most: int) -> list[Beside]:
        """The devices that a case is about, each with what happened to it before. most: earlier cases of each."""
        return [
            Beside(
                known,
                self.due(known, rule),
                [case for case in self.history(known.row.id).cases if case.number != number][:most],
            )
            for known in self.of_case(number)
        ]

    def history(self, device: int) -> History:
        """What happened to a device, and to those before and after it."""
        with self._store.reading() as session:
            before, after = _chain(session, device, back=True), _chain(session, device, back=False)
            every = [device, *(k.row.id for k in (*before, *after))]
            cases = session.scalars(
                select(tables.Case)
                .join(tables.CaseDevice, tables.CaseDevice.case_id == tables.Case.id)
                .where(tables.CaseDevice.device.in_(every))
                .distinct()
                .order_by(tables.Case.id.desc())
                .limit(MOST)
            )
            return History(before, after, list(cases))

    def due(self, known: Known, rule: Replacing) -> Due:
        """Whether a new device is due for this one."""
        with self._store.reading() as session:
            cases = session.scalars(
                select(tables.Case)
                .join(tables.CaseDevice, tables.CaseDevice.case_id == tables.Case.id)
                .where(tables.CaseDevice.device == known.row.id)
            ).all()
        return due(known.row, [(c.opened.date(), c.cause, c.outcome) for c in cases], rule)


def due(device: tables.Device, cases: Iterable[tuple[date, str, str]], rule: Replacing) -> Due:
    """Whether a new device is due. cases: (day, cause, outcome) of each of the device."""
    if not rule.after or device.state == DeviceState.REPLACED:
        return Due(0, False, False)
    within = rule.within != "warranty"
    first, last = device.accepted, device.warranty_until
    faults = sum(
        cause == rule.of
        and outcome not in (Outcome.CANCELLED, Outcome.MERGED)
        and (within or (last is not None and (first or day) <= day <= last))
        for day, cause, outcome in cases
    )
    return Due(faults, faults >= rule.after, faults == rule.after - 1 and faults > 0)


def _known(
    session: Session, wanted: ColumnElement[bool], order: Sequence[Any], most: int = MOST, skip: int = 0
) -> list[Known]:
    statement = (
        select(tables.Device, tables.Customer.name, tables.Site.name, tables.Contract.number)
        .outerjoin(tables.Customer, tables.Customer.id == tables.Device.customer)
        .outerjoin(tables.Site, tables.Site.id == tables.Device.site)
        .outerjoin(tables.Contract, tables.Contract.id == tables.Device.contract)
        .where(wanted)
        .order_by(*order)
        .offset(skip)
        .limit(most)
    )
    return [Known(row, *(name or "" for name in names)) for row, *names in session.execute(statement)]


def in_text(session: Session, text: str) -> Known | None:
    """The one device that a text names: by a piece of it, or inside one, as a maker's barcode holds it."""
    text = fold(text[:MAX_READ]).text
    pieces = {key for piece in re.split(r"[^\w./-]+", text) if len(key := key_of(piece)) >= 3}
    row = tables.Device
    found = _known(session, row.key.in_(list(pieces)[:500]), (row.id,), 20) if pieces else []
    scanned = key_of(text)
    if not found and len(text) <= MAX_SCAN and len(text.split()) <= 3 and len(scanned) >= LEAST:
        inside = _known(session, literal(scanned).contains(row.key) & (row.key != ""), (row.id,), 200)
        inside = [k for k in inside if len(k.row.key) >= LEAST]
        longest = max((len(k.row.key) for k in inside), default=0)
        found = [k for k in inside if len(k.row.key) == longest]
    if len(found) > 1:
        whole = key_of(text)
        found = [k for k in found if key_of(k.row.product) in whole]
    return found[0] if len(found) == 1 else None


def _chain(session: Session, device: int, back: bool) -> list[Known]:
    """The devices before one, or those after it, the nearest first."""
    row = tables.Device
    out: list[Known] = []
    at = device
    while len(out) < 20:
        mine = select(row.replaced_by).where(row.id == at).scalar_subquery()
        found = _known(session, row.replaced_by == at if back else row.id == mine, (row.id,), 1)
        if not found or found[0].row.id in (device, *(k.row.id for k in out)):
            break
        out.append(found[0])
        at = found[0].row.id
    return out


# --- what events do ----------------------------------------------------------------------------


def link(session: Session, case: int, log: Sequence[Event]) -> None:
    """Write which devices a case is about: those that its events name."""
    events = effective(log)
    told = [str(e.data["device"]) for e in events if e.data.get("device")][-1:]
    told += [str(e.data[n]) for e in events if e.kind == EventKind.EXCHANGED for n in ("old", "new") if n in e.data]
    told += [str(e.data["device"]) for e in events if e.work and e.data.get("device")]
    found = {known.row.id for text in dict.fromkeys(told) if (known := in_text(session, text)) is not None}
    session.execute(delete(tables.CaseDevice).where(tables.CaseDevice.case_id == case))
    session.add_all(tables.CaseDevice(case_id=case, device=device) for device in sorted(found))
    session.flush()


def follow(session: Session, event: Event, log: Sequence[Event]) -> None:
    """What an event changes about devices: an exchange, or the one that it takes back."""
    if event.kind == EventKind.EXCHANGED:
        _exchange(session, str(event.data.get("old", "")), str(event.data.get("new", "")), event.at.date())
    elif event.corrects and event.data.get("void"):
        taken = next((e for e in log if e.place == event.corrects and e.kind == EventKind.EXCHANGED), None)
        if taken is not None:
            _take_back(session, str(taken.data.get("old", "")))


def _exchange(session: Session, old: str, new: str, day: date) -> None:
    """The new device takes the place of the old one, and its warranty begins anew; both serials are kept."""
    known = in_text(session, old)
    key = key_of(new)
    if known is None or not key or key == known.row.key:
        return
    before = known.row
    row = session.scalar(select(tables.Device).where(tables.Device.product == before.product, tables.Device.key == key))
    if row is None:
        found = in_text(session, new)
        row = found.row if found is not None else tables.Device(product=before.product, serial=new.strip(), key=key)
    term = before.warranty_until - before.accepted if before.warranty_until and before.accepted else None
    row.name, row.customer, row.site, row.contract = before.name, before.customer, before.site, before.contract
    row.accepted, row.state, row.replaced_by = day, str(DeviceState.IN_USE), None
    row.maintained_until = before.maintained_until
    row.warranty_until = day + term if term is not None else before.warranty_until
    session.add(row)
    session.flush()
    before.state, before.replaced_by = str(DeviceState.REPLACED), row.id
    session.flush()


def _take_back(session: Session, old: str) -> None:
    known = in_text(session, old)
    if known is None or known.row.replaced_by is None:
        return
    new = session.get(tables.Device, known.row.replaced_by)
    known.row.state, known.row.replaced_by = str(DeviceState.IN_USE), None
    if new is not None:
        new.state = str(DeviceState.SPARE)
    session.flush()


# --- imports -----------------------------------------------------------------------------------


class Writer:
    """Writes rows of a table of devices."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._seen: dict[tuple[str, str], str] = {}
        self._customers: dict[str, tables.Customer | None] = {}

    def write(self, entry: Entry) -> None:
        """Raises table.Wrong."""
        values = dict(entry.values)
        if missing := [c.told for c in COLUMNS if c.key in NEEDED and c.key not in values]:
            raise Wrong(say("没有写{what}", "{what} is not given", what="、".join(missing)))
        product, serial = values.pop("product"), values.pop("serial")
        key = checked_key(serial)
        if (first := self._seen.setdefault((product, key), entry.place)) != entry.place:
            raise Wrong(
                say("{product} {serial} 和{first}是同一台", "{product} {serial} is the device of {first}, too",
                    product=product, serial=serial, first=first)
            )  # fmt: skip
        given = self._owned(values)
        before = self._ledger.find(tables.Device, product=product, key=key)
        if before is not None and before.customer and given.get("customer", before.customer) != before.customer:
            owner = self._ledger.session.get(tables.Customer, before.customer)
            raise Wrong(
                say("{product} {serial} 已登记在客户“{owner}”名下（设备 {id}）",
                    "{product} {serial} is registered with the customer '{owner}' (device {id})",
                    product=product, serial=serial, owner=owner.name if owner else "", id=before.id)
            )  # fmt: skip
        check_dates(given)
        if before is None:
            given["serial"] = serial
        self._ledger.put(tables.Device, {"product": product, "key": key}, given)

    def _owned(self, values: dict[str, Any]) -> dict[str, Any]:
        """Names of customer, site and contract as the rows they are. Raises Wrong."""
        named = values.pop("customer", "")
        site, contract = values.pop("site", ""), values.pop("contract", "")
        if not named:
            if site or contract:
                raise Wrong(say("写了地点或合同，没有写客户", "a site or a contract is given without a customer"))
            return values
        customer = self._customer(named)
        if customer is None:
            raise Wrong(say("没有客户“{name}”；先导入客户", "there is no customer '{name}'; import customers first",
                            name=named))  # fmt: skip
        values["customer"] = customer.id
        for name, table, column, value in (
            ("site", tables.Site, "name", site),
            ("contract", tables.Contract, "number", contract),
        ):
            if value:
                row = self._ledger.find(table, customer=customer.id, **{column: value})
                if row is None:
                    raise Wrong(say("客户“{who}”没有 {what} '{value}'", "the customer '{who}' has no {what} '{value}'",
                                    who=customer.name, what=name, value=value))  # fmt: skip
                values[name] = row.id
        return values

    def _customer(self, name: str) -> tables.Customer | None:
        if name not in self._customers:
            self._customers[name] = customer_named(self._ledger.session, name)
        return self._customers[name]


def as_told(known: Known) -> Mapping[str, Any]:
    """A device as JSON tells it."""
    row = known.row
    days = ("accepted", "warranty_until", "maintained_until")
    return {
        "id": row.id,
        "product": row.product,
        "serial": row.serial,
        "name": row.name,
        "customer": known.customer,
        "site": known.site,
        "contract": known.contract,
        **{day: value.isoformat() if (value := getattr(row, day)) else None for day in days},
        "versions": dict(row.versions),
        "state": row.state,
        "replaced_by": row.replaced_by,
        "note": row.note,
    }
