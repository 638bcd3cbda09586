"""This module makes a month's report for a customer: what happened, what was promised and how each miss was reckoned,
what became of devices, what was looked at, and what we propose.

All of it is computed from what there is, whenever it is asked.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError
from kb.labels import label
from kb.language import say
from kb.model.casework import CaseKind, EventKind, RoundState, State, WorkState
from kb.model.casework import Work as WorkKind
from kb.service import costs
from kb.service.assets.customers import Customers
from kb.service.assets.devices import USED, Devices, Known, due
from kb.service.cases import Case, Cases
from kb.service.clocks import Clock
from kb.service.figures import UNREAL, Figures, Which, figures, missed
from kb.service.rounds.census import Behind, Census
from kb.service.rounds.guarded import Guard, Guards
from kb.service.rounds.plans import Due, Rounds
from kb.service.rounds.plans import Which as Wanted
from kb.service.telling import clock_name, in_days, length, name_of, share, stamp, why_counted

MOST, LISTED = 500, 50
"""Cases and rounds of a report, and devices of each list of it."""
MOST_MISSES = 50
"""Promises that were not kept whose reckoning is told."""
SOON = timedelta(days=90)
"""Before its end a warranty is told."""
YEAR = timedelta(days=365)
REPEATED = 3
"""So many cases of one area and cause are worth a look of their own."""
OLD = timedelta(days=30)


class Line(NamedTuple):
    """A case of the month. restored: None for one that is not."""

    number: str
    opened: datetime
    title: str
    channel: str
    area: str
    cause: str
    handling: str
    priority: str
    state: str
    outcome: str
    restored: datetime | None


class Troubled(NamedTuple):
    """A device that had two cases within a year. faults: that count towards a new one; due: whether one is due."""

    known: Known
    cases: int
    faults: int
    due: bool


class Work(NamedTuple):
    """A piece of work of the month. kind: of the work, or that of the event of an exchange; told: who did it and what
    became of it, or which device went and came."""

    at: datetime
    kind: str
    number: str
    told: str

    @property
    def name(self) -> str:
        return label("event" if self.kind == EventKind.EXCHANGED else "work", self.kind)


@dataclass(frozen=True)
class Report:
    """The month of a customer. open: cases of any month that are not closed; behind: devices without the version that
    is wanted, the first of all_behind; overdue: rounds of earlier months; more_misses: whether not all are listed."""

    customer: str
    number: int
    month: str
    first: date
    zone: ZoneInfo
    made: datetime
    figures: Figures
    cases: Sequence[Line]
    open: Sequence[Line]
    misses: Sequence[tuple[Case, Clock]]
    more_misses: bool
    troubled: Sequence[Troubled]
    ending: Sequence[Known]
    works: Sequence[Work]
    rounds: Sequence[Due]
    overdue: Sequence[Due]
    behind: Sequence[Behind]
    all_behind: int
    guarded: Sequence[Guard]
    proposals: Sequence[str]

    @property
    def today(self) -> date:
        return self.made.astimezone(self.zone).date()


def month_of(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments at which a month begins and ends. Raises InputError."""
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=zone)
        if text != f"{first:%Y-%m}":
            raise ValueError(text)
    except ValueError:
        raise InputError(say("月份写成 2026-11：'{text}'", "a month is written as 2026-11: '{text}'",
                             text=text[:20])) from None  # fmt: skip
    until = (first + timedelta(days=32)).replace(day=1)
    return first.astimezone(UTC), until.astimezone(UTC)


def report(cases: Cases, store: Store, customer: str, month: str, now: datetime | None = None) -> Report:
    """Raises InputError, NotFoundError."""
    now, zone = now or datetime.now(UTC), cases.policy.zone
    since, until = month_of(month, zone)
    owner = Customers(store).find(customer)
    name, number = owner.row.name, owner.row.id
    which, first = Which(since, until, name), since.astimezone(zone).date()
    after, today = until.astimezone(zone).date(), now.astimezone(zone).date()
    with store.reading() as session:
        found = figures(session, which, now)
        case = tables.Case
        lines = _lines(session, (case.opened >= since) & (case.opened < until) & (case.customer == name))
        still = _lines(session, (case.customer == name) & (case.state != State.CLOSED) & (case.opened < until))
        late = missed(session, which, now, MOST_MISSES + 1)
        works = works_of(session, name, since, until)
    rounds = Rounds(store, cases)
    misses = [(c, k) for c in cases.named(late[:MOST_MISSES]) for k in cases.clocks(c, now) if k.failed]
    values: dict[str, Any] = {
        "troubled": _troubled(cases, store, number, until),
        "ending": _ending(store, number, first, after + SOON),
        "rounds": rounds.within(name, first, after)[:MOST],
        "overdue": [d for d in rounds.open(today, Wanted(name)) if d.day < min(first, today)][:MOST],
    }
    values["behind"], values["all_behind"] = Census(store).behind_of(customer=number, most=LISTED)
    contracts = [c for c in owner.contracts if c.ends is not None and after <= c.ends <= after + SOON]
    return Report(
        name, number, month, first, zone, now, found, lines, still, misses, len(late) > MOST_MISSES,
        works=works,
        guarded=Guards(store).between(since, until, name),
        proposals=list(_proposals(found, lines, still, values, contracts, now, today)),
        **values,
    )  # fmt: skip


