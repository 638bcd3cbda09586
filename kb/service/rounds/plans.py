"""This module is rounds: plans of what is looked at again and again, and what was found.

Which rounds are due follows from the plans, whenever somebody looks; a row is kept of what was begun, done or skipped.
So none is made twice, and none is lost: it is overdue until it is done, or skipped with a reason.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, true, update
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store, insert_into
from kb.errors import ConflictError, InputError, NotFoundError
from kb.labels import label
from kb.language import say
from kb.model.casework import CaseKind, Channel, Checked, DeviceState, Every, Outcome, RoundKind, RoundState
from kb.service.assets.customers import customer_of
from kb.service.assets.devices import in_text
from kb.service.cases import Author, Cases
from kb.service.rounds import census
from kb.service.rounds.checklist import Item
from kb.service.rounds.guarded import site_of
from kb.service.rounds.rhythm import LONGEST, Rhythm

MOST = 5000
"""Rounds of a list."""
FEW = 500
"""Plans that are named one by one in a statement."""
MAX_AHEAD, USUAL_AHEAD = 366, 14
MAX_MADE = 2000
"""Plans that are made at once, for the sites or devices of a customer."""
MAX_WORDS = 2000
"""Characters of a remark, a value or a reason."""
CLOSED_SINCE = timedelta(days=400)
"""Call-backs of cases closed before that are not asked for any more."""


class Which(NamedTuple):
    """The rounds that are listed; what is empty does not count. device: its id."""

    customer: str = ""
    owner: str = ""
    kind: str = ""
    device: int = 0


EVERYTHING = Which()


class Plan(NamedTuple):
    """A plan, with the names of what it is for."""

    row: tables.Plan
    customer: str = ""
    site: str = ""
    device: str = ""

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(self.row.every, self.row.unit, self.row.starts, self.row.ends)

    @property
    def where(self) -> str:
        return " ".join(filter(None, (self.customer, self.site, self.device)))


class Due(NamedTuple):
    """One round. period: the day on which it is due, or the number of the case that it follows. row: None for one that
    nobody began. customer, site: of the case, for a call-back."""

    plan: Plan
    period: str
    day: date
    row: tables.Round | None = None
    customer: str = ""
    site: str = ""

    def state(self, today: date) -> RoundState:
        if self.row is not None and self.row.done is not None:
            return RoundState.DONE
        if self.row is not None and self.row.skipped:
            return RoundState.SKIPPED
        return RoundState.OVERDUE if self.day < today else RoundState.PLANNED

    @property
    def where(self) -> str:
        return " ".join(filter(None, (self.customer, self.site, self.plan.device)))


class Listed(NamedTuple):
    """Some rounds of a list, and how many of all of it are overdue and to come."""

    rows: list[Due]
    overdue: int
    planned: int


class Found(NamedTuple):
    """What was found of one item. result: one of kb.model.casework.Checked, "" for not looked at yet."""

    item: Item
    result: str = ""
    value: str = ""
    note: str = ""


class Rounds:
    """The rounds of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store, cases: Cases) -> None:
        self._store, self._cases = store, cases

    # --- plans ---

    def plans(self, which: Which = EVERYTHING, most: int = MOST, skip: int = 0) -> list[Plan]:
        """Plans by whom they are for."""
        with self._store.reading() as session:
            return list(_plans(session, _wanted(which), most, skip))

    def add(
        self,
        kind: str,
        every: int,
        unit: str,
        starts: date,
        customer: str = "",
        site: str = "",
        device: str = "",
        products: str = "",
        checklist: str = "",
        name: str = "",
        owner: str = "",
        part: str = "",
        note: str = "",
        ahead: int = USUAL_AHEAD,
    ) -> list[int]:
        """Plan rounds: of a device, of each device of a product, of a site, of each site of a customer; call-backs of
        a customer's cases, or of everybody's. The ids, one each; what is planned already is not planned again.

        products: a * at its end stands for any. Raises InputError that names what is wrong.
        """
        told = {n: " ".join(v.split()) for n, v in (("name", name), ("owner", owner), ("part", part),
                                                    ("checklist", checklist))}  # fmt: skip
        _check(kind, every, unit, ahead, told, note)
        common: dict[str, Any] = {"kind": kind, "every": every, "unit": unit, "starts": starts, "ahead": ahead,
                                  "note": note.strip(), **told}  # fmt: skip
        common["name"] = told["name"] or label("round_kind", kind)
        with self._store.session() as session:
            places = _places(session, kind, customer, site, device, products)
            rows = [tables.Plan(**common, **place) for place in places if not _is_there(session, common, place)]
            if not rows:
                raise InputError(say("已经有这样的计划", "there is such a plan already"))
            session.add_all(rows)
            session.flush()
            return [row.id for row in rows]

    def end(self, plan: int, day: date | None) -> None:
        """The last day on which a round of a plan may be due; None for no end. Raises NotFoundError."""
        self._change(plan, ends=day)

    def give(self, plan: int, owner: str) -> None:
        """Whose a plan is. Raises NotFoundError."""
        self._change(plan, owner=" ".join(owner.split())[:300])

    def _change(self, plan: int, **values: Any) -> None:
        with self._store.session() as session:
            changed = update(tables.Plan).where(tables.Plan.id == plan).values(**values).returning(tables.Plan.id)
            if session.scalar(changed) is None:
                raise _no_plan(plan)

    # --- rounds ---

    def open(self, today: date, which: Which = EVERYTHING, most: int = MOST) -> list[Due]:
        """The rounds that are neither done nor skipped, overdue or due soon, the first to be due first."""
        return self.listed(today, which, most).rows

    def listed(self, today: date, which: Which = EVERYTHING, most: int = MOST, skip: int = 0) -> Listed:
        """Some of these, and how many of all are overdue, and how many to come."""
        with self._store.reading() as session:
            wanted = _wanted(which)
            mine = select(tables.Plan.id).where(wanted)
            begun = {(r.plan, r.period): r for r in session.scalars(
                select(tables.Round).where(tables.Round.plan.in_(mine), ~_SETTLED))}  # fmt: skip
            calls = {
                (due.plan.row.id, due.period): due
                for plan in list(_plans(session, wanted & (tables.Plan.kind == RoundKind.CALLBACK), MOST))
                for due in self._callbacks(session, plan, today, begun)
            }
            keys = _still_open(session, wanted, today)
            keys += [(due.day, due.where, *key) for key, due in calls.items()]
            keys.sort()
            shown = keys[skip : skip + most]
            ids = {plan for _, _, plan, _ in shown}
            few = tables.Plan.id.in_(ids) if len(ids) <= FEW else wanted
            plans = {p.row.id: p for p in _plans(session, few, MOST)}
        rows = [
            calls.get((n, period)) or Due(p := plans[n], period, day, begun.get((n, period)), p.customer, p.site)
            for day, _, n, period in shown
        ]
        late = sum(day < today for day, *_ in keys)
        return Listed(rows, late, len(keys) - late)

    def overdue(self, today: date) -> int:
        """How many rounds are overdue."""
        row, yesterday = tables.Round, today - timedelta(days=1)
        counts = select(row.plan, func.count()).where(_SETTLED, row.due < today).group_by(row.plan)
        with self._store.reading() as session:
            done: dict[int, int] = dict(session.execute(counts).all())
            found = sum(rhythm.count(yesterday) - done.get(n, 0) for n, rhythm, _ in _rhythms(session, true()))
            for plan in list(_plans(session, tables.Plan.kind == RoundKind.CALLBACK, MOST)):
                found += sum(due.day < today for due in self._callbacks(session, plan, today, {}))
        return found

    def settled(self, which: Which = EVERYTHING, most: int = 50) -> list[Due]:
        """What was done or skipped, the last due first."""
        row = tables.Round
        with self._store.reading() as session:
            mine = select(tables.Plan.id).where(_wanted(which))
            statement = select(row).where(row.plan.in_(mine), _SETTLED).order_by(row.due.desc(), row.id.desc())
            rows = list(session.scalars(statement.limit(most)))
            return _of_rows(session, rows)

    def within(self, customer: str, since: date, until: date) -> list[Due]:
        """All rounds of a customer that were due from one day until before another, whatever became of them."""
        row, last = tables.Round, until - timedelta(days=1)
        with self._store.reading() as session:
            wanted = _wanted(Which(customer))
            mine = select(tables.Plan.id).where(wanted)
            rows = list(session.scalars(select(row).where(row.plan.in_(mine), row.due >= since, row.due <= last)))
            kept = {(r.plan, r.period): r for r in rows}
            found = [
                Due(p, day.isoformat(), day, kept.pop((p.row.id, day.isoformat()), None), p.customer, p.site)
                for p in _plans(session, wanted, MOST)
                if p.row.kind != RoundKind.CALLBACK
                for day in p.rhythm.days(last, since)
            ]
            found += _of_rows(session, list(kept.values()))
        return sorted(found, key=lambda d: (d.day, d.where, d.plan.row.id))

    def find(self, plan: int, period: str) -> Due:
        """One round of a plan. Raises NotFoundError for a period that it has not."""
        with self._store.reading() as session:
            return self._find(session, plan, period)

    def checks(self, plan: int, period: str) -> list[tables.Check]:
        """What was found so far, in the order of the checklist."""
        row, check = tables.Round, tables.Check
        statement = (
            select(check)
            .join(row, row.id == check.round)
            .where(row.plan == plan, row.period == period)
            .order_by(check.place)
        )
        with self._store.reading() as session:
            return list(session.scalars(statement))

    def save(
        self, plan: int, period: str, found: Sequence[Found], author: Author, done: bool = False, note: str = ""
    ) -> list[str]:
        """Keep what was found; when it is done, each bad item opens a case: their numbers.

        Raises InputError that names the item, NotFoundError, ConflictError when it was done or skipped already.
        """
        _check_found(found, done)
        now = datetime.now(UTC)
        with self._store.session() as session:
            due = self._find(session, plan, period)
            row = _begun(session, due)
            session.execute(delete(tables.Check).where(tables.Check.round == row.id))
            session.add_all(
                tables.Check(round=row.id, place=place, item=f.item.text, result=f.result, value=f.value.strip()[:300],
                             note=f.note.strip(), case="")
                for place, f in enumerate(found, 1)
            )  # fmt: skip
            row.note, row.by = note.strip()[:MAX_WORDS], author.name
            if done:
                row.done = now
                told = {f.item.value: f.value.strip() for f in found if f.item.version and f.value.strip()}
                if told and due.plan.row.device:
                    census.note(session, due.plan.row.device, told, self._day(now))
        return self.open_cases(plan, period, author) if done else []

    def open_cases(self, plan: int, period: str, author: Author) -> list[str]:
        """A case for each bad item of a round that was done, once, however often it is asked; their numbers."""
        due = self.find(plan, period)
        if due.row is None or due.row.done is None:
            return []
        out = []
        for check in self.checks(plan, period):
            if check.result != Checked.BAD:
                continue
            if not check.case:
                check.case = self._report(due, check, author)
            out.append(check.case)
        return out

    def skip(self, plan: int, period: str, reason: str, author: Author) -> None:
        """Pass a round over. Raises InputError without a reason, NotFoundError, ConflictError."""
        reason = reason.strip()
        if not reason or len(reason) > MAX_WORDS:
            raise InputError(say("跳过要写原因 (reason)", "a round is skipped with a reason"))
        with self._store.session() as session:
            row = _begun(session, self._find(session, plan, period))
            row.skipped, row.by = reason, author.name

    def _report(self, due: Due, check: tables.Check, author: Author) -> str:
        given = {
            "channel": str(Channel.PROGRAM),
            "kind": str(CaseKind.ROUND),
            "title": say("{plan}：{item}", "{plan}: {item}", plan=due.plan.row.name, item=check.item)[:200],
            "customer": due.customer,
            "site": due.site,
            "device": due.plan.device,
            "owner": due.plan.row.owner,
        }
        text = "\n".join(filter(None, (
            say("{kind}“{plan}”（{period}）发现不正常：{item}", "{kind} '{plan}' ({period}) found bad: {item}",
                kind=label("round_kind", due.plan.row.kind), plan=due.plan.row.name, period=due.period,
                item=check.item),
            check.value,
            check.note,
        )))  # fmt: skip
        key = f"round:{due.plan.row.id}:{due.period}:{check.place}"
        case = self._cases.report(text, {k: v for k, v in given.items() if v}, author, key=key)
        with self._store.session() as session:
            same = (tables.Check.round == check.round) & (tables.Check.place == check.place)
            session.execute(update(tables.Check).where(same).values(case=case.now.number))
        return case.now.number

    def _find(self, session: Session, plan: int, period: str) -> Due:
        found = next(_plans(session, tables.Plan.id == plan, 1), None)
        if found is None:
            raise _no_plan(plan)
        row = session.scalar(select(tables.Round).where(tables.Round.plan == plan, tables.Round.period == period))
        if found.row.kind == RoundKind.CALLBACK:
            case = session.scalar(select(tables.Case).where(tables.Case.number == period, _CLOSED))
            if case is None or case.closed is None or (found.customer and case.customer != found.customer):
                raise _no_round(period)
            day = found.rhythm.after(self._day(case.closed))
            return Due(found, period, day, row, case.customer, case.site)
        try:
            day = date.fromisoformat(period)
        except ValueError:
            raise _no_round(period) from None
        if period != day.isoformat() or not (row or found.rhythm.has(day)):
            raise _no_round(period)
        return Due(found, period, day, row, found.customer, found.site)

    def _callbacks(
        self, session: Session, plan: Plan, today: date, begun: Mapping[tuple[int, str], tables.Round]
    ) -> Iterator[Due]:
        """The call-backs that are due: one for each case that was closed, of customers without a plan of their own."""
        case, row, own = tables.Case, tables.Round, tables.Plan
        starts = datetime.combine(plan.row.starts, time(), self._cases.policy.zone).astimezone(UTC)
        settled = select(row.period).where(row.plan == plan.row.id, _SETTLED)
        wanted = _CLOSED & (case.closed >= max(starts, datetime.now(UTC) - CLOSED_SINCE))
        wanted &= case.number.not_in(settled)
        if plan.customer:
            wanted &= case.customer == plan.customer
        else:
            theirs = select(tables.Customer.name).join(own, own.customer == tables.Customer.id)
            wanted &= case.customer.not_in(theirs.where(own.kind == RoundKind.CALLBACK))
        columns: list[Any] = [case.number, case.closed, case.customer, case.site]
        for number, closed, customer, site in session.execute(
            select(*columns).where(wanted).order_by(case.closed).limit(MOST)
        ):
            day = plan.rhythm.after(self._day(closed))
            in_time = plan.row.ends is None or day <= plan.row.ends
            if in_time and day - timedelta(days=plan.row.ahead) <= today:
                yield Due(plan, number, day, begun.get((plan.row.id, number)), customer, site)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._cases.policy.zone).date()


