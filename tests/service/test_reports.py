"""The month's report and the joins of insights: each figure follows from cases, devices, moves and rounds."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tablets import POLICY, everything

from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.model.casework import EventKind, Role, RoundState
from kb.service.assets.stock import Stock
from kb.service.cases import Author, Cases
from kb.service.costs import families, parts_of_faults, saves
from kb.service.events import Event
from kb.service.figures import Which
from kb.service.reports import report, rows
from kb.service.rounds.census import Census
from kb.service.rounds.plans import Rounds

LI = Author("李四", Role.ENGINEER)
CORE = "210235A1QDH18C000123"
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
MONTH = Which(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
_E = EventKind


def story(start: datetime, hours: float, article: str = "", handling: str = "parts", device: str = CORE) -> list[Event]:
    """A hardware fault of a device, restored after some hours, closed by its customer."""
    told: list[tuple[EventKind, float, str, dict[str, Any]]] = [
        (_E.REPORTED, 0.0, "掉线", {"channel": "phone", "customer": "山东省厅", "area": "network", "device": device}),
        (_E.CALL, 0.1, "收到", {}),
        (_E.RESTORED, hours, "换电源", {"verification": "通了", "cause": "hardware", "handling": handling}),
        (_E.CONFIRMED, hours + 1, "好了", {"score": 4}),
        *([(_E.LINKED, hours + 2, "", {"article": article})] if article else []),
    ]
    moments = [start + timedelta(hours=h) for _, h, _, _ in told]
    return [
        Event(kind, at, at, "李四", text, True, data) for (kind, _, text, data), at in zip(told, moments, strict=True)
    ]


@pytest.fixture
def cases(store: Store) -> Cases:
    """Two faults of one device in November, one of October; a round that was due, one that is overdue."""
    everything(store)
    cases = Cases(store, POLICY)
    cases.bring(story(datetime(2026, 10, 5, 1, tzinfo=UTC), 2))
    cases.bring(story(datetime(2026, 11, 3, 1, tzinfo=UTC), 2, "KB-000012", "remote"))
    cases.bring(story(datetime(2026, 11, 4, 1, tzinfo=UTC), 40))
    rounds = Rounds(store, cases)
    (plan,) = rounds.add("round", 1, "months", date(2026, 9, 10), "省厅", site="机房", name="巡检")
    rounds.skip(plan, "2026-11-10", "停业", LI)
    Census(store).want("S5130*", "软件", "7.1.075", date(2026, 11, 1))
    return cases


def test_a_month(cases: Cases, store: Store) -> None:
    """Cases of the month alone; the miss with its reckoning; devices, rounds, satisfaction, and what follows."""
    found = report(cases, store, "省厅", "2026-11", NOW)
    assert [line.opened.day for line in found.cases] == [3, 4]
    assert found.cases[0].restored == datetime(2026, 11, 3, 3, tzinfo=UTC)
    assert found.figures.scores.mean == 4
    assert (found.figures.known, found.figures.new) == (1, 0)
    ((case, clock),) = found.misses
    assert (case.now.opened.day, clock.name) == (4, "restore")
    assert clock.reckoning
    assert [(t.known.row.serial, t.cases, t.due) for t in found.troubled] == [(CORE, 3, True)]
    assert [k.row.serial for k in found.ending] == [CORE, "210235A1QDH18C000124"]
    assert [(d.period, d.state(NOW.date())) for d in found.rounds] == [("2026-11-10", RoundState.SKIPPED)]
    assert [d.period for d in found.overdue] == ["2026-09-10", "2026-10-10"]
    assert found.all_behind == 2
    told = " ".join(found.proposals)
    for words in ("换新机", "90 天内到期", "期望的版本", "2 次巡检逾期"):
        assert words in told, words
    parts = {str(row[0]) for row in rows(found)}
    assert parts >= {"月报", "按时", "没有按时", "本月的单", "多次故障的设备", "将到期", "本月巡检", "以前逾期", "建议"}


def test_works_of_a_month(cases: Cases, store: Store) -> None:
    """An exchange with both serials, once; a visit with who goes and how it stands."""
    number = cases.report("又坏", {"channel": "phone", "device": CORE}, LI).now.number
    cases.add(number, "plan", LI, given={"of": "exchange"})
    cases.add(number, "exchange", LI, given={"old": CORE, "new": "210235A1QDH18C000999"})
    cases.add(number, "plan", LI, given={"of": "visit", "who": "王五"})
    now = datetime.now(UTC)
    works = report(cases, store, "省厅", f"{now.astimezone(POLICY.zone):%Y-%m}", now).works
    assert {(work.number, work.name, work.told) for work in works} == {
        (number, "更换", f"{CORE} → 210235A1QDH18C000999"),
        (number, "上门", "已安排 王五"),
    }


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "11-2026", ""])
def test_months_are_written_one_way(cases: Cases, store: Store, month: str) -> None:
    """Anything else is refused, and so is a customer that is none."""
    with pytest.raises(InputError, match="2026-11"):
        report(cases, store, "省厅", month, NOW)
    with pytest.raises(NotFoundError):
        report(cases, store, "没有的", "2026-11", NOW)


def test_what_a_family_of_devices_costs(cases: Cases, store: Store) -> None:
    """Cases, the median to restoration, and the parts that were used for them."""
    number = cases.find("3").now.number
    stock = Stock(store)
    stock.move("0231A0QN", 2, "济南库", "case", "李四", case=number)
    stock.move("0231A0QN", 1, "case", "customer", "李四", case=number)
    with store.reading() as session:
        (family,) = families(session, MONTH)
        (used,) = parts_of_faults(session, MONTH)
    assert (family.product, family.devices, family.cases, family.parts) == ("S5130-28S", 2, 2, 1)
    assert family.hours == pytest.approx(21)
    assert (used.area, used.cause, used.part, used.quantity, used.cases) == ("network", "hardware", "0231A0QN", 1, 1)


def test_which_article_saves_visits(cases: Cases, store: Store) -> None:
    """Against what so many cases of its area usually take."""
    with store.reading() as session:
        (saved,) = saves(session, MONTH)
        assert saves(session, MONTH._replace(customer="农商行")) == []
    assert (saved.article, saved.cases, saved.visits, saved.usual, saved.spared) == ("KB-000012", 1, 0, 0.5, 0.5)
