"""This module makes up what a year of a service desk stands on: customers, devices, stores, duty, rounds, versions.

The same seed makes the same. Tables go in by the door of imports, so that what is made up is what could be read in.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store
from kb.desk.spreadsheet import spreadsheet
from kb.language import say
from kb.model.casework import Checked, Condition, Every, PlaceKind, Role, RoundKind, RoundState
from kb.service.assets.importing import Imports
from kb.service.cases import Author, Cases
from kb.service.duty import Roster, Shift
from kb.service.rounds.census import Census
from kb.service.rounds.checklist import Item
from kb.service.rounds.guarded import Guards
from kb.service.rounds.plans import Due, Found, Rounds
from kb.service.rounds.rhythm import months_after
from kb.service.sampling import Machine, customers, staff

YEAR = timedelta(days=365)
STOCK, LOW = 12, 3
"""Pieces that come from the vendor at once, and at which more come."""
BAD = 2
"""Rounds that found something bad."""


class _Model(NamedTuple):
    """A product of which each customer has some. versions: from the oldest to the one that is wanted."""

    product: str
    area: str
    name: tuple[str, str]
    software: tuple[str, str]
    versions: tuple[str, ...]
    each: int


MODELS = (
    _Model("S5130-28S", "network", ("交换机", "switch"), ("软件", "software"), ("7.1.045", "7.1.070", "7.1.075"), 3),
    _Model("R740", "server", ("服务器", "server"), ("BIOS", "BIOS"), ("2.12.2", "2.19.1", "2.21.2"), 2),
    _Model("P3015", "printer", ("打印机", "printer"), ("固件", "firmware"), ("07.250", "07.280"), 2),
    _Model("DS-2CD2143", "monitoring", ("摄像机", "camera"), ("固件", "firmware"), ("V5.5.82", "V5.7.3"), 2),
)
PARTS = (
    ("network", "0231A0QN", ("交换机电源", "power module"), False, False),
    ("server", "DISK-4T", ("4T 硬盘", "4 TB disk"), True, False),
    ("printer", "RM1-8508", ("定影器", "fuser"), False, False),
    ("printer", "RL1-2412", ("搓纸轮", "roller"), False, True),
    ("monitoring", "RJ45-10", ("水晶头", "plug"), False, True),
)
"""(area, number, name, stays with the customer, worn by use)."""


Checklists = Sequence[tuple[str, Sequence[Item]]]
"""Numbers of articles, each with its items."""


class Estate(NamedTuple):
    """What was made: customers, devices, stores, plans of rounds."""

    customers: int
    machines: Sequence[Machine]
    stores: int
    plans: int


def furnish(cases: Cases, store: Store, seed: int, checklists: Checklists, now: datetime) -> Estate:
    """Customers with sites, contacts and contracts, their devices, stores with parts, duty, plans of rounds, wanted
    versions and a guarded time. checklists: articles of the base with their items."""
    rng, day = Random(seed), now.astimezone(cases.policy.zone).date()  # noqa: S311 - a sample, no secret
    imports = Imports(store, cases.policy)
    _read_in(imports, "customers", _CUSTOMERS, list(_customer_rows(day)))
    rows = list(_device_rows(rng, day))
    _read_in(imports, "devices", _DEVICES, [row for _, row in rows])
    _read_in(imports, "parts", _PARTS, list(_part_rows()))
    asked = [(row[1], row[-1], _told(day - timedelta(days=rng.randrange(300)))) for m, row in rows if m and row[-1]]
    _read_in(imports, "versions", _VERSIONS, asked)
    Roster(store).add(_shifts(rng, day, cases))
    census = Census(store)
    for model in MODELS[:3]:
        census.want(model.product, say(*model.software), model.versions[-1], day - timedelta(days=90))
    _guard(store, cases, day)
    plans = _plan(Rounds(store, cases), [c[0] for c in checklists] or [""], day)
    return Estate(len(customers()), [m for m, _ in rows if m], len(_stores()), plans)


def used(
    cases: Cases, store: Store, seed: int, checklists: Sequence[tuple[str, Sequence[Item]]], now: datetime
) -> None:
    """What a year leaves behind: parts that were used for its cases, rounds that were done, skipped, or are overdue."""
    rng = Random(seed + 2)  # noqa: S311 - a sample, no secret
    with store.session() as session:
        _use_parts(session, rng, now)
    _do_rounds(Rounds(store, cases), store, cases, rng, dict(checklists), now)


# --- tables ------------------------------------------------------------------------------------

_CUSTOMERS = ("customer", "site", "city", "address", "contact", "phone", "mail", "contract", "kind", "starts", "ends")
_DEVICES = ("product", "serial", "name", "customer", "site", "contract", "accepted", "warranty_until",
            "maintained_until", "versions")  # fmt: skip
_PARTS = ("number", "name", "keep", "wear", "minimum", "place", "city", "kind", "keeper", "phone")
_VERSIONS = ("serial", "versions", "asked")


def _read_in(imports: Imports, kind: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    raw = spreadsheet([(name, name) for name in columns], rows).encode()
    imports.write(kind, raw, f"{kind}.csv", say("样例", "sample"))


def _cities() -> list[str]:
    return say("济南,德州,济宁,青岛", "Leeds,York,Hull,Bath").split(",")


def _sites() -> list[str]:
    return say("总部机房,分中心", "main site,branch").split(",")


def _stores() -> list[tuple[str, str, PlaceKind]]:
    """(name, city, kind) of four stores in four cities: three for common parts, one for the others."""
    kinds = (PlaceKind.COMMON, PlaceKind.COMMON, PlaceKind.COMMON, PlaceKind.OTHER)
    return [(say("{c}库", "{c} store", c=city), city, kind) for city, kind in zip(_cities(), kinds, strict=True)]


def _told(day: date) -> str:
    return day.isoformat()


def _customer_rows(day: date) -> "list[tuple[object, ...]]":
    people = say("王工,赵老师,陈主任,周姐,孙工", "Mr Wang,Ms Zhao,Mr Chen,Ms Zhou,Mr Sun").split(",")
    out: list[tuple[object, ...]] = []
    for i, name in enumerate(customers()):
        for j, site in enumerate(_sites()):
            city = _cities()[(i + j) % 4]
            contact = people[(i + 2 * j) % len(people)]
            ends = day + timedelta(days=60 + 90 * i)
            contract = (f"HT-{i + 1:03d}", "maintenance", _told(ends - 2 * YEAR), _told(ends)) if not j else ("",) * 4
            address = say("示范路 {n} 号", "{n} Sample Street", n=10 * i + j + 1)
            out.append((name, site, city, address, contact, f"5550{i}{j}0", f"c{i}{j}@example.com", *contract))
    return out


def _device_rows(rng: Random, day: date) -> "list[tuple[Machine | None, tuple[object, ...]]]":
    out: list[tuple[Machine | None, tuple[object, ...]]] = []
    for i, customer in enumerate(customers()):
        for model in MODELS:
            for n in range(model.each):
                site = _sites()[n % 2]
                serial = f"{model.product.replace('-', '')[:6]}{i + 1:02d}{n + 1:03d}"
                accepted = day - timedelta(days=rng.randrange(380, 1150))
                warranty = months_after(accepted, 36)
                maintained = months_after(warranty, 24)
                version = rng.choice((*model.versions, ""))
                versions = f"{say(*model.software)}={version}" if version else ""
                name = f"{say(*model.name)} {n + 1}"
                machine = Machine(f"{model.product} {serial}", customer, site, model.area)
                out.append((machine, (model.product, serial, name, customer, site, f"HT-{i + 1:03d}", _told(accepted),
                                      _told(warranty), _told(maintained), versions)))  # fmt: skip
    tester = (say("绝缘测试仪", "insulation tester"), "FLK1587-01", say("工程车上", "in the van"), "", "", "")
    return [*out, (None, (*tester, _told(day - 2 * YEAR), "", "", ""))]


def _part_rows() -> "list[tuple[object, ...]]":
    out: list[tuple[object, ...]] = []
    for i, (_, number, name, keep, wear) in enumerate(PARTS):
        flags = [say("是", "yes") if flag else say("否", "no") for flag in (keep, wear)]
        for j, (place, city, kind) in enumerate(_stores()):
            keeper = say("老周,老吴,老郑,老冯", "Joe,Sue,Max,Eve").split(",")[j]
            out.append((number, say(*name), *flags, LOW * 4 + (i == 1) * 60, place, city, str(kind), keeper,
                        f"555020{j}"))  # fmt: skip
    return out


def _shifts(rng: Random, day: date, cases: Cases) -> list[Shift]:
    """Nights and days of five weeks; one night nobody took, one two did."""
    names, zone = staff(), cases.policy.zone
    out = []
    for n in range(-7, 28):
        for half, (start, hours) in enumerate(((8, 12), (20, 12))):
            if (n, half) == (6, 1):
                continue
            begin = datetime.combine(day + timedelta(days=n), time(start), zone)
            who = names[(n * 2 + half) % len(names)]
            twice = [names[(n * 2 + half + 1) % len(names)]] if (n, half) == (9, 0) else []
            out += [Shift("", begin, begin + timedelta(hours=hours), w, f"55501{rng.randrange(10, 99)}")
                    for w in (who, *twice)]  # fmt: skip
    return out


def _guard(store: Store, cases: Cases, day: date) -> None:
    zone = cases.policy.zone
    first = datetime.combine(day + timedelta(days=5), time(), zone).astimezone(UTC)
    Guards(store).add(say("年度会议", "annual congress"), customers()[0], "", first, first + timedelta(days=10), 2,
                      say("变更一律顺延", "whatever changes something waits"), staff()[0])  # fmt: skip


# --- rounds ------------------------------------------------------------------------------------


def _plan(rounds: Rounds, checklists: Sequence[str], day: date) -> int:
    """Rounds of each customer, censuses, wear parts, an instrument, call-backs; how many plans."""
    made, months = 0, str(Every.MONTHS)
    for i, customer in enumerate(customers()):
        first = months_after(day, -9 - i % 3) - timedelta(days=i + 2)
        owner = staff()[i % len(staff())]
        made += len(rounds.add(RoundKind.ROUND, 3, months, first, customer, checklist=checklists[0], owner=owner,
                               name=say("季度巡检", "quarterly round")))  # fmt: skip
        half = day.replace(month=1 if day.month < 7 else 7, day=20)
        made += len(rounds.add(RoundKind.CENSUS, 6, months, months_after(half, -6), customer, checklist=checklists[-1],
                               site=_sites()[0], owner=owner, name=say("版本普查", "census of versions")))  # fmt: skip
    made += len(rounds.add(RoundKind.WEAR, 4, months, months_after(day, -9), products="P3015", part="RL1-2412",
                           name=say("更换搓纸轮", "new roller"), owner=staff()[1]))  # fmt: skip
    made += len(rounds.add(RoundKind.INSTRUMENT, 12, months, day + timedelta(days=10), device="FLK1587-01",
                           name=say("绝缘测试仪校准", "calibration of the tester"), owner=staff()[2]))  # fmt: skip
    made += len(rounds.add(RoundKind.CALLBACK, 14, str(Every.DAYS), day - timedelta(days=60), owner=staff()[3],
                           name=say("关单后回访", "call-back")))  # fmt: skip
    return made


def _do_rounds(
    rounds: Rounds, store: Store, cases: Cases, rng: Random, checklists: dict[str, Sequence[Item]], now: datetime
) -> None:
    """Most of what was due is done, some is skipped, the rest is overdue; the last ones found something."""
    zone = cases.policy.zone
    today = now.astimezone(zone).date()
    late = [d for d in rounds.open(today) if d.state(today) == RoundState.OVERDUE]
    bad = [d for d in late if d.plan.row.kind == RoundKind.ROUND][-BAD:]
    rows = []
    for due in late:
        draw = rng.random()
        if due in bad or draw > 0.92:
            continue
        done = datetime.combine(due.day, time(15, rng.randrange(60)), zone).astimezone(UTC)
        skipped = say("客户停业，下次一起做", "the site was closed; done next time") if draw > 0.85 else ""
        rows.append({"plan": due.plan.row.id, "period": due.period, "due": due.day, "done": None if skipped else done,
                     "by": due.plan.row.owner, "skipped": skipped, "note": ""})  # fmt: skip
    with store.session() as session:
        if rows:
            session.execute(insert(tables.Round), rows)
    for due in bad:
        rounds.save(due.plan.row.id, due.period, _found(due, checklists), Author(due.plan.row.owner, Role.ENGINEER),
                    done=True, note=say("其余正常", "all else is well"))  # fmt: skip


def _found(due: Due, checklists: dict[str, Sequence[Item]]) -> list[Found]:
    """The first item is bad, the last does not apply."""
    items = checklists.get(due.plan.row.checklist) or [Item("", due.plan.row.name)]
    found = [Found(item, Checked.OK) for item in items]
    found[-1] = found[-1]._replace(result=Checked.ABSENT)
    found[0] = Found(items[0], Checked.BAD, note=say("风扇有异响，建议更换", "the fan is noisy: replace it"))
    return found


# --- parts -------------------------------------------------------------------------------------


def _use_parts(session: Session, rng: Random, now: datetime) -> None:
    """What came from the vendor, and what went to customers for cases that took parts; never more than was there."""
    parts = {row.number: row.id for row in session.scalars(select(tables.Part))}
    places = {row.name: row.id for row in session.scalars(select(tables.Place))}
    stores = [places[name] for name, _, _ in _stores()]
    of_kind = {kind: _place(session, kind) for kind in (PlaceKind.VENDOR, PlaceKind.CASE, PlaceKind.CUSTOMER)}
    moves: list[dict[str, object]] = []

    def move(part: int, n: int, source: int, target: int, at: datetime, case: str = "") -> None:
        moves.append({"at": at, "part": part, "quantity": n, "source": source, "target": target, "case": case,
                      "condition": str(Condition.NEW), "serial": "", "permit": "", "key": None,
                      "reason": "" if case else say("到货", "delivered"), "by": staff()[0]})  # fmt: skip

    there = {(part, place): STOCK for part in parts.values() for place in stores}
    for part, place in there:
        move(part, STOCK, of_kind[PlaceKind.VENDOR], place, now - YEAR - timedelta(days=1))
    case = tables.Case
    took = select(case.number, case.area, case.opened, case.state).where(case.handling.in_(("parts", "onsite")))
    for number, area, opened, state in session.execute(took.order_by(case.opened, case.id)):
        fits = [n for of, n, *_ in PARTS if of == area]
        if not fits or rng.random() > 0.8:
            continue
        part, place = parts[rng.choice(fits)], rng.choice(stores)
        at = min(opened + timedelta(hours=1), now)
        if there[part, place] <= LOW:
            move(part, STOCK, of_kind[PlaceKind.VENDOR], place, at)
            there[part, place] += STOCK
        there[part, place] -= 1
        move(part, 1, place, of_kind[PlaceKind.CASE], at, number)
        if state in ("restored", "closed"):
            move(
                part, 1, of_kind[PlaceKind.CASE], of_kind[PlaceKind.CUSTOMER], min(at + timedelta(hours=1), now), number
            )
    session.execute(insert(tables.Move), moves)


def _place(session: Session, kind: PlaceKind) -> int:
    row = session.scalar(select(tables.Place).where(tables.Place.kind == kind.value).limit(1))
    if row is None:
        row = tables.Place(name=kind.zh, kind=kind.value)
        session.add(row)
        session.flush()
    return row.id