# --- rows --------------------------------------------------------------------------------------

_SETTLED: ColumnElement[bool] = or_(tables.Round.done.is_not(None), tables.Round.skipped != "")
_CLOSED = tables.Case.closed.is_not(None) & tables.Case.outcome.in_((Outcome.CONFIRMED, Outcome.UNCONFIRMED))


def _wanted(which: Which) -> ColumnElement[bool]:
    plan = tables.Plan
    wanted: ColumnElement[bool] = true()
    if which.customer:
        wanted &= plan.customer.in_(select(tables.Customer.id).where(tables.Customer.name == which.customer))
    if which.owner:
        wanted &= plan.owner == which.owner
    if which.kind:
        wanted &= plan.kind == which.kind
    if which.device:
        wanted &= plan.device == which.device
    return wanted


def _plans(session: Session, wanted: ColumnElement[bool], most: int, skip: int = 0) -> Iterator[Plan]:
    row = tables.Plan
    statement = _with_names(row).where(wanted).order_by(tables.Customer.name, row.name, row.id)
    statement = statement.offset(skip).limit(most)
    for plan, customer, site, product, serial in session.execute(statement):
        yield Plan(plan, customer or "", site or "", f"{product} {serial}" if serial else "")


def _still_open(session: Session, wanted: ColumnElement[bool], today: date) -> list[tuple[date, str, int, str]]:
    """(day, where, plan, period) of the rounds of plans with a rhythm that are overdue or due soon.

    Names are read beside the plans, not the plans themselves: there may be thousands, and a page shows fifty.
    """
    mine = select(tables.Plan.id).where(wanted)
    counts = select(tables.Round.plan, func.count()).where(tables.Round.plan.in_(mine), _SETTLED)
    done: dict[int, int] = dict(session.execute(counts.group_by(tables.Round.plan)).all())
    rhythms = {n: (rhythm, today + timedelta(days=ahead)) for n, rhythm, ahead in _rhythms(session, wanted)}
    behind = [n for n, (rhythm, until) in rhythms.items() if rhythm.count(until) > done.get(n, 0)]
    if not behind:
        return []
    settled = _settled(session, behind if len(behind) <= FEW else mine)
    names = _names(session, wanted)
    return [
        (day, names[n], n, period)
        for n in behind
        for day in rhythms[n][0].days(rhythms[n][1])
        if (n, period := day.isoformat()) not in settled
    ]


