"""The draft of an emergency's daily report, and like reports noticed as one outage."""

from datetime import UTC, datetime, timedelta

import pytest
from logs import STANDARD, at, log

from kb.database.connection import Store
from kb.errors import InputError
from kb.model.casework import Role
from kb.service.cases import Author, Cases
from kb.service.clocks import clocks
from kb.service.daily import daily_draft
from kb.service.policy import shipped
from kb.service.snapshot import standing

LI = Author("李四", Role.LEAD)
OUTAGE = """
2026-03-02 09:00 reported channel=phone
2026-03-02 09:05 escalated leader=赵六 group=网络组
2026-03-02 09:30 diagnosed text=电源模块烧毁
2026-03-02 10:00 update text=备机在路上 public=yes
2026-03-02 18:00 daily text=第一天
2026-03-02 20:00 applied text=换上备机 undo=换回
"""


def test_the_draft_tells_the_day() -> None:
    """What was done since the last report, how it stands, what is due; nothing of the day before."""
    now, events = at("2026-03-03 17:00"), log(OUTAGE)
    case = standing("26-00001-0", events, STANDARD).now
    draft = daily_draft(case, events, clocks(events, STANDARD, now=now), [case], STANDARD, now)
    assert "换上备机" in draft
    assert "备机在路上" not in draft
    assert "归入 1 单，未关 1 单；通报 0 次" in draft
    assert "进展通报" in draft.split("接下来")[1]
    first = daily_draft(case, events[:4], [], [], STANDARD, at("2026-03-02 17:30"))
    assert "电源模块烧毁" in first
    assert "备机在路上" in first


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store, shipped())


def test_three_like_reports_are_one_outage(cases: Cases) -> None:
    """Two are none; an older one and another fault do not count; once joined it is no news."""

    def report(text: str, ago: float = 0) -> str:
        when = datetime.now(UTC) - timedelta(hours=ago)
        return cases.report(text, {"channel": "phone"}, LI, when).now.number

    wifi = "{} 楼无线 office-wifi 连不上，提示无法获取 IP 地址"
    report(wifi.format("九"), ago=3)
    numbers = [report(wifi.format("二")), report("打印机 49.4C02 卡纸")]
    numbers = [numbers[0], report(wifi.format("三"))]
    assert cases.outage() == []
    numbers.append(report(wifi.format("四")))
    assert [c.number for c in cases.outage()] == numbers
    for number in numbers[1:]:
        cases.add(number, "join", LI, given={"parent": numbers[0]})
    assert cases.outage() == []


def test_ask_21_one_update_for_all_and_no_closing_over_open_ones(cases: Cases) -> None:
    """An update reaches each joined case, as words that its customer reads; the parent stays open over them."""
    parent, child = (cases.report("断网", {"channel": "phone"}, LI).now.number for _ in range(2))
    cases.add(child, "join", LI, given={"parent": parent})
    cases.add(parent, "escalate", LI, "核心停机", {"leader": "赵六", "group": "网络组"})
    cases.add(parent, "update", LI, "备机在路上")
    last = cases.find(child).log[-1]
    assert (last.kind, last.text, last.public) == ("message_out", "备机在路上", True)
    clock = next(c for c in cases.clocks(cases.find(parent)) if c.name == "update" and c.ticking)
    assert clock.due is not None
    assert clock.due - cases.find(parent).log[-1].at == timedelta(hours=1)
    cases.add(parent, "call", LI, "回电")
    cases.add(parent, "restore", LI, "换", {"verification": "通", "cause": "hardware", "handling": "parts"})
    with pytest.raises(InputError, match="没关的单"):
        cases.add(parent, "confirm", LI)
