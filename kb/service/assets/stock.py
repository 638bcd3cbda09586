"""This module is parts: which lies where. What lies at a place is the sum of the moves to it less those from it.

A part that is held for a case was moved to the place of cases: it is off the shelf. No store, and no case, can give
more than it has, unless that is said; vendors, customers and differences of counts may.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Text, case, cast, func, or_, select
from sqlalchemy.orm import Session, aliased

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.labels import label
from kb.language import say
from kb.model.casework import Condition, PlaceKind
from kb.service.assets.ledger import Ledger
from kb.service.assets.table import Column, Entry, Wrong, choice
from kb.text.tokens import fold

MOST = 500
"""Rows of a list."""
MAX_QUANTITY = 1_000_000
STORES = (PlaceKind.COMMON, PlaceKind.OTHER, PlaceKind.VAN)
"""Where parts lie that may be taken."""
OUTSIDE = (PlaceKind.VENDOR, PlaceKind.CUSTOMER, PlaceKind.DIFFERENCE)
"""What may give more than ever came to it."""
BY_THEMSELVES = (PlaceKind.CASE, PlaceKind.TRANSIT, PlaceKind.SCRAP, *OUTSIDE)
"""Places that are made when they are first named, by what they are."""
COLUMNS = (
    Column("number", ("备件号", "物料号", "料号", "部件号", "编号", "partnumber", "pn", "p/n", "partno")),
    Column("name", ("备件名称", "名称", "物料名称", "品名", "partname", "description")),
    Column("products", ("适用产品", "适用型号", "产品", "型号", "product", "models"), "list"),
    Column("equals", ("等效备件", "替代件", "替代料号", "alternatives", "substitutes"), "list"),
    Column("wear", ("易损件", "易损", "wearpart"), "flag"),
    Column("keep", ("存储介质", "留给客户", "不返还", "storagemedia"), "flag"),
    Column("serialised", ("带序列号", "序列号管理", "serialized"), "flag"),
    Column("minimum", ("最低库存", "安全库存", "下限", "min"), "whole"),
    Column("place", ("库房", "仓库", "备件库", "存放地", "warehouse", "store")),
    Column("city", ("城市", "地市", "town")),
    choice("kind", ("库房类型", "仓库类型", "warehousetype"), "place", STORES),
    Column("keeper", ("保管人", "库管", "storekeeper")),
    Column("phone", ("电话", "库房电话", "telephone")),
    Column("quantity", ("数量", "库存", "库存数量", "实盘数", "count", "stock"), "whole"),
    choice("condition", ("成色", "状况"), "condition", Condition),
)  # fmt: skip
"""What a table of parts may tell; with a place and a quantity a row is a count of what lies there."""
NEEDED = ("number",)
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]{3,}")
"""What may be the number of a part."""


class Shelf(NamedTuple):
    """So many of a part, in one condition, at one place. case: the one that they are held for."""

    part: tables.Part
    place: tables.Place
    condition: str
    quantity: int
    case: str = ""


class Where(NamedTuple):
    """Where a part lies that a fix needs, the nearest store first. instead: the same of equal parts."""

    part: tables.Part
    shelves: list[Shelf]
    instead: list[Shelf]


def sums(moves: Iterable[tuple[Any, str, Any, Any, int]]) -> dict[tuple[Any, Any, str], int]:
    """(part, place, condition) -> quantity, of moves (part, condition, source, target, quantity)."""
    out: dict[tuple[Any, Any, str], int] = {}
    for part, condition, source, target, quantity in moves:
        for place, change in ((source, -quantity), (target, quantity)):
            out[part, place, condition] = out.get((part, place, condition), 0) + change
    return out


class Stock:
    """The parts of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def parts(self, text: str = "", most: int = MOST, skip: int = 0) -> list[tables.Part]:
        """Parts by number; with a text those whose number or name holds it."""
        row = tables.Part
        statement = select(row).order_by(row.number).offset(skip).limit(most)
        if text := text.strip():
            statement = statement.where(
                or_(row.number.contains(text, autoescape=True), row.name.contains(text, autoescape=True))
            )
        with self._store.reading() as session:
            return list(session.scalars(statement))

    def find(self, name: int | str) -> tables.Part:
        """A part by its id, or by its number. Raises NotFoundError."""
        with self._store.reading() as session:
            row = session.get(tables.Part, name) if isinstance(name, int) else None
            return row or _part(session, str(name))

    def equal(self, part: tables.Part) -> list[tables.Part]:
        """The parts that do in place of one, and those that it does in place of."""
        row = tables.Part
        names = cast(row.equals, Text).contains(json.dumps(part.number), autoescape=True)
        statement = select(row).where(row.id != part.id, or_(row.number.in_(part.equals), names)).order_by(row.number)
        with self._store.reading() as session:
            return list(session.scalars(statement))

    def places(self) -> list[tables.Place]:
        with self._store.reading() as session:
            return list(session.scalars(select(tables.Place).order_by(tables.Place.city, tables.Place.name)))

    def add_place(self, name: str, city: str, kind: str, keeper: str = "", phone: str = "") -> None:
        """A place, or what it is now."""
        with self._store.session() as session:
            values = {"city": city, "kind": kind, "keeper": keeper, "phone": phone}
            Ledger(session).put(tables.Place, {"name": _name(name)}, values)

    def shelves(self, parts: Sequence[int] | None = None) -> list[Shelf]:
        """What lies in stores, of some parts or of all."""
        with self._store.reading() as session:
            return _shelves(session, parts)

    def of_case(self, number: str) -> list[Shelf]:
        """What is held for a case, or was used for it and is with the customer."""
        with self._store.reading() as session:
            found = _sums(session, tables.Move.case == number)
            kinds = (PlaceKind.CASE, PlaceKind.CUSTOMER)
            return [s for s in _resolved(session, found, number) if s.place.kind in kinds and s.quantity > 0]

    def below(self, parts: Sequence[int] | None = None) -> list[tuple[tables.Part, int]]:
        """Parts of which less lies in stores than should, with how many do; of some parts or of all."""
        row, move = tables.Part, tables.Move
        stores = select(tables.Place.id).where(tables.Place.kind.in_(STORES))
        came, went = (case((place.in_(stores), move.quantity), else_=0) for place in (move.target, move.source))
        there = select(move.part, func.sum(came - went).label("n")).where(move.condition != str(Condition.BROKEN))
        there = there.where(move.part.in_(parts)) if parts is not None else there
        have = there.group_by(move.part).subquery()
        number = func.coalesce(have.c.n, 0)
        statement = (
            select(row, number).outerjoin(have, have.c.part == row.id).where(number < row.minimum, row.minimum > 0)
        )
        if parts is not None:
            statement = statement.where(row.id.in_(parts))
        with self._store.reading() as session:
            return [(part, int(n)) for part, n in session.execute(statement.order_by(row.number))]

    def moves(self, part: str, most: int = MOST) -> list[tuple[tables.Move, str, str]]:
        """The moves of a part, the newest first, with the names of both places. Raises NotFoundError."""
        source, target = aliased(tables.Place), aliased(tables.Place)
        with self._store.reading() as session:
            statement = (
                select(tables.Move, source.name, target.name)
                .join(source, source.id == tables.Move.source)
                .join(target, target.id == tables.Move.target)
                .where(tables.Move.part == _part(session, part).id)
                .order_by(tables.Move.id.desc())
                .limit(most)
            )
            return [(move, a, b) for move, a, b in session.execute(statement)]

    def where(self, texts: Iterable[str], city: str, near: Mapping[str, Sequence[str]]) -> list[Where]:
        """Where the parts lie that texts name, whole or by their number, the nearest store of a city first."""
        with self._store.reading() as session:
            parts = _in_texts(session, list(texts))
            if not parts:
                return []
            others = {n for part in parts for n in part.equals}
            equal = session.scalars(select(tables.Part).where(tables.Part.number.in_(others))).all() if others else []
            order = [city, *(c for c in near.get(city, ()) if c != city)]
            shelves = _shelves(session, [p.id for p in (*parts, *equal)])
        good = [s for s in shelves if s.condition != Condition.BROKEN]
        good.sort(key=lambda s: (_rank(s.place.city, order), -s.quantity, s.place.name))
        return [
            Where(
                part,
                [s for s in good if s.part.id == part.id],
                [s for s in good if s.part.number in part.equals and s.part.id != part.id],
            )
            for part in parts
        ]

    def move(
        self,
        number: str,
        quantity: int,
        source: str,
        target: str,
        by: str,
        condition: str = Condition.NEW,
        case: str = "",
        serial: str = "",
        permit: str = "",
        reason: str = "",
        key: str | None = None,
        anyway: bool = False,
    ) -> int:
        """Move parts from one place to another; its id. A kind of place (case, vendor, ...) names that place.

        anyway: although the source has too few. key: whoever asks twice moves once. Raises InputError, NotFoundError.
        """
        with self._store.session() as session:
            return moved(
                session, number, quantity, source, target, by, condition, case, serial, permit, reason, key, anyway
            )

    def count(
        self, number: str, place: str, quantity: int, by: str, reason: str, condition: str = Condition.NEW
    ) -> int:
        """Say how many lie at a place: a correcting move when it is not what was thought. By how many it differs.

        Raises InputError, NotFoundError.
        """
        if not reason.strip():
            raise InputError(say("盘点要写原因 (reason)", "a count needs a reason"))
        with self._store.session() as session:
            part, where = _part(session, number, lock=True), _place(session, place)
            moved = _count(session, part, where, quantity, condition, by, reason)
            return 0 if moved is None else moved.quantity if moved.target == where.id else -moved.quantity