def _names(session: Session, wanted: ColumnElement[bool]) -> dict[int, str]:
    """Plan -> where it is, as Due.where tells it."""
    statement = _with_names(tables.Plan.id).where(wanted)
    return {n: " ".join(filter(None, names)) for n, *names in session.execute(statement)}


def _with_names(what: Any) -> Select[Any]:
    """Plans, or a column of theirs, with the names of customer and site, and product and serial of the device."""
    row, device = tables.Plan, tables.Device
    columns: list[Any] = [what, tables.Customer.name, tables.Site.name, device.product, device.serial]
    return (
        select(*columns)
        .outerjoin_from(row, tables.Customer, tables.Customer.id == row.customer)
        .outerjoin(tables.Site, tables.Site.id == row.site)
        .outerjoin(device, device.id == row.device)
    )


def _rhythms(session: Session, wanted: ColumnElement[bool]) -> Iterator[tuple[int, Rhythm, int]]:
    """(id, rhythm, ahead) of plans that have a rhythm."""
    row = tables.Plan
    columns: list[Any] = [row.id, row.every, row.unit, row.starts, row.ends, row.ahead]
    for number, *rhythm, ahead in session.execute(select(*columns).where(wanted, row.kind != RoundKind.CALLBACK)):
        yield number, Rhythm(*rhythm), ahead


