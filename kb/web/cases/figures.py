"""This module is the lead's page of figures: what came, what was promised and kept, what customers said, what the base
lacks; and the same as files for a spreadsheet.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask, request
from werkzeug.exceptions import NotFound

from kb.labels import label
from kb.language import say
from kb.service.clocks import Clock
from kb.service.figures import Figures, Part, Which, customers, figures, missed, parts, unwritten
from kb.service.handling import handled
from kb.service.telling import GROUPS, clock_name, in_days, length, name_of, stamp, why_counted
from kb.web import identity
from kb.web.cases.shared import cases, serving
from kb.web.spreadsheets import as_file
from kb.web.views import Answer, page, store
from kb.web.writers import engine_or_none

SHOWN = 20
"""Rows of a table on the page; a file has more."""
MOST = 2000
"""Cases of a file of misses, or of what is written nowhere."""
MONTHS = 12
"""Months that may be looked at at once, and that are offered."""
CUSTOMERS = 200
_PERIOD = re.compile(r"((?:19|20)[0-9]{2})(?:-(0[1-9]|1[0-2]))?")
FILES = ("figures", "months", "misses", "unwritten", "works")


@dataclass(frozen=True)
class Period:
    """The months that are looked at. first: the moment of each; name: in the address, 2026-11 or 2026."""

    name: str
    months: tuple[datetime, ...]
    until: datetime

    @property
    def since(self) -> datetime:
        return self.months[0]


def init_app(app: Flask) -> None:
    app.add_url_rule("/cases/figures", view_func=serving(show), endpoint="case_figures")
    app.add_url_rule("/cases/figures/<name>.csv", view_func=serving(file), endpoint="case_figures_file")


def show() -> Answer:
    """Figures of a month or a year, of all or of one customer."""
    period, customer, now = asked_period(), request.args.get("customer", "")[:300], datetime.now(UTC)
    which = Which(period.since, period.until, customer)
    with store().reading() as session:
        found = figures(session, which, now)
        late = missed(session, which, now, SHOWN)
        by_month = parts(session, which, period.months, now, SHOWN // len(period.months) + 1)
        lacking = unwritten(session, which, MOST)
        names = customers(session, CUSTOMERS)
        ways = handled(session, which)
    return page(
        "cases/figures.html",
        figures=found,
        handled=ways,
        classes=_classes(found),
        misses=_misses(late, now),
        parts=[(p, _month_name(period, p)) for p in by_month[:SHOWN]],
        more_parts=len(by_month) > SHOWN,
        lacking=lacking[:SHOWN],
        products=_products([title for _, title, _, _ in lacking]),
        period=period,
        periods=periods(now),
        customer=customer,
        customers=names,
        silent=found.outcomes.get("unconfirmed", 0),
        in_days=in_days,
    )


def file(name: str) -> Answer:
    """A table as CSV: all rows, within a bound."""
    if name not in FILES:
        raise NotFound
    period, now = asked_period(), datetime.now(UTC)
    which = Which(period.since, period.until, request.args.get("customer", "")[:300])
    identity.note("exported", f"cases {name}")
    columns, rows = _TABLES[name](which, period, now)
    return as_file(f"cases-{name}-{period.name}", columns, rows)


# --- tables --------------------------------------------------------------------------------------

Table = tuple[Sequence[tuple[str, str]], Iterator[Sequence[object]]]


def _figures_file(which: Which, period: Period, now: datetime) -> Table:
    with store().reading() as session:
        found = figures(session, which, now)
    return (("项", "What"), ("值", "Value"), ("件", "Cases"), ("分母", "Of")), _figure_rows(found)


def _figure_rows(found: Figures) -> Iterator[Sequence[object]]:
    yield say("服务单", "Cases"), "", found.cases, ""
    for name, told, counts in _classes(found):
        for value, n in counts.items():
            yield told, _value(name, value), n, found.cases
    for name, kept in found.promises.items():
        yield say("按时", "Kept in time"), clock_name(name), kept.met, kept.of
        yield say("未按时", "Missed"), clock_name(name), kept.missed, kept.of
        yield say("已超时、还没做到", "Late, still open"), clock_name(name), kept.late, kept.of
    yield say("临时恢复", "Restored for the time being"), "", found.provisional, ""
    for value, n in found.outcomes.items():
        yield say("关闭", "Closed"), label("outcome", value), n, sum(found.outcomes.values())
    yield say("评分之和", "Sum of scores"), "", found.scores.total, found.scores.answered
    yield say("评分的人", "Who answered"), "", found.scores.answered, found.scores.of
    yield say("已知故障", "Known faults"), "", found.known, found.known + found.new
    yield say("新故障", "New faults"), "", found.new, found.known + found.new
    for area, n in found.gaps.items():
        yield say("没有文章", "Without an article"), _value("area", area), n, found.scores.of


def _months_file(which: Which, period: Period, now: datetime) -> Table:
    with store().reading() as session:
        found = parts(session, which, period.months, now)
    columns = (("客户", "Customer"), ("月", "Month"), ("服务单", "Cases"), ("按时", "Kept"), ("未按时", "Missed"),
               ("已超时", "Late"), ("按时率", "Share kept"), ("客户确认", "Confirmed"), ("关闭", "Closed"),
               ("评分的人", "Who answered"), ("平均分", "Mean score"))  # fmt: skip
    return columns, (_part_row(part, _month_name(period, part)) for part in found)


def _part_row(part: Part, month: str) -> Sequence[object]:
    share = "" if part.kept.share is None else f"{part.kept.share:.1%}"
    mean = "" if part.scores.mean is None else f"{part.scores.mean:.2f}"
    return (part.customer, month, part.cases, *part.kept[:3], share, part.confirmed, part.scores.of,
            part.scores.answered, mean)  # fmt: skip


def _misses_file(which: Which, period: Period, now: datetime) -> Table:
    with store().reading() as session:
        late = missed(session, which, now, MOST)
    columns = (("单号", "Number"), ("客户", "Customer"), ("承诺", "Promise"), ("起算", "Started"), ("到期", "Due"),
               ("做到", "Kept at"), ("超出", "Over"), ("怎样算出", "Reckoning"))  # fmt: skip
    return columns, _miss_rows(late, now)


def _miss_rows(late: Sequence[str], now: datetime) -> Iterator[Sequence[object]]:
    for case, clock in _misses(late, now):
        zone = case.policy.zone
        told = "; ".join(
            f"{stamp(s.start, zone)} – {stamp(s.end, zone)} {why_counted(s.why)}"
            + (f" {length(s.counts, in_days(clock))}" if s.counts else "")
            for s in clock.reckoning
        )
        over = length(abs(clock.left), in_days(clock))
        yield (case.now.number, case.now.customer, clock_name(clock.name), stamp(clock.started, zone),
               stamp(clock.due, zone), stamp(clock.stopped, zone), over, told)  # fmt: skip


def _unwritten_file(which: Which, period: Period, now: datetime) -> Table:
    with store().reading() as session:
        found = unwritten(session, which, MOST)
    columns = (("单号", "Number"), ("标题", "Title"), ("领域", "Area"), ("不写，因为", "Not written, because"))
    rows = ((n, title, _value("area", area), why and label("unwritten", why)) for n, title, area, why in found)
    return columns, rows


def _works_file(which: Which, period: Period, now: datetime) -> Table:
    with store().reading() as session:
        found = handled(session, which)
    columns = (("工作", "Work"), ("状态", "State"), ("件", "Pieces"), ("分母", "Of"))
    rows = [
        (label("work", kind), label("work_state", state), n, sum(states.values()))
        for kind, states in found.by.items()
        for state, n in states.items()
    ]
    return columns, iter([*rows, (say("远程恢复", "Restored from afar"), "", found.remote, found.restored)])


_TABLES: Mapping[str, Any] = dict(
    zip(FILES, (_figures_file, _months_file, _misses_file, _unwritten_file, _works_file), strict=True)
)


# --- pieces --------------------------------------------------------------------------------------


def _classes(found: Figures) -> list[tuple[str, str, Mapping[str, int]]]:
    """(column, its name, value -> cases) of each class."""
    return [(name, name_of(name), counts) for name, counts in found.by.items()]


def _value(name: str, value: str) -> str:
    return label(GROUPS.get(name, name), value) if value else "–"


def _misses(numbers: Sequence[str], now: datetime) -> list[tuple[Any, Clock]]:
    """(case, clock) of each promise of these cases that was not kept."""
    return [(case, clock) for case in cases().named(numbers) for clock in cases().clocks(case, now) if clock.failed]


def _products(titles: Sequence[str]) -> list[tuple[str, int]]:
    """The products that titles name, as the base knows them, the most frequent first."""
    engine = engine_or_none()
    if engine is None or not titles:
        return []
    known = [product for product, _ in engine.counts("product") if len(product) > 2]
    folded = [title.casefold() for title in titles]
    counts = Counter({p: sum(p.casefold() in title for title in folded) for p in known})
    return [(p, n) for p, n in counts.most_common(SHOWN) if n]


def asked_period() -> Period:
    """The period that is asked for, this month by default."""
    text, zone = request.args.get("period", ""), cases().policy.zone
    now = datetime.now(zone)
    m = _PERIOD.fullmatch(text or f"{now:%Y-%m}")
    if m is None:
        raise NotFound(say("期间应写成 2026-11 或 2026", "a period is written as 2026-11 or 2026"))
    first, count = datetime(int(m[1]), int(m[2] or 1), 1, tzinfo=zone), 1 if m[2] else MONTHS
    starts = [first]
    for _ in range(count):
        starts.append((starts[-1] + timedelta(days=32)).replace(day=1))
    name = text or f"{now:%Y-%m}"
    moments = tuple(start.astimezone(UTC) for start in starts)
    return Period(name, moments[:-1], moments[-1])


def periods(now: datetime) -> list[str]:
    """This month and those before it, this year and the last."""
    today = now.astimezone(cases().policy.zone).date()
    return [*months(today, MONTHS), str(today.year), str(today.year - 1)]


def months(today: date, count: int) -> list[str]:
    """The month of a day and those before it, as 2026-11."""
    first, out = today.replace(day=1), []
    for _ in range(count):
        out.append(f"{first:%Y-%m}")
        first = (first - timedelta(days=1)).replace(day=1)
    return out


def _month_name(period: Period, part: Part) -> str:
    return f"{period.months[part.month].astimezone(cases().policy.zone):%Y-%m}"