def works_of(session: Session, customer: str, since: datetime, until: datetime) -> list[Work]:
    """The visits, repairs, exchanges and trainings of a customer's cases that ended, or were planned, in a time; an
    exchange that was done is told by its devices. In their order, the first MOST of each."""
    event, case, work = tables.Event, tables.Case, tables.CaseWork
    told = and_(work.kind == WorkKind.EXCHANGE, work.state == WorkState.DONE)
    exchanged = (
        select(event.at, event.kind, case.number, event.data)
        .join(case, case.id == event.case_id)
        .where(case.customer == customer, event.kind == EventKind.EXCHANGED, event.at >= since, event.at < until)
        .order_by(event.at, event.id)
        .limit(MOST)
    )
    at = func.coalesce(work.ended, work.began, work.planned_from, work.opened)
    done = (
        select(work, case.number, at)
        .join(case, case.id == work.case_id)
        .where(work.customer == customer, at >= since, at < until, ~told)
        .order_by(at, work.case_id, work.place)
        .limit(MOST)
    )
    found = [
        Work(moment, kind, number, f"{data.get('old', '')} → {data.get('new', '')}")
        for moment, kind, number, data in session.execute(exchanged)
    ]
    for row, number, moment in session.execute(done):
        found.append(Work(moment, row.kind, number, " ".join(filter(None, (label("work_state", row.state), row.who)))))
    return sorted(found)


def _lines(session: Session, wanted: Any) -> list[Line]:
    case = tables.Case
    rows = session.scalars(
        select(case).where(wanted, case.outcome.not_in(UNREAL)).order_by(case.opened, case.id).limit(MOST)
    ).all()
    restored = costs.restored_at(session, [row.id for row in rows])
    names = Line._fields[:-1]
    return [Line(**{name: getattr(row, name) for name in names}, restored=restored.get(row.id)) for row in rows]


def _troubled(cases: Cases, store: Store, customer: int, until: datetime) -> list[Troubled]:
    case, of = tables.Case, tables.CaseDevice
    counts = (
        select(of.device, func.count())
        .join(case, case.id == of.case_id)
        .join(tables.Device, tables.Device.id == of.device)
        .where(tables.Device.customer == customer, case.outcome.not_in(UNREAL), case.kind != CaseKind.REQUEST)
        .where(case.opened < until, case.opened >= until - YEAR)
        .group_by(of.device)
        .having(func.count() > 1)
        .order_by(func.count().desc(), of.device)
        .limit(LISTED)
    )
    with store.reading() as session:
        found: dict[int, int] = dict(session.execute(counts).all())
        each: dict[int, list[tuple[date, str, str]]] = {device: [] for device in found}
        columns: list[Any] = [of.device, case.opened, case.cause, case.outcome]
        statement = select(*columns).join(case, case.id == of.case_id).where(of.device.in_(found))
        for device, opened, cause, outcome in session.execute(statement):
            each[device].append((opened.date(), cause, outcome))
    rows = Devices(store).those(tables.Device.id.in_(found), MOST) if found else []
    out = []
    for known in rows:
        new = due(known.row, each[known.row.id], cases.policy.devices)
        out.append(Troubled(known, found[known.row.id], new.faults, new.now))
    return sorted(out, key=lambda t: (not t.due, -t.cases, t.known.label))


def _ending(store: Store, customer: int, day: date, until: date) -> list[Known]:
    row = tables.Device
    ends = or_(row.warranty_until.between(day, until), row.maintained_until.between(day, until))
    return Devices(store).those((row.customer == customer) & ends & row.state.in_(USED), MOST)