def _settled(session: Session, plans: Any) -> set[tuple[int, str]]:
    row = tables.Round
    statement = select(row.plan, row.period).where(row.plan.in_(plans), _SETTLED)
    return {(plan, period) for plan, period in session.execute(statement)}


def _of_rows(session: Session, rows: Sequence[tables.Round]) -> list[Due]:
    """Rounds of their rows, in that order."""
    plans = {p.row.id: p for p in _plans(session, tables.Plan.id.in_({r.plan for r in rows}), MOST)}
    numbers = [r.period for r in rows if plans[r.plan].row.kind == RoundKind.CALLBACK]
    case = tables.Case
    cases = {n: (c, s) for n, c, s in session.execute(
        select(case.number, case.customer, case.site).where(case.number.in_(numbers)))}  # fmt: skip
    out = []
    for row in rows:
        plan = plans[row.plan]
        customer, site = cases.get(row.period, (plan.customer, plan.site))
        out.append(Due(plan, row.period, row.due, row, customer, site))
    return out


def _begun(session: Session, due: Due) -> tables.Round:
    """The row of a round, locked; made when nobody began it. Raises ConflictError when it is done or skipped."""
    row = tables.Round
    new = {"plan": due.plan.row.id, "period": due.period, "due": due.day, "done": None, "by": "", "skipped": "",
           "note": ""}  # fmt: skip
    session.execute(insert_into(session, row).values(**new).on_conflict_do_nothing(index_elements=["plan", "period"]))
    same = (row.plan == due.plan.row.id) & (row.period == due.period)
    found = session.scalars(select(row).where(same).with_for_update().execution_options(populate_existing=True)).one()
    if found.done is not None or found.skipped:
        how = RoundState.SKIPPED if found.skipped else RoundState.DONE
        raise ConflictError(say("{who}{how}了这一次", "{who}: this round is {how}", who=found.by or "–",
                                how=label("round_state", how).lower()))  # fmt: skip
    return found