def moved(
    session: Session,
    number: str,
    quantity: int,
    source: str,
    target: str,
    by: str,
    condition: str = Condition.NEW,
    case: str = "",
    serial: str = "",
    permit: str = "",
    reason: str = "",
    key: str | None = None,
    anyway: bool = False,
) -> int:
    """Stock.move in a transaction that is there already."""
    part = _part(session, number, lock=True)
    if key and (known := session.scalar(select(tables.Move.id).where(tables.Move.key == key))):
        return known
    a, b = _place(session, source), _place(session, target)
    row = _row_of(part, a, b, quantity, condition, serial, case, permit, reason, by, key)
    _check(session, row, part, a, b, anyway)
    session.add(row)
    session.flush()
    return row.id


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 100:
        raise InputError(say("库房名应有 1 到 100 个字符", "the name of a place should have 1 to 100 characters"))
    return name


def _part(session: Session, number: str, lock: bool = False) -> tables.Part:
    """Locked, nobody else moves it until the transaction ends."""
    statement = select(tables.Part).where(tables.Part.number == " ".join(number.split()))
    row = session.scalar(statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFoundError(say("没有备件 {number}", "there is no part {number}", number=number[:80]))
    return row


def _place(session: Session, name: str) -> tables.Place:
    """A place by its name, or the one of a kind. Raises InputError."""
    row = session.scalar(select(tables.Place).where(tables.Place.name == " ".join(name.split())))
    if row is not None:
        return row
    kind = next((k for k in BY_THEMSELVES if name in (k.value, k.zh, k.en)), None)
    if kind is None:
        there = session.scalars(select(tables.Place.name).order_by(tables.Place.name).limit(20)).all()
        raise InputError(
            say("没有库房 '{name}'（有：{there}）", "there is no place '{name}' ({there})",
                name=name[:80], there=", ".join((*there, *(k.value for k in BY_THEMSELVES))))
        )  # fmt: skip
    row = session.scalar(select(tables.Place).where(tables.Place.kind == kind.value).order_by(tables.Place.id).limit(1))
    if row is None:
        row = tables.Place(name=kind.zh, kind=kind.value)
        session.add(row)
        session.flush()
    return row


def _row_of(
    part: tables.Part,
    source: tables.Place,
    target: tables.Place,
    quantity: int,
    condition: str,
    serial: str,
    case: str,
    permit: str,
    reason: str,
    by: str,
    key: str | None = None,
) -> tables.Move:
    return tables.Move(
        at=datetime.now(UTC),
        part=part.id,
        quantity=quantity,
        source=source.id,
        target=target.id,
        condition=str(condition),
        serial=serial.strip(),
        case=case,
        permit=permit.strip(),
        reason=reason.strip(),
        by=by,
        key=key,
    )


def _check(
    session: Session, move: tables.Move, part: tables.Part, source: tables.Place, target: tables.Place, anyway: bool
) -> None:
    """Raises InputError for what may not be."""
    if not 1 <= move.quantity <= MAX_QUANTITY:
        raise InputError(say("数量应为 1 到 {n}", "the quantity should be 1 to {n}", n=MAX_QUANTITY))
    if move.condition not in tuple(Condition):
        known = ", ".join(c.value for c in Condition)
        raise InputError(say("成色应为 {known}", "the condition should be one of {known}", known=known))
    if source.id == target.id:
        raise InputError(say("两处是同一个地方", "both places are the same"))
    of_cases = PlaceKind.CASE in (source.kind, target.kind)
    if of_cases and not move.case:
        raise InputError(say("要写服务单号 (case)", "the number of the case is needed (case)"))
    if move.case and session.scalar(select(tables.Case.id).where(tables.Case.number == move.case)) is None:
        raise InputError(say("没有单号 {n}", "there is no case {n}", n=move.case))
    to_customer = target.kind in (PlaceKind.CASE, PlaceKind.CUSTOMER)
    if to_customer and move.condition != Condition.NEW and not move.permit:
        raise InputError(
            say("只用全新原厂备件；用{what}的要有书面许可，写上是谁许可的 (permit)",
                "only new original parts are used; {what} ones need a written permit: say whose (permit)",
                what=label("condition", move.condition))
        )  # fmt: skip
    if part.serialised and (move.quantity != 1 or not move.serial):
        raise InputError(
            say("{n} 逐件管理：一次一件，写上序列号 (serial)", "{n} is kept by serial: one at a time, with its serial",
                n=part.number)
        )  # fmt: skip
    if anyway or source.kind in OUTSIDE:
        return
    there = _at(session, part, source, move.condition, move.case if source.kind == PlaceKind.CASE else "")
    if there < move.quantity:
        raise InputError(
            say("{place} 只有 {there} 件 {part}（{what}），不够 {n} 件",
                "{place} has {there} of {part} ({what}), not {n}",
                place=source.name, there=there, part=part.number, n=move.quantity,
                what=label("condition", move.condition))
        )  # fmt: skip
    if part.serialised and _serials(session, part, source, move.serial) < 1:
        raise InputError(
            say("{place} 没有序列号 {serial}", "{place} has none of the serial {serial}",
                place=source.name, serial=move.serial)
        )  # fmt: skip


def _at(session: Session, part: tables.Part, place: tables.Place, condition: str, case: str = "") -> int:
    """How many lie there now."""
    move = tables.Move
    wanted = (move.part == part.id) & (move.condition == str(condition))
    wanted = wanted & (move.case == case) if case else wanted
    return sum(s[3] for s in _sums(session, wanted) if s[1] == place.id)


def _serials(session: Session, part: tables.Part, place: tables.Place, serial: str) -> int:
    move = tables.Move
    return sum(s[3] for s in _sums(session, (move.part == part.id) & (move.serial == serial)) if s[1] == place.id)


def _sums(session: Session, wanted: Any) -> list[tuple[int, int, str, int]]:
    """(part, place, condition, quantity) of moves. The database adds up what went the same way, by its index alone."""
    move = tables.Move
    ways = (move.part, move.condition, move.source, move.target)
    statement = select(*ways, func.sum(move.quantity)).where(wanted).group_by(*ways)
    found = sums((part, how, a, b, int(n)) for part, how, a, b, n in session.execute(statement))
    return [(part, place, condition, n) for (part, place, condition), n in found.items() if n]


def _shelves(session: Session, parts: Sequence[int] | None) -> list[Shelf]:
    wanted = tables.Move.part.in_(parts) if parts is not None else tables.Move.id > 0
    return [s for s in _resolved(session, _sums(session, wanted)) if s.place.kind in STORES]


def _resolved(session: Session, found: Sequence[tuple[int, int, str, int]], case: str = "") -> list[Shelf]:
    places = {row.id: row for row in session.scalars(select(tables.Place))}
    ids = {part for part, *_ in found}
    parts = {row.id: row for row in session.scalars(select(tables.Part).where(tables.Part.id.in_(ids)))}
    out = [Shelf(parts[part], places[place], condition, n, case) for part, place, condition, n in found]
    return sorted(out, key=lambda s: (s.part.number, s.place.city, s.place.name, s.condition))


def _count(
    session: Session, part: tables.Part, place: tables.Place, quantity: int, condition: str, by: str, reason: str
) -> tables.Move | None:
    """The move that makes what lies there what was counted, None when it is that already."""
    if not 0 <= quantity <= MAX_QUANTITY:
        raise InputError(say("数量应为 0 到 {n}", "the quantity should be 0 to {n}", n=MAX_QUANTITY))
    if part.serialised:
        raise InputError(say("{n} 逐件管理，不能按数量盘点；逐件移动", "{n} is kept by serial: move them one by one",
                             n=part.number))  # fmt: skip
    differs = quantity - _at(session, part, place, condition)
    if not differs:
        return None
    other = _place(session, PlaceKind.DIFFERENCE)
    a, b = (other, place) if differs > 0 else (place, other)
    moved = _row_of(part, a, b, abs(differs), condition, "", "", "", reason, by)
    session.add(moved)
    session.flush()
    return moved


def _rank(city: str, order: Sequence[str]) -> int:
    return order.index(city) if city and city in order else len(order)


def _in_texts(session: Session, texts: Sequence[str]) -> list[tables.Part]:
    """The parts that texts name: a whole text is a number or a name, or a piece of one is a number."""
    whole = {" ".join(text.split()) for text in texts}
    pieces = {piece.upper().rstrip("./-") for text in texts for piece in _NUMBER.findall(fold(text).text)}
    wanted = [piece for piece in pieces if any(c.isdigit() for c in piece)][:500]
    row = tables.Part
    named = or_(row.number.in_(whole), row.name.in_(whole), func.upper(row.number).in_(wanted))
    return list(session.scalars(select(row).where(named).order_by(row.number).limit(20)))


# --- imports -----------------------------------------------------------------------------------


class Writer:
    """Writes rows of a table of parts; moves: those that its counts made."""

    def __init__(self, ledger: Ledger, by: str, name: str) -> None:
        self._ledger, self._by, self._name = ledger, by, name
        self._counted: dict[tuple[str, str, str], str] = {}
        self.moves: list[tables.Move] = []

    def write(self, entry: Entry) -> None:
        """Raises table.Wrong."""
        values = dict(entry.values)
        if "number" not in values:
            raise Wrong(say("没有写备件号", "no number of a part is given"))
        of_place: dict[str, Any] = {n: values.pop(n) for n in ("city", "kind", "keeper", "phone") if n in values}
        number, place = values.pop("number"), values.pop("place", "")
        quantity, condition = values.pop("quantity", None), values.pop("condition", str(Condition.NEW))
        part = self._ledger.put(tables.Part, {"number": number}, values)
        if not place:
            if of_place or quantity is not None:
                raise Wrong(say("写了数量或城市，没有写库房", "a quantity or a city is given without a place"))
            return
        where = self._ledger.put(tables.Place, {"name": _name(place)}, of_place)
        if quantity is None:
            return
        first = self._counted.setdefault((number, place, condition), entry.place)
        if first != entry.place:
            raise Wrong(say("{n} 在 {place} 的数量和{first}重复", "{n} at {place} is counted by {first}, too",
                            n=number, place=place, first=first))  # fmt: skip
        try:
            reason = say("导入 {name}", "import of {name}", name=self._name)
            moved = _count(self._ledger.session, part, where, quantity, condition, self._by, reason)
        except InputError as error:
            raise Wrong(str(error)) from None
        if moved is not None:
            self.moves.append(moved)


def take_back(session: Session, moves: Sequence[int], by: str, reason: str) -> set[tuple[str, int]]:
    """Move back what moves moved; the (table, id) of parts and places, which stay: no move leaves the log.

    Raises InputError when it is no longer there.
    """
    stays: set[tuple[str, int]] = set()
    for move in session.scalars(select(tables.Move).where(tables.Move.id.in_(moves)).order_by(tables.Move.id.desc())):
        part = session.get_one(tables.Part, move.part, with_for_update=True)
        a, b = session.get_one(tables.Place, move.target), session.get_one(tables.Place, move.source)
        back = _row_of(part, a, b, move.quantity, move.condition, move.serial, move.case, move.permit, reason, by)
        _check(session, back, part, a, b, anyway=False)
        session.add(back)
        session.flush()
        stays |= {("parts", part.id), ("places", a.id), ("places", b.id)}
    return stays
