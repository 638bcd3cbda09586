"""Rounds: what is due follows from a plan, is never made twice and never lost; what is bad opens a case, once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from tablets import POLICY, everything

from kb.database import tables
from kb.database.connection import Store
from kb.errors import ConflictError, InputError, NotFoundError
from kb.model.casework import Role, RoundState
from kb.service.assets.devices import Devices
from kb.service.cases import Author, Cases, Filter
from kb.service.rounds.checklist import Item, items
from kb.service.rounds.plans import Found, Rounds, Which
from kb.service.rounds.rhythm import Rhythm, months_after
from kb.service.rounds.versions import is_behind, named

LI = Author("李四", Role.ENGINEER)
TODAY = date(2026, 11, 29)
CORE = "210235A1QDH18C000123"
LIST = """## 电源
- [ ] 灯是绿的
- [x] 风扇 {value: 转速}

## 软件
1. [ ] 与登记相符 {version: 软件}

- 说明，不是一项
"""


@pytest.fixture
def cases(store: Store) -> Cases:
    everything(store)
    return Cases(store, POLICY)


@pytest.fixture
def rounds(store: Store, cases: Cases) -> Rounds:
    return Rounds(store, cases)


def plan(rounds: Rounds, starts: date = TODAY - timedelta(days=200), **more: Any) -> list[int]:
    given = {"kind": "round", "every": 3, "unit": "months", "customer": "省厅", "name": "季度巡检", "owner": "李四"}
    return rounds.add(starts=starts, **{**given, **more})


def due(rounds: Rounds, today: date = TODAY, **which: Any) -> list[tuple[str, str]]:
    return [(d.where, d.period) for d in rounds.open(today, Which(**which))]


def found(*results: str) -> list[Found]:
    return [Found(i, r) for i, r in zip(items(LIST), results, strict=True)]


def all_of(store: Store, table: Any) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


# --- when ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rhythm", "until", "days"),
    [
        (Rhythm(1, "months", date(2026, 1, 31)), date(2026, 4, 30), ["01-31", "02-28", "03-31", "04-30"]),
        (Rhythm(6, "months", date(2025, 8, 31)), date(2026, 8, 30), ["08-31", "02-28"]),
        (Rhythm(2, "weeks", date(2026, 11, 1)), date(2026, 11, 29), ["11-01", "11-15", "11-29"]),
        (Rhythm(10, "days", date(2026, 11, 1), date(2026, 11, 20)), date(2027, 1, 1), ["11-01", "11-11"]),
        (Rhythm(1, "days", date(2026, 12, 1)), date(2026, 11, 30), []),
    ],
)
def test_days_of_a_rhythm(rhythm: Rhythm, until: date, days: list[str]) -> None:
    """Months keep their day, and have their last one where they lack it; a rhythm ends with its plan."""
    assert [f"{day:%m-%d}" for day in rhythm.days(until)] == days
    assert rhythm.count(until) == len(days)
    assert all(rhythm.has(day) for day in rhythm.days(until))


def test_a_leap_year() -> None:
    """The 29th of February is there again after four years."""
    assert months_after(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert Rhythm(12, "months", date(2024, 2, 29)).day(4) == date(2028, 2, 29)


def test_one_round_for_each_site_and_period(rounds: Rounds, store: Store) -> None:
    """Looked at as often as one likes: nothing is written, nothing is twice, what is overdue stays first."""
    assert len(plan(rounds)) == 2
    first = due(rounds)
    assert first == due(rounds)
    assert len(first) == len(set(first)) == 6
    assert first[0][1] == "2026-05-13"
    assert all_of(store, tables.Round) == 0
    assert [d.state(TODAY) for d in rounds.open(TODAY)] == [RoundState.OVERDUE] * 6


def test_listed_some_days_before(rounds: Rounds) -> None:
    """From `ahead` days before it is due, and not overdue on the day itself."""
    plan(rounds, TODAY + timedelta(days=15), ahead=14, site="机房")
    assert due(rounds) == []
    assert len(due(rounds, TODAY + timedelta(days=1))) == 1
    day = TODAY + timedelta(days=15)
    assert [d.state(day) for d in rounds.open(day)] == [RoundState.PLANNED]
    assert [d.state(day + timedelta(days=1)) for d in rounds.open(day + timedelta(days=1))] == [RoundState.OVERDUE]


def test_the_same_plan_is_refused(rounds: Rounds) -> None:
    """Sent twice, it is made once; after its end it may be made again."""
    made = plan(rounds, site="机房")
    with pytest.raises(InputError, match="已经有"):
        plan(rounds, site="机房")
    rounds.end(made[0], TODAY)
    assert plan(rounds, site="机房") != made


def test_an_ended_plan_keeps_what_is_overdue(rounds: Rounds) -> None:
    """What was due before its end is still to be done, or skipped."""
    (one,) = plan(rounds, site="机房")
    rounds.end(one, date(2026, 9, 1))
    assert [period for _, period in due(rounds)] == ["2026-05-13", "2026-08-13"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"kind": "party"}, "kind"),
        ({"unit": "years"}, "unit"),
        ({"every": 0}, "周期"),
        ({"customer": "没有的"}, "没有客户"),
        ({"site": "没有的"}, "没有地点"),
        ({"device": "XXXX0000"}, "没有设备"),
        ({"products": "X9*"}, "0 台"),
        ({"customer": ""}, "设备、产品或客户"),
    ],
)
def test_a_wrong_plan_says_what_is_right(rounds: Rounds, more: dict[str, Any], told: str) -> None:
    """Nothing is planned then."""
    with pytest.raises(InputError, match=told):
        plan(rounds, **more)
    assert rounds.plans() == []


def test_devices_of_a_product(rounds: Rounds) -> None:
    """Wear parts and calibrations: each device that is used has its own."""
    assert len(plan(rounds, kind="wear", products="s5130*", customer="", part="0231A0QN")) == 2
    assert len(due(rounds, kind="wear")) == 6
    assert {d.plan.row.part for d in rounds.open(TODAY)} == {"0231A0QN"}


# --- done and skipped ---------------------------------------------------------------------------


def test_items_of_a_checklist() -> None:
    """Every box of the article, whatever list it stands in, with what it asks for."""
    assert items(LIST) == [
        Item("电源", "灯是绿的"),
        Item("电源", "风扇", "转速"),
        Item("软件", "与登记相符", "软件", True),
    ]


def test_a_bad_item_opens_a_case_once(rounds: Rounds, cases: Cases) -> None:
    """With customer, site and device; asked again, it is the same case."""
    (one,) = plan(rounds, device=CORE)
    period = rounds.open(TODAY)[0].period
    seen = found("ok", "bad", "absent")
    seen[1] = seen[1]._replace(note="有异响", value="9000")
    numbers = rounds.save(one, period, seen, LI, done=True)
    assert rounds.open_cases(one, period, LI) == numbers
    every = cases.all(Filter(any_state=True))
    assert [c.number for c in every] == numbers
    case = cases.find(numbers[0])
    assert (case.now.customer, case.now.site, case.now.kind, case.now.owner) == ("山东省厅", "机房", "round", "李四")
    assert CORE in case.log[0].data["device"]
    assert "有异响" in case.log[0].text
    assert [c.case for c in rounds.checks(one, period)] == ["", numbers[0], ""]
    assert period not in [p for _, p in due(rounds)]


def test_a_case_that_was_not_opened_yet_is_opened_later(rounds: Rounds, cases: Cases, store: Store) -> None:
    """A crash between the round and its case loses nothing."""
    (one,) = plan(rounds, site="机房")
    period = rounds.open(TODAY)[0].period
    numbers = rounds.save(one, period, found("bad", "ok", "ok"), LI, done=True)
    with store.session() as session:
        session.scalars(select(tables.Check).where(tables.Check.case != "")).one().case = ""
    assert rounds.open_cases(one, period, LI) == numbers
    assert len(cases.all(Filter(any_state=True))) == 1


def test_half_done_is_kept(rounds: Rounds) -> None:
    """And is still overdue; done needs every item."""
    (one,) = plan(rounds, site="机房")
    period = rounds.open(TODAY)[0].period
    rounds.save(one, period, found("ok", "", ""), LI)
    assert period in [p for _, p in due(rounds)]
    assert [c.result for c in rounds.checks(one, period)] == ["ok", "", ""]
    with pytest.raises(InputError, match=r"风扇.*还没有查"):
        rounds.save(one, period, found("ok", "", ""), LI, done=True)
    assert rounds.save(one, period, found("ok", "ok", "ok"), LI, done=True) == []


def test_skipped_with_a_reason(rounds: Rounds) -> None:
    """Never silently; what was done or skipped is not done again."""
    (one,) = plan(rounds, site="机房")
    period = rounds.open(TODAY)[0].period
    with pytest.raises(InputError, match="原因"):
        rounds.skip(one, period, " ", LI)
    rounds.skip(one, period, "客户停业", LI)
    assert [(d.period, d.row and d.row.skipped) for d in rounds.settled()] == [(period, "客户停业")]
    with pytest.raises(ConflictError, match="李四"):
        rounds.skip(one, period, "再", LI)
    with pytest.raises(ConflictError):
        rounds.save(one, period, found("ok", "ok", "ok"), LI, done=True)


@pytest.mark.parametrize("period", ["2026-05-14", "26-00001-0", "2026-5-13", "x", "2026-02-30"])
def test_no_other_periods(rounds: Rounds, period: str) -> None:
    """A day that is none of the plan's is no round."""
    (one,) = plan(rounds, site="机房")
    with pytest.raises(NotFoundError):
        rounds.find(one, period)