def _places(
    session: Session, kind: str, customer: str, site: str, device: str, products: str
) -> list[dict[str, int | None]]:
    """What plans are for: customer, site and device of each. Raises InputError."""
    owner = customer_of(session, customer) if customer.strip() else None
    nothing: dict[str, int | None] = {"customer": owner.id if owner else None, "site": None, "device": None}
    if kind == RoundKind.CALLBACK:
        return [nothing]
    if device.strip():
        known = in_text(session, device)
        if known is None:
            raise InputError(say("没有设备 {name}", "there is no device {name}", name=device[:80]))
        return [{"customer": known.row.customer, "site": known.row.site, "device": known.row.id}]
    if products.strip():
        return _devices(session, products, owner)
    if owner is None:
        raise InputError(say("计划要写设备、产品或客户", "a plan needs a device, a product or a customer"))
    if site.strip():
        return [nothing | {"site": site_of(session, owner, site)}]
    sites = session.scalars(select(tables.Site.id).where(tables.Site.customer == owner.id).order_by(tables.Site.id))
    return [nothing | {"site": i} for i in sites] or [nothing]


def _devices(session: Session, products: str, owner: tables.Customer | None) -> list[dict[str, int | None]]:
    """Each device of a product that is used, of a customer or of all."""
    row = tables.Device
    there = [p for p in session.scalars(select(row.product).distinct()) if census.matches(products, p)]
    wanted = row.product.in_(there) & row.state.in_((DeviceState.IN_USE, DeviceState.SPARE))
    wanted &= row.customer == owner.id if owner else true()
    columns = (row.id, row.customer, row.site)
    found = session.execute(select(*columns).where(wanted).order_by(row.id).limit(MAX_MADE + 1)).all()
    if not found or len(found) > MAX_MADE:
        raise InputError(
            say("产品 '{p}' 有 {n} 台在用的设备；应为 1 到 {most}", "'{p}' has {n} devices; it should be 1 to {most}",
                p=products[:80], n=len(found), most=MAX_MADE)
        )  # fmt: skip
    return [{"customer": customer, "site": site, "device": device} for device, customer, site in found]