def _proposals(
    found: Figures,
    lines: Sequence[Line],
    still: Sequence[Line],
    values: dict[str, Any],
    contracts: Sequence[tables.Contract],
    now: datetime,
    today: date,
) -> Iterator[str]:
    """What follows from the figures, in sentences."""
    for t in values["troubled"]:
        if t.due:
            yield say("{device} 质保期内第 {n} 次硬件故障：换新机", "{device} had fault {n} within its warranty: a new "
                      "one is due", device=t.known.label, n=t.faults)  # fmt: skip
    if n := len(values["ending"]):
        yield say("{n} 台设备的质保或维保 90 天内到期：商定续保或更换", "warranty or maintenance of {n} devices ends "
                  "within 90 days: renew it, or plan new ones", n=n)  # fmt: skip
    for contract in contracts:
        yield say("合同 {number} 于 {day} 到期：商定续签", "contract {number} ends on {day}: renew it",
                  number=contract.number, day=contract.ends or "")  # fmt: skip
    if n := values["all_behind"]:
        yield say("{n} 台设备没有运行期望的版本：约工作时间以外的窗口升级",
                  "{n} devices lack the version that is wanted: agree on a window outside working hours",
                  n=n)  # fmt: skip
    late = [d for d in (*values["overdue"], *values["rounds"]) if d.state(today) == RoundState.OVERDUE]
    if late:
        yield say("{n} 次巡检逾期：补做，最早的应在 {day}", "{n} rounds are overdue, the first since {day}: do them",
                  n=len(late), day=min(d.day for d in late))  # fmt: skip
    for name, kept in found.promises.items():
        if kept.missed or kept.late:
            yield say("{promise}按时 {share}：每一件的算法见上，逐件改进", "{promise} kept {share}: each miss is "
                      "reckoned above", promise=clock_name(name), share=share(kept))  # fmt: skip
    repeated = Counter((line.area, line.cause) for line in lines if line.area and line.cause)
    for (area, cause), n in repeated.most_common():
        if n >= REPEATED:
            yield say("{area}的{cause}本月 {n} 单：安排一次专项检查", "{n} cases of {area}, {cause}: look at it as a "
                      "whole", area=label("area", area), cause=label("cause", cause), n=n)  # fmt: skip
    if old := [line for line in still if line.opened < now - OLD]:
        yield say("{n} 单开了 30 天以上：逐单商定怎样了结", "{n} cases are open for over 30 days: settle each",
                  n=len(old))  # fmt: skip


# --- as a table ----------------------------------------------------------------------------------

Row = tuple[object, ...]
COLUMNS = (("部分", "Part"), ("项", "What"), ("内容", "Told"), ("数", "Number"), ("分母", "Of"), ("说明", "Note"))


def reckoning(clock: Clock, zone: ZoneInfo) -> str:
    """How a due time was reckoned, in a line."""
    return "; ".join(
        f"{stamp(s.start, zone)} – {stamp(s.end, zone)} {why_counted(s.why)}"
        + (f" {length(s.counts, in_days(clock))}" if s.counts else "")
        for s in clock.reckoning
    )


def rows(found: Report) -> Iterator[Row]:
    """A report as the rows of one table, under COLUMNS."""
    zone, f = found.zone, found.figures
    title = say("月报", "Report")
    yield title, say("客户", "Customer"), found.customer, "", "", found.month
    yield title, say("服务单", "Cases"), "", f.cases, "", ""
    for name in ("channel", "area", "cause", "handling", "priority"):
        for value, n in f.by[name].items():
            group = "severity" if name == "priority" else name
            yield name_of(name), "", label(group, value) if value else "–", n, f.cases, ""
    for name, kept in f.promises.items():
        yield say("按时", "Kept in time"), clock_name(name), "", kept.met, kept.of, ""
    for case, clock in found.misses:
        over = length(abs(clock.left), in_days(clock))
        yield (say("没有按时", "Missed"), case.now.number, clock_name(clock.name), over, stamp(clock.due, zone),
               reckoning(clock, zone))  # fmt: skip
    yield from _case_rows(found)
    yield from _device_rows(found)
    yield say("满意度", "Satisfaction"), say("平均分", "mean"), "", _mean(found), "", ""
    yield say("满意度", "Satisfaction"), say("有评分", "rated"), "", f.scores.answered, f.scores.of, ""
    yield say("已知故障", "Known faults"), "", "", f.known, f.known + f.new, ""
    yield say("新故障", "New faults"), "", "", f.new, f.known + f.new, ""
    for sentence in found.proposals:
        yield say("建议", "Proposed"), "", sentence, "", "", ""


def _case_rows(found: Report) -> Iterator[Row]:
    zone = found.zone
    for told, lines in ((say("本月的单", "Cases of the month"), found.cases), (say("未关", "Open"), found.open)):
        for line in lines:
            yield (told, line.number, line.title, label("severity", line.priority), stamp(line.opened, zone),
                   label("state", line.state))  # fmt: skip
    for w in found.works:
        yield say("工作", "Work"), w.number, w.told, "", stamp(w.at, zone), w.name


def _device_rows(found: Report) -> Iterator[Row]:
    for t in found.troubled:
        yield (say("多次故障的设备", "Devices with repeated faults"), t.known.label, t.known.row.name, t.cases, "",
               say("应换新机", "a new one is due") if t.due else "")  # fmt: skip
    for k in found.ending:
        yield (say("将到期", "Ending"), k.label, k.row.name, "", k.row.warranty_until or "",
               k.row.maintained_until or "")  # fmt: skip
    for told, dues in ((say("本月巡检", "Rounds"), found.rounds), (say("以前逾期", "Overdue before"), found.overdue)):
        for d in dues:
            note = d.row.skipped if d.row else ""
            state = label("round_state", d.state(found.today))
            yield told, d.plan.row.name, d.where, "", d.day, f"{state} {note}".strip()
    for b in found.behind:
        yield say("版本落后", "Behind"), b.known.label, b.software, b.have or "?", b.wanted, ""


def _mean(found: Report) -> str:
    return "" if found.figures.scores.mean is None else f"{found.figures.scores.mean:.2f}"
