"""Duty: who is on call, when nobody is, when two are; read from tables."""

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import at
from office import xls
from xlsxwriter import Workbook

from kb.database.connection import Store
from kb.errors import ArticleError, InputError, NotFoundError
from kb.service.duty import Roster, Shift, Stretch, doubles, gaps, read

ZONE = ZoneInfo("Asia/Shanghai")
HEADER = "班组,开始,结束,值班人,电话,备注\n"


def shift(start: str, end: str, person: str = "张三", team: str = "网络组", phone: str = "") -> Shift:
    return Shift(team, at(f"2026-12-{start}"), at(f"2026-12-{end}"), person, phone)


def test_who_is_on_duty(store: Store) -> None:
    """From its beginning until before its end; a team has its own, else everybody's."""
    roster = Roster(store)
    roster.add([shift("01 17:30", "02 08:30", phone="138"), shift("01 00:00", "03 00:00", "李四", "")])
    assert [s.person for s in roster.now("网络组", at("2026-12-01 17:30"))] == ["张三"]
    assert roster.now("网络组", at("2026-12-01 17:30"))[0].told == "网络组：张三 138"
    assert [s.person for s in roster.now("网络组", at("2026-12-02 08:30"))] == ["李四"]
    assert [s.person for s in roster.now("服务器组", at("2026-12-01 18:00"))] == ["李四"]
    assert [s.person for s in roster.now(at=at("2026-12-01 18:00"))] == ["李四", "张三"]
    assert roster.now(at=at("2026-12-03 00:00")) == []


def test_shifts_are_kept_once_and_removed(store: Store) -> None:
    """The same team, beginning and person is the same shift, with what was said last."""
    roster = Roster(store)
    for phone in ("138", "139"):
        roster.add([shift("01 17:30", "02 08:30", phone=phone)])
    [kept] = roster.between(at("2026-12-01 00:00"), at("2026-12-03 00:00"))
    assert kept.phone == "139"
    roster.remove(kept.id)
    with pytest.raises(NotFoundError):
        roster.remove(kept.id)


def test_gaps_and_doubles() -> None:
    """Of each team by itself; what is everybody's fills its gaps, and doubles nobody."""
    start, end = at("2026-12-01 00:00"), at("2026-12-02 00:00")
    night, day = shift("01 17:00", "02 08:00"), shift("01 08:00", "01 18:00", "李四")
    assert gaps([night, day], start, end) == [Stretch("网络组", start, at("2026-12-01 08:00"))]
    assert doubles([night, day], start, end) == [
        Stretch("网络组", at("2026-12-01 17:00"), at("2026-12-01 18:00"), ("张三", "李四"))
    ]
    everybody = shift("01 00:00", "01 08:00", "王五", "")
    assert [g.team for g in gaps([night, day, everybody], start, end)] == [""]
    assert doubles([night, everybody], start, end) == []
    assert gaps([], start, end, ["网络组"]) == [Stretch("网络组", start, end)]


_SHIFT = st.tuples(st.integers(0, 40), st.integers(1, 20), st.sampled_from("甲乙"))


@given(st.lists(_SHIFT, max_size=8))
def test_every_hour_has_nobody_one_or_more(rows: list[tuple[int, int, str]]) -> None:
    """Hour by hour, gaps and doubles are what counting says."""
    start = datetime(2026, 12, 1, tzinfo=UTC)
    hours = [start + timedelta(hours=i) for i in range(48)]
    shifts = [Shift("组", start + timedelta(hours=a), start + timedelta(hours=a + n), who) for a, n, who in rows]
    end = start + timedelta(hours=48)
    for found, wanted in ((gaps(shifts, start, end, ["组"]), {0}), (doubles(shifts, start, end), {2})):
        inside = [any(s.start <= h < s.end for s in found) for h in hours]
        counted = [len({s.person for s in shifts if s.start <= h < s.end}) in wanted for h in hours]
        assert inside == counted


def test_a_roster_is_read(store: Store) -> None:
    """CSV as offices save it, and a workbook; days with strokes; read twice it is there once."""
    told = HEADER + "网络组,2026/12/1 17:30,2026/12/2 8:30,张三,138,夜班\n,2026-12-02 08:30,2026-12-02 17:30,李四,,\n"
    shifts = read(told.encode("gbk"), "值班表.csv", ZONE)
    assert shifts[0] == shift("01 17:30", "02 08:30", phone="138")._replace(note="夜班")
    assert shifts[1].team == ""
    roster = Roster(store)
    assert roster.add(shifts) == roster.add(shifts) == 2
    rows = [line.split(",") for line in told.strip().split("\n")]
    assert read(xls(rows), "值班表.xls", ZONE) == shifts


def test_a_roster_of_a_workbook_with_real_times() -> None:
    """Cells that are moments, as spreadsheets keep them."""
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        sheet, moment = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for column, name in enumerate(("团队", "上班", "下班", "姓名", "手机")):
            sheet.write(0, column, name)
        sheet.write(1, 0, "网络组")
        sheet.write_datetime(1, 1, datetime(2026, 12, 1, 17, 30), moment)
        sheet.write_datetime(1, 2, datetime(2026, 12, 2, 8, 30), moment)
        sheet.write(1, 3, "张三")
        sheet.write(1, 4, 138)
    assert read(file.getvalue(), "值班表.xlsx", ZONE) == [shift("01 17:30", "02 08:30", phone="138")]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("班组,开始,值班人\n甲,2026-12-01 08:00,张三\n", "结束"),
        (HEADER + "甲,明天,2026-12-02 08:00,张三,,\n", "第 2 行.*开始"),
        (HEADER + "甲,2026-12-02 08:00,2026-12-01 08:00,张三,,\n", "第 2 行.*先开始"),
        (HEADER + "甲,2026-12-01 08:00,2026-12-02 08:00,,,\n", "第 2 行.*person"),
        (HEADER, "1 到"),
    ],
)
def test_a_mistake_is_told_with_its_row(text: str, named: str) -> None:
    """And what would be right."""
    with pytest.raises((InputError, ArticleError), match=named):
        read(text.encode(), "值班表.csv", ZONE)