def _is_there(session: Session, common: Mapping[str, Any], place: Mapping[str, int | None]) -> bool:
    """Whether the same is planned already, without an end."""
    row = tables.Plan
    same = row.ends.is_(None)
    for name in ("kind", "checklist", "every", "unit", "name", "part"):
        same &= getattr(row, name) == common[name]
    for name, value in place.items():
        same &= getattr(row, name).is_(None) if value is None else getattr(row, name) == value
    return session.scalar(select(row.id).where(same).limit(1)) is not None


def _check(kind: str, every: int, unit: str, ahead: int, told: Mapping[str, str], note: str) -> None:
    for name, value, known in (("kind", kind, RoundKind), ("unit", unit, Every)):
        if value not in tuple(known):
            raise InputError(say("{name}：'{value}' 不认识（可用：{known}）", "{name}: unknown '{value}' ({known})",
                                 name=name, value=value, known=", ".join(known)))  # fmt: skip
    if not 1 <= every <= LONGEST[unit]:
        raise InputError(say("周期 (every) 应为 1 到 {n}", "every should be 1 to {n}", n=LONGEST[unit]))
    if not 0 <= ahead <= MAX_AHEAD:
        raise InputError(say("提前几天 (ahead) 应为 0 到 {n}", "ahead should be 0 to {n}", n=MAX_AHEAD))
    if max(map(len, (*told.values(), note))) > MAX_WORDS or len(told["name"]) > 100:
        raise InputError(say("名称最多 100 字，其它最多 {n} 字", "a name has 100 characters at most, others {n}",
                             n=MAX_WORDS))  # fmt: skip


def _check_found(found: Sequence[Found], done: bool) -> None:
    for f in found:
        if f.result and f.result not in tuple(Checked):
            raise InputError(say("“{item}”应为 {known}", "'{item}' should be one of {known}", item=f.item.text[:60],
                                 known=", ".join(Checked)))  # fmt: skip
        if max(len(f.value), len(f.note)) > MAX_WORDS:
            raise InputError(say("“{item}”的说明太长", "too many words on '{item}'", item=f.item.text[:60]))
        if done and not f.result:
            raise InputError(say("“{item}”还没有查", "'{item}' was not looked at yet", item=f.item.text[:60]))


def _no_plan(plan: int) -> NotFoundError:
    return NotFoundError(say("没有第 {n} 号计划", "there is no plan {n}", n=plan))


def _no_round(period: str) -> NotFoundError:
    return NotFoundError(say("这个计划没有 {period} 这一次", "the plan has no round {period}", period=period[:40]))


def as_told(due: Due, today: date) -> dict[str, Any]:
    """A round as JSON tells it."""
    row = due.row
    return {
        "plan": due.plan.row.id,
        "period": due.period,
        "kind": due.plan.row.kind,
        "name": due.plan.row.name,
        "customer": due.customer,
        "site": due.site,
        "device": due.plan.device,
        "owner": due.plan.row.owner,
        "checklist": due.plan.row.checklist,
        "due": due.day.isoformat(),
        "state": str(due.state(today)),
        "by": row.by if row else "",
        "done": row.done.isoformat() if row and row.done else None,
        "skipped": row.skipped if row else "",
    }


def plan_told(plan: Plan) -> dict[str, Any]:
    """A plan as JSON tells it."""
    row = plan.row
    names: Iterable[str] = ("id", "kind", "name", "checklist", "part", "every", "unit", "ahead", "owner", "note")
    days = {"starts": row.starts.isoformat(), "ends": row.ends.isoformat() if row.ends else None}
    return {n: getattr(row, n) for n in names} | days | {
        "customer": plan.customer, "site": plan.site, "device": plan.device
    }  # fmt: skip