def test_versions_of_a_round(rounds: Rounds, store: Store) -> None:
    """What was read on the device is its version from then on."""
    (one,) = plan(rounds, device=CORE, kind="census")
    seen = found("ok", "ok", "ok")
    seen[2] = seen[2]._replace(value="7.1.075")
    rounds.save(one, rounds.open(TODAY)[0].period, seen, LI, done=True)
    row = Devices(store).find(CORE).row
    assert row.versions == {"软件": "7.1.075"}
    assert row.versions_at is not None


def test_call_backs_follow_closed_cases(rounds: Rounds, cases: Cases) -> None:
    """One for each case that was closed, so long after; a customer's own plan comes before everybody's."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    (all_of_them,) = rounds.add("callback", 3, "days", yesterday, owner="王")
    number = cases.report("坏了", {"channel": "phone", "customer": "省厅"}, LI).now.number
    today = datetime.now(POLICY.zone).date()
    assert rounds.open(today) == []
    fix = {"verification": "试过", "cause": "hardware", "handling": "onsite"}
    cases.add(number, "call", LI, "收到")
    cases.add(number, "restore", LI, "好了", fix)
    cases.add(number, "confirm", LI)
    (one,) = rounds.open(today)
    assert (one.period, one.customer, one.day) == (number, "山东省厅", today + timedelta(days=3))
    (own,) = rounds.add("callback", 5, "days", yesterday, customer="省厅")
    assert [(d.plan.row.id, d.period) for d in rounds.open(today)] == [(own, number)]
    rounds.save(own, number, [Found(Item("", "回访"), "ok")], LI, done=True)
    assert rounds.open(today) == []
    assert rounds.settled()[0].customer == "山东省厅"
    with pytest.raises(NotFoundError):
        rounds.find(all_of_them, number.replace("0", "1", 1))


def test_rounds_of_a_month(rounds: Rounds) -> None:
    """All that were due in it, whatever became of them."""
    one, _ = plan(rounds)
    rounds.skip(one, "2026-08-13", "停业", LI)
    month = rounds.within("山东省厅", date(2026, 8, 1), date(2026, 9, 1))
    assert [(d.period, d.state(TODAY)) for d in month] == [
        ("2026-08-13", RoundState.OVERDUE),
        ("2026-08-13", RoundState.SKIPPED),
    ]


# --- versions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("have", "wanted", "behind"),
    [
        ("7.1.070", "7.1.075", True),
        ("7.1.9", "7.1.10", True),
        ("7.1.075", "7.1.075", False),
        ("v5.7.3", "V5.7.3", False),
        ("7.2", "7.1.075", False),
        ("12.2(55)SE", "12.2(58)SE", True),
        ("V200R019C10", "V200R021C00", True),
        ("2.9", "2.21.2", True),
    ],
)
def test_which_version_is_older(have: str, wanted: str, behind: bool) -> None:
    """Numbers count by their value; makers' letters don't matter."""
    assert is_behind(have, wanted) is behind
    assert not (behind and is_behind(wanted, have))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("软件 7.1.075", ("软件", "7.1.075")),
        ("S5130=7.1.075", ("S5130", "7.1.075")),
        ("8.9", ("", "8.9")),
        ("Windows 10 22H2", ("Windows 10", "22H2")),
        ("BIOS：2.21.2", ("BIOS", "2.21.2")),
        ("最新", None),
    ],
)
def test_what_a_text_says_of_versions(text: str, told: tuple[str, str] | None) -> None:
    """The software, and the version behind it."""
    assert named(text) == told
